"""Inference plans fold batch normalization and activations into the matmul or convolution before them."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import initializers, layers, ops

RNG = np.random.default_rng(3)


def randomize(model):
    """Sets the weights of every batch normalization so that none is the identity."""
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([RNG.uniform(0.5, 1.5, w.shape) for w in layer.weights])
    return model


def kernels(model, x):
    return [r["kernel"].rsplit("_", 1)[0] for r in model.plan(x, batch_size=len(x)).records() if not r["kept"]]


def kept(model, x):
    return [r["kernel"].rsplit("_", 1)[0] for r in model.plan(x, batch_size=len(x)).records() if r["kept"]]


def unfolded(model, x):
    """The result of an eager call, which runs each layer separately."""
    return model(x, training=False).numpy()


def check(model, x, rtol=2e-5, atol=2e-5):
    np.testing.assert_allclose(model.predict(x, batch_size=len(x), verbose=0), unfolded(model, x), rtol=rtol, atol=atol)


def dense_model(**more):
    return randomize(
        netlet.Sequential(
            [
                netlet.Input((20,)),
                layers.Dense(32, **more),
                layers.BatchNormalization(),
                layers.Activation("relu"),
                layers.Dense(16, use_bias=False),
                layers.BatchNormalization(scale=False),
                layers.LeakyReLU(0.1),
                layers.Dense(4),
                layers.BatchNormalization(center=False),
            ]
        )
    )


IMAGES = RNG.standard_normal((3, 9, 8, 4)).astype("f4")
ROWS = RNG.standard_normal((40, 20)).astype("f4")


def conv_model(*chain):
    return randomize(netlet.Sequential([netlet.Input((9, 8, 4)), *chain]))


def test_dense_models_keep_nothing_but_products():
    model = dense_model()
    check(model, ROWS)
    assert not [k for k in kernels(model, ROWS) if not k.startswith("gemm")]
    assert {"norm_finish", "norm_apply", "norm_apply_bwd"} <= set(kept(model, ROWS))


def test_folded_weights_are_packed_once():
    model = randomize(netlet.Sequential([netlet.Input((600,)), layers.Dense(512), layers.BatchNormalization()]))
    x = RNG.standard_normal((64, 600)).astype("f4")
    check(model, x, atol=1e-4)
    assert kernels(model, x) == ["gemm_packed"]
    assert "gemm_pack_b" in kept(model, x)


@pytest.mark.parametrize(
    "chain",
    [
        lambda: [layers.Conv2D(6, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()],
        lambda: [layers.Conv2D(6, 3, use_bias=False, strides=2), layers.BatchNormalization(), layers.ELU(0.5)],
        lambda: [layers.Conv2D(8, 3, groups=2), layers.BatchNormalization(), layers.Activation("tanh")],
        lambda: [layers.DepthwiseConv2D(3, depth_multiplier=2), layers.BatchNormalization(), layers.ReLU()],
        lambda: [layers.Conv2D(5, 1), layers.ReLU()],
        lambda: [layers.Reshape((72, 4)), layers.Conv1D(5, 3), layers.BatchNormalization()],
    ],
)
def test_convolutions(chain):
    model = conv_model(*chain())
    check(model, IMAGES)
    assert not [k for k in kernels(model, IMAGES) if k.startswith(("norm", "activation", "binary"))]


def test_channels_first():
    model = randomize(
        netlet.Sequential(
            [
                netlet.Input((4, 9, 8)),
                layers.Conv2D(6, 3, data_format="channels_first"),
                layers.BatchNormalization(axis=1),
                layers.ReLU(),
            ]
        )
    )
    x = IMAGES.transpose(0, 3, 1, 2).copy()
    check(model, x)
    assert not [k for k in kernels(model, x) if k.startswith(("norm", "activation"))]


@pytest.mark.parametrize(
    "chain",
    [
        lambda: [layers.Conv2D(6, 3, activation="relu"), layers.BatchNormalization()],
        lambda: [layers.Conv2D(8, 3), layers.BatchNormalization(axis=1)],
        lambda: [layers.Conv2D(6, 3, activity_regularizer="l2"), layers.BatchNormalization()],
        lambda: [layers.Conv2DTranspose(6, 3), layers.BatchNormalization()],
        lambda: [layers.BatchNormalization(), layers.Conv2D(6, 3)],
        lambda: [layers.Conv2D(6, 3), layers.ReLU(max_value=6.0), layers.BatchNormalization()],
    ],
)
def test_what_is_not_folded(chain):
    model = conv_model(*chain())
    check(model, IMAGES)
    assert "norm_apply" in kernels(model, IMAGES)


def test_a_layer_of_the_users_own_is_not_folded():
    class Twice(layers.Dense):
        def call(self, inputs, training=None):
            return 2.0 * super().call(inputs)

    model = randomize(netlet.Sequential([netlet.Input((20,)), Twice(8), layers.BatchNormalization()]))
    check(model, ROWS)
    assert "norm_apply" in kernels(model, ROWS)


def test_graphs_with_branches():
    """Residual connections and intermediate outputs: a value that something else reads is not folded away."""
    x = netlet.Input((20,))
    a = layers.Dense(16, name="a")(x)
    normal_a = layers.BatchNormalization()(a)
    b = layers.ReLU()(layers.BatchNormalization()(layers.Dense(16)(normal_a)))
    both = layers.Add()([a, b])
    shown = layers.Dense(3, name="shown")(both)
    last = layers.BatchNormalization()(shown)
    model = randomize(netlet.Model(x, [last, shown]))
    got = model.predict(ROWS, batch_size=40, verbose=0)
    for value, want in zip(got, model(ROWS, training=False), strict=True):
        np.testing.assert_allclose(value, want.numpy(), rtol=2e-5, atol=2e-5)
    names = kernels(model, ROWS)
    assert names.count("norm_apply") == 2  # after `a`, which Add reads too, and after `shown`, an output
    assert not [k for k in names if k.startswith("activation")]


def test_a_shared_layer_and_nested_models():
    dense, norm = layers.Dense(20), layers.BatchNormalization()
    inner = netlet.Sequential([netlet.Input((20,)), dense, norm, layers.ReLU()])
    x = netlet.Input((20,))
    model = randomize(netlet.Model(x, layers.Add()([norm(dense(inner(x))), x])))
    check(model, ROWS)
    assert "norm_apply" not in kernels(model, ROWS)


def test_float64_and_other_dtypes():
    model = netlet.Sequential([netlet.Input((20,), dtype="float64")])
    model.add(layers.Dense(8, dtype="float64"))
    model.add(layers.BatchNormalization(dtype="float64"))
    check(randomize(model), ROWS.astype("f8"), 1e-12, 1e-12)


def test_predictions_follow_training_and_assignment():
    x, y = ROWS, RNG.standard_normal((40, 4)).astype("f4")
    model = dense_model()
    model.compile(netlet.optimizers.Adam(0.01), "mse")
    check(model, x)
    before = model.get_weights()
    for _ in range(3):
        model.fit(x, y, batch_size=8, verbose=0)
        check(model, x, 1e-4, 1e-4)
    assert model.evaluate(x, y, batch_size=40, verbose=0) == pytest.approx(np.mean((unfolded(model, x) - y) ** 2), 1e-4)
    norm = model.layers[1]
    norm.moving_variance.assign(norm.moving_variance * 4)
    check(model, x, 1e-4, 1e-4)
    norm.gamma.assign(ops.ones_like(norm.gamma) * 3)
    check(model, x, 1e-4, 1e-4)
    model(x, training=True)  # updates the moving statistics
    check(model, x, 1e-4, 1e-4)
    model.set_weights(before)
    check(model, x)


POOLED = {
    "a convolution's own": lambda: [layers.Conv2D(6, 3, activation="relu"), layers.MaxPooling2D(2)],
    "overlapping": lambda: [layers.Conv2D(6, 3), layers.Activation("relu"), layers.MaxPooling2D(3, 1, "same")],
    "behind a norm": lambda: [layers.Conv2D(6, 3), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(2)],
    "in one dimension": lambda: [layers.Reshape((72, 4)), layers.Dense(5, activation="relu"), layers.MaxPooling1D(3)],
}


@pytest.mark.parametrize("functional", [False, True])
@pytest.mark.parametrize("chain", POOLED.values(), ids=POOLED)
def test_training_pools_before_it_activates_and_has_the_same_bits(chain, functional, monkeypatch):
    y = RNG.standard_normal((3, 2)).astype("f4")

    def trained(swap):
        with monkeypatch.context() as patch:
            if not swap:
                patch.setattr("netlet.models.folding.pool_first", lambda layers: (layers[0], 1))
            netlet.utils.set_random_seed(0)
            model = netlet.Sequential([netlet.Input((9, 8, 4)), *chain(), layers.Flatten(), layers.Dense(2)])
            if functional:
                model = netlet.Model(model.inputs, model.outputs)
            model.compile("adam", "mse")
            model.fit(IMAGES, y, batch_size=3, epochs=3, verbose=0)
            names = [r["kernel"] for r in model.plan(IMAGES, y, batch_size=3, mode="train").records()]
            return names, model.get_weights()

    names, ours = trained(True)
    old_names, expected = trained(False)
    pool, relu = (next(i for i, n in enumerate(names) if n.startswith(k)) for k in ("max_pool_fwd", "activation_fwd"))
    assert pool < relu
    assert names != old_names
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(a, b)


ACTIVATED = {
    "relu": lambda: [layers.Conv2D(6, 3), layers.BatchNormalization(), layers.ReLU()],
    "relu6": lambda: [layers.BatchNormalization(gamma_initializer=initializers.Constant(9.0)), layers.ReLU(6.0)],
    "relu6 by name": lambda: [layers.Conv2D(6, 3), layers.BatchNormalization(), layers.Activation("relu6")],
    "channels first": lambda: [layers.BatchNormalization(axis=1, scale=False), layers.Activation("relu")],
}


@pytest.mark.parametrize("functional", [False, True])
@pytest.mark.parametrize("chain", ACTIVATED.values(), ids=ACTIVATED)
def test_training_activates_in_the_norms_passes_and_has_the_same_bits(chain, functional, monkeypatch):
    y = RNG.standard_normal((3, 2)).astype("f4")

    def trained(fuses):
        with monkeypatch.context() as patch:
            if not fuses:
                patch.setattr("netlet.models.folding.pool_first", lambda layers: (layers[0], 1))
            netlet.utils.set_random_seed(0)
            model = netlet.Sequential([netlet.Input((9, 8, 4)), *chain(), layers.Flatten(), layers.Dense(2)])
            if functional:
                model = netlet.Model(model.inputs, model.outputs)
            model.compile("adam", "mse")
            model.fit(IMAGES, y, batch_size=3, epochs=3, verbose=0)
            names = [r["kernel"] for r in model.plan(IMAGES, y, batch_size=3, mode="train").records()]
            return any(n.startswith("activation") for n in names), model.get_weights()

    separate, ours = trained(True)
    assert not separate
    separate, expected = trained(False)
    assert separate
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "chain",
    [
        lambda: [layers.BatchNormalization(trainable=False), layers.ReLU()],
        lambda: [layers.BatchNormalization(renorm=True), layers.ReLU()],
        lambda: [layers.BatchNormalization(), layers.ReLU(6.0, negative_slope=0.1)],
        lambda: [layers.BatchNormalization(), layers.ReLU(5.0)],
        lambda: [layers.BatchNormalization(), layers.ReLU(activity_regularizer="l2")],
    ],
)
def test_what_is_not_activated_by_the_norm(chain):
    model = conv_model(*chain(), layers.Flatten(), layers.Dense(2))
    model.compile("sgd", "mse")
    names = [r["kernel"] for r in model.plan(IMAGES, np.zeros((3, 2), "f4"), batch_size=3, mode="train").records()]
    assert any(n.startswith("activation_fwd") for n in names)


@pytest.mark.parametrize(
    "chain",
    [
        lambda: [layers.Conv2D(6, 3, activation="tanh"), layers.MaxPooling2D(2)],
        lambda: [layers.Conv2D(6, 3, activation="relu"), layers.AveragePooling2D(2)],
        lambda: [layers.LeakyReLU(0.1), layers.MaxPooling2D(2)],
        lambda: [layers.Conv2D(6, 3, activation="relu", activity_regularizer="l2"), layers.MaxPooling2D(2)],
    ],
)
def test_what_is_not_pooled_first(chain):
    model = conv_model(*chain(), layers.Flatten(), layers.Dense(2))
    model.compile("sgd", "mse")
    names = [r["kernel"] for r in model.plan(IMAGES, np.zeros((3, 2), "f4"), batch_size=3, mode="train").records()]
    pool = next(i for i, n in enumerate(names) if "pool_fwd" in n)
    assert not [n for n in names[pool : pool + 2] if n.startswith("activation_fwd")]


def test_training_does_not_fold():
    model = dense_model()
    model.compile("sgd", "mse")
    names = [r["kernel"] for r in model.plan(ROWS, np.zeros((40, 4), "f4"), batch_size=40, mode="train").records()]
    assert any(n.startswith("norm_moments") for n in names)


def test_wrong_shapes_are_told_as_ever():
    model = dense_model()
    with pytest.raises(ValueError, match="20"):
        model.predict(np.ones((4, 7), "f4"), verbose=0)


# ---- zero padding before a depthwise convolution ---------------------------------------------------------------------
PADDED = {
    "alone": lambda: [layers.ZeroPadding2D(1), layers.DepthwiseConv2D(3)],
    "stride, normalization, relu": lambda: [
        *(layers.ZeroPadding2D(((0, 1), (1, 0))), layers.DepthwiseConv2D(3, strides=2, use_bias=False)),
        *(layers.BatchNormalization(), layers.ReLU()),
    ],
    "relu6, another convolution": lambda: [
        *(layers.ZeroPadding2D(((0, 1), (0, 1))), layers.DepthwiseConv2D(3, strides=2, use_bias=False)),
        *(layers.BatchNormalization(), layers.ReLU(6.0), layers.Conv2D(5, 1)),
    ],
    "activation of its own": lambda: [
        *(layers.ZeroPadding2D((3, 2)), layers.DepthwiseConv2D(7, strides=2, depth_multiplier=2, activation="tanh")),
    ],
    "dilation": lambda: [layers.ZeroPadding2D((2, 1)), layers.DepthwiseConv2D(3, dilation_rate=2)],
    "one axis": lambda: [layers.Reshape((72, 4)), layers.ZeroPadding1D((2, 0)), layers.DepthwiseConv1D(3)],
}


@pytest.mark.parametrize("chain", PADDED.values(), ids=PADDED)
def test_padding_is_the_convolutions(chain):
    netlet.utils.set_random_seed(0)
    model = conv_model(*chain())
    check(model, IMAGES)
    assert "fill" not in kernels(model, IMAGES)


def test_depthwise_convolutions_compute_relu6():
    model = conv_model(layers.DepthwiseConv2D(3), layers.BatchNormalization(), layers.ReLU(6.0))
    check(model, IMAGES)
    assert "activation_fwd" not in kernels(model, IMAGES)


@pytest.mark.parametrize("chain", PADDED.values(), ids=PADDED)
def test_padding_is_the_convolutions_while_training(chain):
    """Equal losses and weights with the layers one by one."""
    results = []
    for eager in (False, True):
        netlet.utils.set_random_seed(0)
        model = netlet.Sequential([netlet.Input((9, 8, 4)), *chain(), layers.Flatten(), layers.Dense(1)])
        model.compile(netlet.optimizers.SGD(0.01), "mse", run_eagerly=eager)
        history = model.fit(IMAGES, np.arange(3.0), epochs=4, batch_size=3, shuffle=False, verbose=0)
        results.append((history.history["loss"], model.get_weights()))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-5)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "chain",
    [
        lambda: [layers.ZeroPadding2D(1), layers.DepthwiseConv2D(3, padding="same")],
        lambda: [layers.ZeroPadding2D(3), layers.DepthwiseConv2D(3)],
        lambda: [layers.ZeroPadding2D(1), layers.MaxPooling2D(3)],
        lambda: [layers.ZeroPadding2D(1), layers.Conv2D(6, 3)],
        lambda: [layers.ZeroPadding2D(1), layers.DepthwiseConv2D(3, activation="gelu")],
    ],
)
def test_padding_that_stays(chain):
    model = conv_model(*chain())
    check(model, IMAGES)
    assert "fill" in kernels(model, IMAGES)


def test_padding_that_others_read_stays():
    image = netlet.Input((9, 8, 4))
    padded = layers.ZeroPadding2D(1)(image)
    model = netlet.Model(image, [layers.DepthwiseConv2D(3)(padded), padded])
    got, expected = model.predict(IMAGES, verbose=0), model(IMAGES, training=False)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-5, atol=1e-5)


def test_images_that_are_too_small_with_their_border():
    model = netlet.Sequential([netlet.Input((None, None, 4)), layers.ZeroPadding2D(1), layers.DepthwiseConv2D(5)])
    with pytest.raises(ValueError, match="does not fit an input of 4 x 7"):
        model.predict(np.zeros((1, 2, 5, 4), "float32"), verbose=0)

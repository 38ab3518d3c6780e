"""Normalization layers against Keras's: training steps, moving statistics, masks, errors."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers
from support import keras64

RNG = np.random.default_rng(7)


def pair(name, **arguments):
    arguments["dtype"] = "float64"
    return getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)


def assert_same_weights(ours, theirs, rtol=1e-12):
    assert [v.name for v in ours.weights] == [v.name for v in theirs.weights]
    assert [v.trainable for v in ours.weights] == [v.trainable for v in theirs.weights]
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-13)


CLIPPING = {"rmin": 0.5, "rmax": 2.0, "dmax": 0.3}
BATCH_CASES = [
    ({}, (6, 4), False),
    ({"axis": 1, "momentum": 0.7, "epsilon": 0.01}, (3, 4, 2, 3), False),
    ({"center": False}, (6, 4), False),
    ({"scale": False, "momentum": 0.0}, (2, 5, 3), False),
    ({"momentum": 0.5}, (4, 5, 3), True),
    ({"renorm": True, "momentum": 0.8, "renorm_momentum": 0.6}, (6, 4), False),
    ({"renorm": True, "renorm_clipping": CLIPPING, "renorm_momentum": 0.5, "scale": False}, (6, 4), False),
]


@pytest.mark.parametrize(("arguments", "shape", "masked"), BATCH_CASES)
def test_batch_normalization_calls(arguments, shape, masked):
    """Outputs and all statistics over several calls, in training and in inference mode."""
    with keras64.float64():
        ours, theirs = pair("BatchNormalization", **arguments)
        mask = RNG.random(shape[:-1]) > 0.4 if masked else None
        for step in range(3):
            x = 2 + 3 * RNG.standard_normal(shape)
            if step == 0:
                ours(x), theirs(x)
                values = [RNG.uniform(0.5, 1.5, w.shape) for w in ours.weights]
                ours.set_weights(values), theirs.set_weights(values)
            for training in (True, False):
                a = ours(x, training=training, mask=mask).numpy()
                b = np.asarray(theirs(x, training=training, mask=mask))
                np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)
                assert_same_weights(ours, theirs)


def model_of(module, batch_norm):
    return module.Sequential(
        [
            module.Input((5,)),
            module.layers.Dense(8),
            module.layers.BatchNormalization(**batch_norm),
            module.layers.Activation("relu"),
            module.layers.LayerNormalization(),
            module.layers.Dense(3),
        ]
    )


@pytest.mark.parametrize(
    "batch_norm",
    [{"momentum": 0.8, "gamma_regularizer": "l2", "beta_constraint": "non_neg"}, {"momentum": 0.8, "trainable": False}],
    ids=["trained", "frozen"],
)
def test_training_steps(batch_norm):
    """fit, evaluate and predict against Keras: weights and moving statistics after each epoch of several steps."""
    ours, theirs = model_of(netlet, batch_norm), model_of(keras, batch_norm)
    theirs.set_weights(ours.get_weights())
    x, y = RNG.standard_normal((48, 5)).astype("f4") * 3 + 1, RNG.standard_normal((48, 3)).astype("f4")
    for model, module in ((ours, netlet), (theirs, keras)):
        model.compile(module.optimizers.SGD(0.05, momentum=0.9), "mse")
    for _ in range(3):
        losses = [
            m.fit(x, y, batch_size=16, epochs=1, verbose=0, shuffle=False).history["loss"] for m in (ours, theirs)
        ]
        np.testing.assert_allclose(losses[0], losses[1], rtol=2e-5)
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=5e-4, atol=2e-5)
    np.testing.assert_allclose(ours.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), rtol=1e-4)
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-3, atol=1e-4)


def small(**arguments):
    model = netlet.Sequential(
        [netlet.Input((4,)), layers.BatchNormalization(momentum=0.5, **arguments), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


def test_fit_moves_the_statistics_once_a_step_and_evaluate_never():
    x, y = RNG.standard_normal((30, 4)).astype("f4") + 2, np.zeros((30, 1), "f4")
    model = small()
    batch_norm = model.layers[0]
    mean, variance = np.zeros(4), np.ones(4)
    model.fit(x, y, batch_size=8, epochs=2, verbose=0, shuffle=False)
    for first in (0, 8, 16, 24) * 2:
        rows = x[first : first + 8].astype("f8")
        mean, variance = 0.5 * mean + 0.5 * rows.mean(0), 0.5 * variance + 0.5 * rows.var(0)
    np.testing.assert_allclose(batch_norm.moving_mean.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(batch_norm.moving_variance.numpy(), variance, rtol=1e-5)
    before = model.get_weights()
    model.evaluate(x, y, verbose=0), model.predict(x, verbose=0), model(x), model(x, training=False)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model(x, training=True)
    assert (batch_norm.moving_mean.numpy() != before[2]).all()


def test_run_eagerly_and_a_recorded_step_do_the_same():
    x, y = RNG.standard_normal((32, 4)).astype("f4"), RNG.standard_normal((32, 1)).astype("f4")
    results = []
    for eager in (False, True):
        netlet.utils.set_random_seed(3)
        model = small()
        model.compile("sgd", "mse", run_eagerly=eager)
        model.fit(x, y, batch_size=8, epochs=2, verbose=0, shuffle=False)
        results.append(model.get_weights())
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_trainable_false_freezes_and_is_inference():
    x, y = RNG.standard_normal((16, 4)).astype("f4") * 3, np.ones((16, 1), "f4")
    model = small()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = model.layers[0].get_weights()
    np.testing.assert_array_equal(model(x, training=True).numpy(), model(x, training=False).numpy())
    model.fit(x, y, batch_size=8, verbose=0)
    for a, b in zip(before, model.layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model.layers[0].trainable = True
    model.compile("sgd", "mse")
    model.fit(x, y, batch_size=8, verbose=0)
    for a, b in zip(before, model.layers[0].get_weights(), strict=True):
        assert (a != b).all()


def test_a_step_that_is_abandoned_leaves_the_statistics():
    x, y = np.ones((8, 4), "f4"), np.ones((8, 1), "f4")
    model = small()
    model.fit(x, y, verbose=0)
    before = model.get_weights()
    x[3, 2] = np.inf
    with pytest.raises(netlet.training.results.NonFiniteLossError):
        model.fit(x, y, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_resume_to_the_bit(tmp_path):
    x, y = RNG.standard_normal((40, 4)).astype("f4"), RNG.standard_normal((40, 1)).astype("f4")
    netlet.utils.set_random_seed(5)
    straight = small()
    straight.fit(x, y, batch_size=8, epochs=1, verbose=0, shuffle=False)
    straight.save(tmp_path / "model.netlet")
    resumed = netlet.models.load_model(tmp_path / "model.netlet")
    for model in (straight, resumed):
        model.fit(x, y, batch_size=8, epochs=1, verbose=0, shuffle=False)
    for a, b in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_gradient_tape():
    x = RNG.standard_normal((6, 3))
    layer = layers.BatchNormalization(dtype="float64", momentum=0.9)
    layer(x)
    with netlet.GradientTape() as tape:
        loss = netlet.ops.sum(netlet.ops.square(layer(x, training=True)) * x)
    dgamma, dbeta = tape.gradient(loss, layer.trainable_variables)
    xhat = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)
    np.testing.assert_allclose(dgamma.numpy(), (2 * xhat * xhat * x).sum(0), rtol=1e-11)
    np.testing.assert_allclose(dbeta.numpy(), (2 * xhat * x).sum(0), rtol=1e-11)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * x.mean(0), rtol=1e-12)


def test_gradients_through_masks_and_renorm():
    """Against finite differences of the loss, with masked batch statistics."""
    x, weight = RNG.standard_normal((5, 4, 3)), RNG.standard_normal((5, 4, 3))
    mask = RNG.random((5, 4)) > 0.3
    layer = layers.BatchNormalization(dtype="float64")
    layer(x)

    def loss(x):
        return netlet.ops.sum(layer(x, training=True, mask=mask) * weight)

    leaf = netlet.ops.convert_to_tensor(x)
    with netlet.GradientTape() as tape:
        tape.watch(leaf)
        value = loss(leaf)
    got = tape.gradient(value, leaf).numpy()
    for at in ((0, 0, 0), (2, 3, 1), (4, 1, 2)):
        step = np.zeros_like(x)
        step[at] = 1e-5
        want = (float(loss(x + step).numpy()) - float(loss(x - step).numpy())) / 2e-5
        np.testing.assert_allclose(got[at], want, rtol=1e-6, atol=1e-8)


def test_a_batch_of_one_and_of_none():
    layer = layers.BatchNormalization(momentum=0.5)
    np.testing.assert_allclose(layer(np.full((1, 3), 7, "f4"), training=True).numpy(), np.zeros((1, 3)), atol=1e-6)
    before = layer.get_weights()
    assert layer(np.empty((0, 3), "f4"), training=True).shape == (0, 3)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for other in (layers.LayerNormalization(), layers.GroupNormalization(3), layers.RMSNormalization()):
        assert other(np.empty((0, 3), "f4")).shape == (0, 3)


def test_integer_inputs_are_cast():
    x = np.array([[1, 2], [3, 4]])
    for layer in (layers.BatchNormalization(), layers.LayerNormalization(), layers.UnitNormalization()):
        assert layer(x, **({"training": True} if "Batch" in layer.name else {})).dtype == "float32"


def test_spectral_normalization_against_keras():
    with keras64.float64():
        ours = layers.SpectralNormalization(layers.Dense(4, dtype="float64"), power_iterations=2, dtype="float64")
        theirs = keras.layers.SpectralNormalization(
            keras.layers.Dense(4, dtype="float64"), power_iterations=2, dtype="float64"
        )
        x = RNG.standard_normal((3, 6))
        ours(x), theirs(x)
        assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
        theirs.set_weights(ours.get_weights())
        for training in (True, True, False):
            a, b = ours(x, training=training), theirs(x, training=training)
            np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=1e-10)
            assert_same_weights(ours, theirs, 1e-10)


def test_spectral_normalization_in_fit():
    model = netlet.Sequential(
        [netlet.Input((6,)), layers.SpectralNormalization(layers.Dense(5), power_iterations=30), layers.Dense(1)]
    )
    model.compile(netlet.optimizers.SGD(1e-6), "mse")
    x = RNG.standard_normal((32, 6)).astype("f4")
    model.fit(x, x[:, :1], batch_size=8, epochs=2, verbose=0)
    assert np.linalg.norm(model.layers[0].layer.kernel.numpy(), 2) == pytest.approx(1, abs=1e-3)
    zeros = layers.SpectralNormalization(layers.Dense(2, kernel_initializer="zeros"))
    assert (zeros(x, training=True).numpy() == 0).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: layers.BatchNormalization(axis=3)(np.ones((2, 3), "f4")), "axis 3 is out of bounds"),
        (lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"max": 1}), "rmin, rmax and dmax"),
        (lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"rmin": 2, "rmax": 1}), "rmin <= rmax"),
        (lambda: layers.BatchNormalization()(np.ones((2, 3), "f4"), mask=np.ones((2, 3))), "one axis less"),
        (lambda: layers.GroupNormalization(groups=0), "expected `groups` positive"),
        (
            lambda: layers.GroupNormalization(groups=4)(np.ones((2, 3, 6), "f4")),
            "channels divisible by 4 groups, received 6",
        ),
        (lambda: layers.LayerNormalization()(netlet.Input((None,))), "expected a known size of axis -1"),
        (lambda: layers.SpectralNormalization(layers.ReLU())(np.ones((2, 3), "f4")), "no attribute 'kernel'"),
        (lambda: layers.SpectralNormalization(layers.Dense(2), power_iterations=0), "above 0"),
        (lambda: layers.SpectralNormalization("Dense"), "expected a layer"),
    ],
)
def test_bad_arguments(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_another_number_of_channels_is_refused():
    layer = layers.BatchNormalization(name="bn")
    layer(np.ones((2, 3), "f4"))
    with pytest.raises(ValueError, match=r"Layer 'bn': expected inputs with last axis 3.*gammas and betas.*\(2, 4\)"):
        layer(np.ones((2, 4), "f4"))


def test_axis_must_be_an_integer():
    with pytest.raises(TypeError, match="`axis`"):
        layers.LayerNormalization(axis="last")

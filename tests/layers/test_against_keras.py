"""Every layer against Keras's with the same arguments and weights: outputs, shapes, configs, defaults, in float64."""

from __future__ import annotations

import contextlib
import inspect
import warnings

import keras
import numpy as np
import pytest

import netlet
from support import keras64

CASES = [
    # name, arguments, shapes of the inputs (batch first)
    ("Dense", {"units": 4}, [(3, 5)]),
    ("Dense", {"units": 4}, [(2, 3, 5)]),
    ("Dense", {"units": 1, "use_bias": False}, [(3, 2, 2, 5)]),
    *[
        ("Dense", {"units": 6, "activation": name}, [(4, 7)])
        for name in (
            "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid "
            "log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus "
            "sparse_sigmoid squareplus swish tanh tanh_shrink"
        ).split()
    ],
    ("Activation", {"activation": "tanh"}, [(3, 4)]),
    ("ReLU", {}, [(3, 4)]),
    ("ReLU", {"max_value": 0.8, "negative_slope": 0.1, "threshold": 0.2}, [(3, 40)]),
    ("ReLU", {"threshold": 0.5}, [(3, 40)]),
    ("LeakyReLU", {}, [(3, 4)]),
    ("LeakyReLU", {"negative_slope": 0.05}, [(3, 4)]),
    ("ELU", {"alpha": 0.7}, [(3, 4)]),
    ("PReLU", {"alpha_initializer": "ones"}, [(3, 4)]),
    ("PReLU", {"alpha_initializer": "random_normal", "shared_axes": [1]}, [(3, 4, 5)]),
    ("Softmax", {}, [(3, 4)]),
    ("Softmax", {"axis": 1}, [(3, 4, 2)]),
    ("Softmax", {"axis": (1, 2)}, [(3, 4, 2)]),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, [(3, 4)]),
    ("Dropout", {"rate": 0.5}, [(3, 4)]),
    ("SpatialDropout1D", {"rate": 0.5}, [(3, 4, 5)]),
    ("SpatialDropout2D", {"rate": 0.5}, [(3, 4, 5, 2)]),
    ("SpatialDropout3D", {"rate": 0.5, "data_format": "channels_first"}, [(3, 4, 5, 2, 2)]),
    ("AlphaDropout", {"rate": 0.5}, [(3, 4)]),
    ("GaussianDropout", {"rate": 0.5}, [(3, 4)]),
    ("GaussianNoise", {"stddev": 0.5}, [(3, 4)]),
    ("Flatten", {}, [(3, 4, 5)]),
    ("Flatten", {}, [(3,)]),
    ("Flatten", {"data_format": "channels_first"}, [(3, 2, 4, 5)]),
    ("Flatten", {"data_format": "channels_first"}, [(3,)]),
    ("Reshape", {"target_shape": (2, -1)}, [(3, 4)]),
    ("Permute", {"dims": (2, 1)}, [(3, 4, 5)]),
    ("RepeatVector", {"n": 3}, [(3, 4)]),
    ("Identity", {}, [(3, 4)]),
    ("Rescaling", {"scale": 0.5, "offset": -1.0}, [(3, 4)]),
    ("Rescaling", {"scale": [0.5, 1.0, 2.0], "offset": [0.0, 1.0, 2.0]}, [(2, 4, 3)]),
    *[
        (f"{kind}Pooling{rank}D", {"pool_size": 2, **more}, [(*(2, 5, 4, 3)[: rank + 1], 2)])
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
        for more in ({}, {"strides": 1, "padding": "same"})
    ],
    *[
        (f"{kind}Pooling2D", {"pool_size": (3, 2), "strides": (2, 3), "padding": "same", **fmt}, [(2, 7, 5, 6)])
        for kind in ("Max", "Average")
        for fmt in ({}, {"data_format": "channels_first"})
    ],
    *[
        (f"Global{kind}Pooling{rank}D", more, [(*(2, 5, 4, 3)[: rank + 1], 2)])
        for kind in ("Max", "Average")
        for rank, more in ((1, {}), (2, {"keepdims": True}), (3, {"data_format": "channels_first"}))
    ],
    *[
        (f"Adaptive{kind}Pooling{rank}D", {"output_size": size, **more}, [(*(2, 5, 6, 7)[: rank + 1], 3)])
        for kind in ("Max", "Average")
        for rank, size, more in ((1, 2, {}), (2, (2, 3), {}), (2, 3, {"data_format": "channels_first"}), (3, 2, {}))
    ],
    ("UpSampling1D", {"size": 3}, [(2, 3, 2)]),
    ("UpSampling2D", {}, [(2, 3, 2, 2)]),
    ("UpSampling2D", {"size": (2, 3), "data_format": "channels_first"}, [(2, 3, 2, 2)]),
    *[("UpSampling2D", {"size": (3, 2), "interpolation": name}, [(2, 3, 4, 2)]) for name in ("bilinear", "Bicubic")],
    ("UpSampling3D", {"size": (1, 2, 3)}, [(2, 3, 2, 2, 1)]),
    ("ZeroPadding1D", {"padding": (1, 2)}, [(2, 3, 2)]),
    ("ZeroPadding2D", {"padding": 2, "data_format": "channels_first"}, [(2, 3, 2, 2)]),
    ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, [(2, 3, 2, 2)]),
    ("ZeroPadding3D", {"padding": (1, 0, 2)}, [(2, 3, 2, 2, 1)]),
    ("Cropping1D", {"cropping": 1}, [(2, 4, 2)]),
    ("Cropping2D", {"cropping": ((1, 0), (0, 2))}, [(2, 3, 4, 2)]),
    ("Cropping3D", {"cropping": (1, 0, 1), "data_format": "channels_first"}, [(2, 1, 3, 2, 4)]),
    *[
        ("Resizing", {"height": 3, "width": 7, **more}, [(2, 5, 4, 2)])
        for more in (
            {},
            {"interpolation": "nearest"},
            {"interpolation": "bicubic", "antialias": True},
            {"interpolation": "lanczos3"},
            {"crop_to_aspect_ratio": True, "data_format": "channels_first"},
            {"pad_to_aspect_ratio": True, "fill_value": 2.0},
        )
    ],
    ("CenterCrop", {"height": 2, "width": 3}, [(2, 5, 4, 2)]),
    ("CenterCrop", {"height": 4, "width": 3, "data_format": "channels_first"}, [(2, 2, 5, 2)]),
    *[(name, {}, [(3, 4), (3, 4)]) for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")],
    ("Add", {}, [(3, 4), (3, 4), (3, 4)]),
    ("Add", {}, [(3, 4, 5), (3, 5)]),
    ("Multiply", {}, [(3, 4, 5), (3, 1, 5)]),
    ("Concatenate", {}, [(3, 4), (3, 2)]),
    ("Concatenate", {"axis": 1}, [(3, 4, 2), (3, 1, 2)]),
    ("Dot", {"axes": 1}, [(3, 4), (3, 4)]),
    ("Dot", {"axes": (1, 2)}, [(3, 4, 2), (3, 5, 4)]),
    ("Dot", {"axes": 1, "normalize": True}, [(3, 4), (3, 4)]),
    ("BatchNormalization", {}, [(3, 4)]),
    ("BatchNormalization", {"axis": 1, "moving_mean_initializer": "ones", "scale": False}, [(3, 4, 2)]),
    ("LayerNormalization", {}, [(3, 4)]),
    ("LayerNormalization", {"axis": [1, 2], "center": False}, [(3, 4, 5)]),
    ("LayerNormalization", {"axis": 1, "gamma_initializer": "random_normal", "epsilon": 1e-5}, [(3, 4, 5)]),
    ("GroupNormalization", {"groups": 2}, [(3, 5, 4)]),
    ("GroupNormalization", {"groups": -1, "gamma_initializer": "random_normal"}, [(2, 3, 2, 4)]),
    ("GroupNormalization", {"groups": 3, "axis": 1}, [(2, 6, 5)]),
    ("RMSNormalization", {}, [(3, 4)]),
    ("RMSNormalization", {"axis": (1, 2)}, [(3, 4, 5)]),
    ("UnitNormalization", {}, [(3, 4)]),
    ("UnitNormalization", {"axis": (1, 2)}, [(3, 4, 5)]),
]
NAMES = sorted({name for name, _, _ in CASES} | {"InputLayer"})


def arrays(shapes, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def pair(name, arguments, **more):
    ours = getattr(netlet.layers, name)(**arguments, **more)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = getattr(keras.layers, name)(**arguments, **more)
    return ours, theirs


def unpacked(values):
    return values[0] if len(values) == 1 else values


@pytest.mark.parametrize(("name", "arguments", "shapes"), CASES)
def test_outputs_and_shapes(name, arguments, shapes):
    # Keras normalizes in float32, even for float64 inputs, unless `keras64.float64` changes its type promotion.
    with keras64.float64() if "Normalization" in name else contextlib.nullcontext():
        outputs_and_shapes(name, arguments, shapes)


def outputs_and_shapes(name, arguments, shapes):
    ours, theirs = pair(name, arguments, dtype="float64")
    xs = arrays(shapes)
    y = ours(unpacked(xs))
    expected = theirs(unpacked(xs))
    assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    theirs.set_weights(ours.get_weights())
    expected = theirs(unpacked(xs))
    assert y.shape == tuple(expected.shape)
    assert y.dtype == "float64"
    # Keras on JAX rounds tanh to float32 and sums means in float32, for any input. All else has float64 accuracy.
    rounds = arguments.get("activation") == "tanh"
    assert str(expected.dtype) == ("float32" if rounds else "float64")
    means = name.startswith("GlobalAverage")
    rtol, atol = (1e-6, 1e-13) if rounds else (1e-6, 1e-6) if means else (1e-12, 1e-13)
    np.testing.assert_allclose(y.numpy(), np.asarray(expected), rtol=rtol, atol=atol)
    assert ours.count_params() == theirs.count_params()
    # The symbolic shape, with an unknown batch size, as `summary` shows it.
    symbols = [netlet.Input(shape[1:], dtype="float64") for shape in shapes]
    keras_symbols = [keras.Input(shape[1:], dtype="float64") for shape in shapes]
    assert ours(unpacked(symbols)).shape == tuple(theirs(unpacked(keras_symbols)).shape)
    np.testing.assert_allclose(
        [float(np.asarray(loss)) for loss in (ours(unpacked(xs)), ours.losses)[1]],
        [float(loss) for loss in (theirs(unpacked(xs)), theirs.losses)[1]],
        rtol=1e-12,
    )


@pytest.mark.parametrize(("name", "arguments", "shapes"), CASES)
def test_float32_is_close_to_float64(name, arguments, shapes):
    layer = getattr(netlet.layers, name)(**arguments)
    double = getattr(netlet.layers, name)(**arguments, dtype="float64")
    xs = arrays(shapes, "float32")
    layer(unpacked(xs)), double(unpacked(xs))
    double.set_weights(layer.get_weights())
    y = layer(unpacked(xs))
    assert y.dtype == "float32"
    np.testing.assert_allclose(y.numpy(), double(unpacked(xs)).numpy(), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize(("name", "arguments", "shapes"), CASES)
def test_config_has_keras_keys_and_restores_the_layer(name, arguments, shapes):
    ours, theirs = pair(name, arguments)
    assert set(ours.get_config()) == set(theirs.get_config()) - {"quantization_config", "lora_rank", "lora_alpha"}
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    xs = arrays(shapes, "float32")
    ours(unpacked(xs)), again(unpacked(xs))
    again.set_weights(ours.get_weights())
    np.testing.assert_array_equal(again(unpacked(xs)).numpy(), ours(unpacked(xs)).numpy())


@pytest.mark.parametrize(("name", "arguments", "shapes"), [c for c in CASES if c[0] != "InputLayer"])
def test_a_config_written_by_keras_is_understood(name, arguments, shapes):
    _, theirs = pair(name, arguments)
    config = theirs.get_config()
    for key in ("quantization_config", "lora_rank", "lora_alpha"):
        config.pop(key, None)
    ours = getattr(netlet.layers, name).from_config(config)
    assert ours.name == theirs.name
    ours(unpacked(arrays(shapes, "float32")))


@pytest.mark.parametrize("name", NAMES)
def test_arguments_have_keras_names_order_and_defaults(name):
    def parameters(cls):
        found = inspect.signature(cls.__init__).parameters.values()
        gone = {"self", "kwargs", "lora_rank", "lora_alpha", "quantization_config"}
        return [(p.name, one(p.default)) for p in found if p.name not in gone and p.kind is not p.VAR_KEYWORD]

    def one(default):  # (2, 2) means the same as 2
        alike = isinstance(default, tuple) and len(set(default)) == 1
        return one(default[0]) if alike else default

    assert parameters(getattr(netlet.layers, name)) == parameters(getattr(keras.layers, name))


def test_input_layer_config():
    ours, theirs = netlet.Input((3,), name="x")._keras_history.operation, keras.Input((3,), name="x")._keras_history[0]
    assert ours.get_config() == theirs.get_config()


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9])
def test_dropout_keeps_the_right_share_and_scales_it(rate):
    netlet.utils.set_random_seed(1)
    layer = netlet.layers.Dropout(rate)
    x = np.ones((400, 500), "float32")
    y = layer(x, training=True).numpy()
    kept = y != 0
    # The bound is five standard deviations for 200,000 draws.
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / x.size) + 1e-12
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-6)
    if rate:
        assert (layer(x, training=True).numpy() != y).any()
    np.testing.assert_array_equal(layer(x, training=False).numpy(), x)
    np.testing.assert_array_equal(layer(x).numpy(), x)


def test_dropout_noise_shape_and_rate_one():
    y = netlet.layers.Dropout(0.5, noise_shape=(None, 1))(np.ones((200, 7), "float32"), training=True).numpy()
    assert set(np.unique(y)) == {0.0, 2.0}
    assert (y == y[:, :1]).all()
    assert (netlet.layers.Dropout(1.0)(np.ones((2, 3), "float32"), training=True).numpy() == 0).all()


def test_softmax_mask():
    x, mask = arrays([(3, 4)])[0], np.array([[1, 1, 0, 1], [1, 0, 0, 0], [1, 1, 1, 1]], bool)
    ours = netlet.layers.Softmax(dtype="float64")(x, mask=mask)
    theirs = keras.layers.Softmax(dtype="float64")(x, mask=mask)
    np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=1e-12, atol=1e-15)


def test_integer_inputs():
    x = np.array([[0, 128, 255]], "uint8")
    np.testing.assert_allclose(netlet.layers.Rescaling(1 / 255)(x).numpy(), x / 255, rtol=1e-6)
    assert netlet.layers.Flatten()(x).dtype == "uint8"
    dense = netlet.layers.Dense(2)
    np.testing.assert_allclose(dense(x).numpy(), x.astype("float32") @ dense.kernel.numpy(), rtol=1e-5)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"])
def test_functional_forms_of_merge_layers(name):
    a, b = arrays([(3, 4), (3, 4)])
    more = {"axes": 1} if name == "dot" else {}
    ours = getattr(netlet.layers, name)([a, b], dtype="float64", **more)
    theirs = getattr(keras.layers, name)([a, b], dtype="float64", **more)
    np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=1e-12)

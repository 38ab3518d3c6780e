"""Every quantization-aware class: values of the integer layer, gradients of the float layer on the values of codes."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import GradientTape, Variable, layers, ops
from netlet.layers import quantized
from netlet.layers.quantized.aware.aware_layer import AwareLayer
from netlet.quantizers import AwareConfig, quantize_aware

RNG = np.random.default_rng(0)
CASES = {
    "dense": (lambda: layers.Dense(4, "tanh"), (3, 2, 5)),
    "einsum": (lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"), (2, 4, 5)),
    "causal": (lambda: layers.Conv1D(4, 3, padding="causal", activation="relu"), (2, 10, 5)),
    "strides": (lambda: layers.Conv2D(6, 3, padding="same", strides=2, activation="gelu"), (2, 10, 9, 4)),
    "groups": (lambda: layers.Conv2D(6, (3, 2), groups=2, use_bias=False), (2, 7, 9, 4)),
    "channels_first": (lambda: layers.Conv2D(6, 3, padding="same", data_format="channels_first"), (2, 4, 8, 9)),
    "dilation": (lambda: layers.Conv3D(3, 2, dilation_rate=2, activation="relu"), (2, 5, 6, 4, 3)),
    "depthwise": (lambda: layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2), (2, 6, 7, 3)),
    "depthwise_1d": (lambda: layers.DepthwiseConv1D(3, strides=2, activation="relu"), (2, 11, 3)),
    "transpose": (lambda: layers.Conv2DTranspose(5, 3, strides=2, padding="same"), (2, 4, 5, 3)),
    "transpose_1d": (lambda: layers.Conv1DTranspose(5, 4, strides=2), (2, 6, 3)),
    "transpose_3d": (lambda: layers.Conv3DTranspose(2, 2, strides=2, activation="relu"), (1, 3, 2, 4, 3)),
    "separable": (lambda: layers.SeparableConv2D(5, 3, padding="same", activation="relu"), (2, 6, 7, 3)),
    "separable_1d": (lambda: layers.SeparableConv1D(5, 3, depth_multiplier=2), (2, 9, 3)),
}
CONFIGS = {
    "dynamic": {},
    "zero points": {"weights": "zeropoint"},
    "observed": {"activations": "static", "observer": "moving_average", "per_channel": False},
    "learned": {"activations": "static", "ranges": "learned"},
    "weights": {"activations": None},
    "weights, zero points": {"activations": None, "weights": "zeropoint", "per_channel": False},
}


def made(case, config):
    """(aware layer, the float layer that it was, input)."""
    make, shape = CASES[case]
    netlet.utils.set_random_seed(2)
    layer, other, x = make(), make(), RNG.normal(size=shape).astype("float32")
    layer(x), other(x)
    if layer.bias is not None:
        layer.bias.assign(RNG.normal(size=layer.bias.shape).astype("float32"))
    other.set_weights(layer.get_weights())
    arguments = dict(CONFIGS[config])
    if arguments.get("activations") == "static":
        arguments["calibration"] = x
    layer.quantize(config=AwareConfig(**arguments))
    return layer, other, x


def test_every_class_that_can_be_aware_is_tested():
    classes = {name for name in quantized.__all__ if name.startswith("Aware")}
    tested = {type(made(case, "dynamic")[0]).__name__ for case in CASES}
    recurrent = {name for name in classes if name.removesuffix("Cell").endswith(("RNN", "LSTM", "GRU"))}
    assert tested == classes - {"AwareEmbedding"} - recurrent  # test_aware_recurrent.py


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("case", CASES)
def test_the_integer_layer_has_the_same_bits(case, config):
    layer, _, x = made(case, config)
    assert isinstance(layer, AwareLayer) and type(layer).__name__.startswith("Aware")
    for _ in range(2):
        layer(2 * x, training=True)
    y = layer(x)
    layer.quantize("int8")
    assert type(layer).__name__.startswith("WeightOnly" if "weights" in config.split(",")[0] else "Int8")
    np.testing.assert_array_equal(layer(x), y)


@pytest.mark.parametrize("config", ["dynamic", "observed", "weights"])
@pytest.mark.parametrize("case", CASES)
def test_the_gradient_is_that_of_the_float_layer_on_the_values_of_the_codes(case, config):
    layer, other, x = made(case, config)
    integer, x_hat = layer.trained_twin(), x
    if config != "weights":
        q, scale, zero = (np.asarray(v, "float32") for v in integer._input_codes(ops.convert_to_tensor(x)))
        x_hat = (q - zero) * scale
    x_hat, x = Variable(x_hat), Variable(x)
    for name in integer._coded:
        codes, scale, zero = integer._codes_of(name)
        shape = np.array(codes.shape)
        shape[list(integer._summed_axes(name, codes.shape)) if config != "observed" else slice(None)] = 1
        assert zero is None
        getattr(other, name).assign(codes.numpy() * scale.numpy().reshape(shape))
    dy = RNG.normal(size=other(x_hat).shape).astype("float32")
    found = gradients(layer, x, dy)
    for name, gradient in gradients(other, x_hat, dy).items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-5, atol=1e-5, err_msg=name)


def gradients(layer, x, dy):
    """{name: gradient} of the input and of each trainable weight."""
    variables = {"x": x, **{v.name: v for v in layer.trainable_variables}}
    with GradientTape() as tape:
        loss = ops.sum(layer(x) * dy)
    return dict(zip(variables, map(np.asarray, tape.gradient(loss, list(variables.values()))), strict=True))


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize(("activations", "weights"), [(None, "absmax"), ("dynamic", "zeropoint"), ("static", "absmax")])
def test_embedding(activations, weights, per_channel):
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([netlet.Input((5,), dtype="int32"), layers.Embedding(50, 6, mask_zero=True)])
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(1))
    model.compile(netlet.optimizers.Adam(0.01), "mse")
    x = RNG.integers(0, 50, (64, 5))
    quantize_aware(model, AwareConfig(activations, weights, per_channel, x if activations == "static" else None))
    table = model.layers[0].embeddings
    assert type(model.layers[0]) is quantized.AwareEmbedding and table.trainable
    with GradientTape() as tape:
        loss = ops.sum(model.layers[0](x[:2]) * 3)
    counts = np.bincount(x[:2].ravel(), minlength=50)
    np.testing.assert_array_equal(tape.gradient(loss, table), np.repeat(3.0 * counts[:, None], 6, 1))
    loss = model.fit(x, (x < 25).mean(1), epochs=20, verbose=0).history["loss"]
    assert loss[-1] < 0.5 * loss[0]
    expected = model.predict(x, verbose=0)
    model.quantize("int8")
    assert type(model.layers[0]) is quantized.WeightOnlyEmbedding
    assert type(model.layers[2]) is (quantized.WeightOnlyDense if activations is None else quantized.Int8Dense)
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)


def test_attention_projections_train_and_become_integers():
    netlet.utils.set_random_seed(0)
    x = netlet.Input((6, 8))
    attended = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    model = netlet.Model(x, layers.Dense(1)(layers.Flatten()(attended)))
    model.compile(netlet.optimizers.Adam(0.01), "mse")
    values = RNG.normal(size=(32, 6, 8)).astype("float32")
    quantize_aware(model)
    kinds = {type(layer).__name__ for layer in model._flatten_layers()}
    assert {"AwareEinsumDense", "AwareDense"} <= kinds
    loss = model.fit(values, values[:, 0, :1], epochs=5, verbose=0).history["loss"]
    assert loss[-1] < 0.9 * loss[0]
    expected = model.predict(values, verbose=0)
    model.quantize("int8")
    np.testing.assert_array_equal(model.predict(values, verbose=0), expected)

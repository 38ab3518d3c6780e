"""Quantized models as QuantizeLinear and DequantizeLinear, and as integer operators."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.quantizers import Int4Config, Int8Config
from support.exported import assert_same_outputs, exported, predictions, run_reference, run_runtime, small_weights


def data(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def attention():
    q = netlet.Input((6, 8))
    return netlet.Model(q, layers.Dense(3)(layers.MultiHeadAttention(2, 8)(q, q)))


def stack(shape, *parts):
    return lambda: netlet.Sequential([netlet.Input(shape), *(part() for part in parts)])


MODELS = {
    "dense": stack((32,), lambda: layers.Dense(16, "relu"), lambda: layers.Dense(8, "gelu"), lambda: layers.Dense(3)),
    "conv": stack(
        (8, 8, 4),
        lambda: layers.Conv2D(8, 3, activation="relu", padding="same"),
        layers.BatchNormalization,
        layers.MaxPooling2D,
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
        lambda: layers.SeparableConv2D(6, 2, activation="tanh"),
        layers.Flatten,
        lambda: layers.Dense(3),
    ),
    "transposed": stack((8, 8, 4), lambda: layers.Conv2DTranspose(8, 3, strides=2, activation="relu", padding="same")),
    "sequence": stack((6, 8), lambda: layers.Conv1D(16, 3), lambda: layers.Dense(4)),
    "attention": attention,
}


def made(name, config):
    model = small_weights(MODELS[name]())
    model.quantize("int4" if isinstance(config, Int4Config) else "int8", config=config, only_if_faster=False)
    return model


def kinds(proto):
    return {node.op_type for node in proto.graph.node}


@pytest.mark.parametrize("form", ["qdq", "qoperator"])
@pytest.mark.parametrize("arguments", [{}, {"activations": "static"}, {"weights": "zeropoint"}], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_eight_bits(name, arguments, form, tmp_path):
    x = data(4, *MODELS[name]().input_shape[1:])
    calibration = {"calibration": x} if "activations" in arguments else {}
    model = made(name, Int8Config(**arguments, **calibration))
    proto = exported(model, tmp_path, quantized=form)
    assert {"QuantizeLinear", "DequantizeLinear" if form == "qdq" or name == "transposed" else "Gemm"} & kinds(proto)
    # Float sums may round a code of a later layer the other way, sums of integers may not. Conv1D has float sums in
    # both forms.
    exact = form == "qoperator" and name != "sequence"
    assert_same_outputs(model, proto, [x], tolerance=1e-6 if exact else 2 / 255)


@pytest.mark.parametrize("activations", ["dynamic", "static"])
@pytest.mark.parametrize("name", ["dense", "conv"])
def test_sums_of_integers_are_equal_to_the_bit(name, activations, tmp_path):
    """In the reference evaluator, and up to activation functions, which are polynomials of their own in each program.

    ONNX Runtime fuses the last product with its scales and bias, which rounds once less.
    """
    x = data(4, *MODELS[name]().input_shape[1:])
    calibration = {"calibration": x} if activations == "static" else {}
    model = made(name, Int8Config(activations=activations, **calibration))
    for layer in model.layers:
        if hasattr(layer, "activation"):
            layer.activation = netlet.activations.relu
    proto = exported(model, tmp_path, quantized="qoperator")
    assert kinds(proto) >= ({"MatMulInteger", "ConvInteger"} if name == "conv" else {"MatMulInteger"})
    (want,) = predictions(model, [x])
    np.testing.assert_array_equal(run_reference(proto, [x])[0], want)
    assert_same_outputs(model, proto, [x])


def test_a_row_does_not_depend_on_its_batch(tmp_path):
    model = made("conv", Int8Config())
    proto = exported(model, tmp_path, quantized="qoperator")
    x = data(4, 8, 8, 4) * np.array([1, 10, 0.1, 0], "float32")[:, None, None, None]
    whole = run_runtime(proto, [x])[0]
    for i in range(4):
        np.testing.assert_array_equal(run_runtime(proto, [x[i : i + 1]])[0][0], whole[i])


WEIGHTS = {
    "int8": lambda: Int8Config(activations=None),
    "zeropoint": lambda: Int8Config(activations=None, weights="zeropoint"),
    "int4": lambda: Int4Config(),
    "int4 groups": lambda: Int4Config(group_size=16),
}


@pytest.mark.parametrize("config", WEIGHTS)
@pytest.mark.parametrize("name", MODELS)
def test_weights_alone(name, config, tmp_path):
    model = made(name, WEIGHTS[config]())
    proto = exported(model, tmp_path)
    x = data(4, *model.input_shape[1:])
    assert "DequantizeLinear" in kinds(proto) or (name == "transposed" and config == "int4 groups")
    assert_same_outputs(model, proto, [x])


@pytest.mark.parametrize("config", WEIGHTS)
def test_tables_and_recurrent_weights(config, tmp_path):
    parts = [layers.Embedding(20, 32), layers.LSTM(16, return_sequences=True), layers.GRU(8), layers.Dense(3)]
    model = small_weights(netlet.Sequential([netlet.Input((None,), dtype="int32"), *parts]))
    before = exported(model, tmp_path).ByteSize()
    four = "int4" in config
    model.quantize("int4" if four else "int8", config=WEIGHTS[config](), only_if_faster=False)
    proto = exported(model, tmp_path)
    # The codes of 4 bits have a scale and a zero point for each of their groups, and the parts are small.
    assert proto.ByteSize() < before * (0.75 if four else 0.6)
    assert_same_outputs(model, proto, [np.random.default_rng(0).integers(0, 20, (4, 6)).astype("int32")])

"""Quantized models as QuantizeLinear and DequantizeLinear, and as integer operators."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.quantizers import Int4Config, Int8Config
from support.exported import (
    SATURATES,
    assert_same_outputs,
    distance,
    exported,
    predictions,
    random_weights,
    run_reference,
    run_runtime,
)


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
    "no bias": stack((128,), lambda: layers.Dense(50, use_bias=False)),  # small ones are not fused by ONNX Runtime
}


def made(name, config):
    model = random_weights(MODELS[name]())
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
    biased = name == "sequence" and "activations" in arguments  # test_onnx_runtime_rounds_the_bias...
    assert_same_outputs(model, proto, [x], runtime=not biased)


@pytest.mark.skipif(SATURATES, reason="ONNX Runtime's 8-bit products saturate on this CPU")
def test_onnx_runtime_rounds_the_bias_of_a_static_convolution(tmp_path):
    """The integer kernel that it fuses has a bias in steps of input scale times weight scale.

    That moves one of 256 codes of the next layer here, and the output by 1.8e-3. NumPy in float64 gives netlet's
    outputs with the bias as it is, and those of ONNX Runtime with the rounded one.
    """
    x = data(4, 6, 8)
    model = made("sequence", Int8Config(activations="static", calibration=x))
    conv, dense = model.layers
    in_float64 = lambda v: np.asarray(v, "float64")  # noqa: E731
    (kernel, scale, _), (matrix, columns, _) = (layer.coded_weight("kernel") for layer in (conv, dense))
    steps = in_float64(conv.input_scale) * in_float64(scale).ravel()
    zero = in_float64(conv.input_zero_point)
    codes = np.clip(np.round(x / np.asarray(conv.input_scale)) + zero, 0, 255) - zero
    sums = np.stack([np.einsum("bti,tio->bo", codes[:, t : t + 3], in_float64(kernel)) for t in range(4)], 1)

    def output(bias):
        scale, zero = in_float64(dense.input_scale), in_float64(dense.input_zero_point)
        codes = np.clip(np.round((sums + bias) * steps / scale) + zero, 0, 255) - zero
        return codes @ in_float64(matrix) * scale * in_float64(columns).ravel() + in_float64(dense.bias)

    bias = in_float64(conv.bias) / steps
    for form in ("qdq", "qoperator"):
        fused = run_runtime(exported(model, tmp_path, quantized=form), [x])[0]
        assert distance(fused, output(np.round(bias))) < 1e-6
    assert distance(predictions(model, [x])[0], output(bias)) < 1e-6
    assert distance(output(bias), output(np.round(bias))) > 1e-4


@pytest.mark.parametrize("activations", ["dynamic", "static"])
@pytest.mark.parametrize("name", ["dense", "conv"])
def test_sums_of_integers_are_equal_to_the_bit(name, activations, tmp_path):
    """In both programs, where no float operators are between the products.

    Activation functions other than relu are polynomials of their own in each program, and BatchNormalization is a
    formula of floats that each orders in its own way (2e-7 of the largest output).
    """
    x = data(4, *MODELS[name]().input_shape[1:])
    calibration = {"calibration": x} if activations == "static" else {}
    parts = [p for p in MODELS[name]().layers if not isinstance(p, layers.BatchNormalization)]
    for part in parts:
        if hasattr(part, "activation"):
            part.activation = netlet.activations.relu
    copies = [type(part).from_config(part.get_config()) for part in parts]
    model = random_weights(netlet.Sequential([netlet.Input(x.shape[1:]), *copies]))
    model.quantize("int8", config=Int8Config(activations=activations, **calibration), only_if_faster=False)
    proto = exported(model, tmp_path, quantized="qoperator")
    assert kinds(proto) >= ({"MatMulInteger", "ConvInteger"} if name == "conv" else {"MatMulInteger"})
    (want,) = predictions(model, [x])
    np.testing.assert_array_equal(run_reference(proto, [x])[0], want)
    np.testing.assert_array_equal(run_runtime(proto, [x])[0], want)


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
    parts = [layers.Embedding(200, 64), layers.LSTM(64, return_sequences=True), layers.GRU(64), layers.Dense(3)]
    netlet.utils.set_random_seed(0)  # initial weights: with those of a standard normal distribution all gates are shut
    model = netlet.Sequential([netlet.Input((None,), dtype="int32"), *parts])
    before = exported(model, tmp_path).ByteSize()
    four = "int4" in config
    model.quantize("int4" if four else "int8", config=WEIGHTS[config](), only_if_faster=False)
    proto = exported(model, tmp_path)
    assert proto.ByteSize() < before * (0.45 if four else 0.6)
    assert_same_outputs(model, proto, [np.random.default_rng(0).integers(0, 200, (4, 6)).astype("int32")])

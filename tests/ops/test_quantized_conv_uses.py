"""Convolutions of 8-bit codes: gradients with regard to the floats that the codes stand for, ONNX, bad arguments."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.convolution import Definition
from support.quantized_convolution import KINDS, Case, codes

FLOAT = {"conv": _core.conv, "transpose": _core.conv_transpose, "depthwise": _core.depthwise_conv}


def leaf(x):
    t = _core.tensor(x)
    t.requires_grad = True
    return t


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_the_float_convolution(kind, seed):
    case = Case(kind, 100 + seed)
    d, act = case.definition, "relu" if seed % 2 else "linear"
    sizes = (case.sizes,) if kind == "transpose" else ()
    case.x.scale, case.kernel.scale = np.float32(0.5), np.float32(0.25)  # so that both results are exact
    case.x.zero = case.kernel.zero = None
    if case.bias is not None:
        case.bias = np.rint(case.bias).astype("float32")
    results = []
    for quantized in (True, False):
        x, w = leaf(case.x.hat), leaf(case.kernel.hat)
        b = None if case.bias is None else leaf(case.bias)
        with _core.Tape(grad=True) as tape:
            if quantized:
                bias, case.bias = case.bias, b
                y = case.run(activation=act, x_hat=x, kernel_hat=w)
                case.bias = bias
            else:
                y = FLOAT[kind](x, w, b, d.strides, d.pads, *sizes, d.dilation, act)
            dy = np.random.default_rng(seed).integers(-3, 4, y.shape).astype("float32")
            sources = [x, w] if b is None else [x, w, b]
            results.append([y.numpy()] + [g.numpy() for g in tape.gradients(y, sources, dy)])
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_no_gradient_without_hats(kind):
    case = Case(kind, 1)
    with _core.Tape(grad=True):
        assert not case.run().requires_grad


def onnx_result(op, inputs, **attributes):
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    infos = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for name, x in inputs.items()
    ]
    node = onnx.helper.make_node(op, list(inputs), ["y"], **attributes)
    out = onnx.helper.make_tensor_value_info(
        "y", onnx.TensorProto.INT32 if op == "ConvInteger" else onnx.TensorProto.UINT8, None
    )
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", infos, [out]))
    return ReferenceEvaluator(model).run(None, inputs)[0].transpose(0, 2, 3, 1)


def channels_first(x, w):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)), np.ascontiguousarray(w.transpose(3, 2, 0, 1))


ONNX = [(1, 1, 1, 1), (1, 2, 1, 0), (2, 1, 1, 1), (1, 1, 2, 2)]


@pytest.mark.parametrize(("groups", "stride", "dilation", "pad"), ONNX)
def test_onnx_conv_integer(dot_isa, groups, stride, dilation, pad):
    rng = np.random.default_rng(8)
    x = codes(rng, (2, 9, 10, 6), "uint8", scale=1)
    kernel = codes(rng, (3, 3, 6 // groups, 8), "int8", scale=1)
    first = channels_first(x.q, kernel.q)
    expected = onnx_result(
        "ConvInteger",
        {"x": first[0], "w": first[1], "xz": np.array(x.zero), "wz": np.array(kernel.zero)},
        strides=[stride] * 2, dilations=[dilation] * 2, pads=[pad] * 4, group=groups,
    )  # fmt: skip
    d = Definition([stride] * 2, [(pad, pad)] * 2, [dilation] * 2)
    y = _core.quantized_conv(
        x.q, x.scale, x.zero, kernel.q, kernel.scale, kernel.zero, None, d.strides, d.pads, d.dilation
    )
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize(("groups", "stride", "dilation", "pad"), ONNX)
def test_onnx_qlinear_conv(dot_isa, groups, stride, dilation, pad):
    rng = np.random.default_rng(9)
    x = codes(rng, (2, 9, 10, 6), "uint8", scale=0.5)
    kernel = codes(rng, (3, 3, 6 // groups, 8), "int8", scale=0.25)
    scale, zero = np.float32(256), np.uint8(120)
    bias = rng.integers(-5000, 5000, 8).astype("int32")
    first = channels_first(x.q, kernel.q)
    inputs = {
        "x": first[0], "xs": np.array(x.scale), "xz": np.array(x.zero), "w": first[1], "ws": np.array(kernel.scale),
        "wz": np.array(kernel.zero), "ys": np.array(scale), "yz": np.array(zero), "b": bias,
    }  # fmt: skip
    expected = onnx_result(
        "QLinearConv", inputs, strides=[stride] * 2, dilations=[dilation] * 2, pads=[pad] * 4, group=groups
    )
    d = Definition([stride] * 2, [(pad, pad)] * 2, [dilation] * 2)
    y = _core.quantized_conv(
        x.q, x.scale, x.zero, kernel.q, kernel.scale, kernel.zero, bias, d.strides, d.pads, d.dilation,
        out_scale=scale, out_zero=zero,
    )  # fmt: skip
    np.testing.assert_array_equal(y, expected)  # scales are powers of two: nothing rounds


def call(**changed):
    one = np.float32(1)
    args = {
        "x": np.zeros((2, 5, 5, 3), "uint8"), "x_scale": one, "x_zero": None,
        "kernel": np.zeros((3, 3, 3, 4), "int8"), "kernel_scale": one, "kernel_zero": None, "bias": None,
        "strides": [1, 1], "pads": [(0, 0)] * 2, "dilation": [1, 1],
    }  # fmt: skip
    return _core.quantized_conv(**(args | changed))


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"x": np.zeros((2, 5, 5, 3), "int8")}, TypeError, "expected x of uint8, received int8"),
        ({"x": np.zeros((2, 5, 5, 3), "float32")}, TypeError, "expected x of uint8, received float32"),
        ({"kernel": np.zeros((3, 3, 3, 4), "uint8")}, TypeError, "expected a kernel of int8, received uint8"),
        ({"x": np.zeros((2, 5, 3), "uint8")}, ValueError, "kernel with 3 axes"),
        ({"x": np.zeros((2, 5, 5, 4), "uint8")}, ValueError, "multiple of 3 channels"),
        ({"x": np.zeros((2, 2, 5, 3), "uint8")}, ValueError, "at least 3 pixels along axis 1"),
        ({"x_scale": np.ones(2, "float32")}, ValueError, r"float32 of shape \(2, 1, 1, 1\)"),
        ({"x_scale": np.ones((3, 1, 1, 1), "float32")}, ValueError, r"float32 of shape \(2, 1, 1, 1\)"),
        ({"x_scale": np.ones((), "float64")}, ValueError, "received float64"),
        ({"x_zero": np.int8(1)}, ValueError, "uint8"),
        ({"x_zero": np.zeros((2, 1, 1, 1), "uint8")}, ValueError, "zero"),
        ({"kernel_scale": np.ones(3, "float32")}, ValueError, "1 or 4 numbers"),
        ({"kernel_zero": np.zeros(4, "int8")}, ValueError, "zero"),
        ({"bias": np.zeros(3, "float32")}, ValueError, r"shape \(4,\)"),
        ({"bias": np.zeros(4, "float64")}, ValueError, "bias of float32 or int32"),
        ({"out_zero": np.uint8(3)}, ValueError, "out_scale beside out_zero"),
        ({"out_scale": np.ones(4, "float32")}, ValueError, "out_scale to be one float32 number"),
        ({"x_hat": np.zeros((2, 5, 5, 3), "float32")}, ValueError, "x_hat and kernel_hat, or neither"),
        ({"strides": [0, 1]}, ValueError, "positive strides"),
    ],
)
def test_errors(changed, error, message):
    with pytest.raises(error, match=message):
        call(**changed)


def test_codes_have_no_gradient():
    hats = {"x_hat": np.zeros((2, 5, 5, 3), "float32"), "kernel_hat": np.zeros((3, 3, 3, 4), "float32")}
    with pytest.raises(ValueError, match="no out_scale beside x_hat"):
        call(**hats, out_scale=np.float32(1))
    with pytest.raises(ValueError, match=r"kernel_hat of float32 and shape \(3, 3, 3, 4\)"):
        call(x_hat=hats["x_hat"], kernel_hat=np.zeros((3, 3, 3, 5), "float32"))

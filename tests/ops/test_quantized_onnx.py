"""What int8 layers compute is what ONNX's operators define: both through the reference evaluator."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core, ops
from support.codes import codes, scales

onnx = pytest.importorskip("onnx")
from onnx import helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

TYPES = ["uint8", "int8"]


def run(nodes, **inputs):
    """The results "y" of a graph of (operator, inputs, outputs, attributes), and others that start with "y"."""
    made = [helper.make_node(name, i.split(), o.split(), **attributes) for name, i, o, attributes in nodes]
    kinds = {name: helper.np_dtype_to_tensor_dtype(np.asarray(x).dtype) for name, x in inputs.items()}
    given = [helper.make_tensor_value_info(name, kind, np.shape(inputs[name])) for name, kind in kinds.items()]
    results = [o for node in made for o in node.output if o.startswith("y")]
    graph = helper.make_graph(made, "g", given, [helper.make_empty_tensor_value_info(o) for o in results])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    got = ReferenceEvaluator(model).run(None, {name: np.asarray(x) for name, x in inputs.items()})
    return got if len(got) > 1 else got[0]


def powers(rng, shape):
    """Scales with which float32 arithmetic is exact, so that the order of its operations does not matter."""
    return (2.0 ** rng.integers(-9, -4, shape)).astype("float32")


def product(rng, dtype, m=19, k=70, n=33):
    """Arguments of quantized_dense: rows and channels with scales and zero points of their own."""
    return {
        "x": codes(rng, (m, k), dtype), "x_scale": powers(rng, (m, 1)), "x_zero": codes(rng, (m, 1), dtype),
        "kernel": codes(rng, (k, n), "int8"), "kernel_scale": powers(rng, (1, n)),
        "kernel_zero": codes(rng, (1, n), "int8"), "bias": None,
    }  # fmt: skip


@pytest.mark.parametrize("dtype", TYPES)
def test_qlinear_matmul(dot_isa, dtype):
    rng = np.random.default_rng(1)
    p, y_zero = product(rng, dtype), codes(rng, (), dtype)
    for y_scale in np.float32([2, 8, 0.25]):
        want = run(
            [("QLinearMatMul", "a as az b bs bz ys yz", "y", {})],
            **{"a": p["x"], "as": p["x_scale"], "az": p["x_zero"], "b": p["kernel"], "bs": p["kernel_scale"],
               "bz": p["kernel_zero"], "ys": y_scale, "yz": y_zero},
        )  # fmt: skip
        got = np.asarray(_core.quantized_dense(**p, out_scale=y_scale, out_zero=y_zero))
        assert got.dtype == want.dtype and len(np.unique(want)) > 2
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", TYPES)
def test_matmul_integer(dot_isa, dtype):
    rng = np.random.default_rng(2)
    p = product(rng, dtype)
    p["x_scale"][:] = p["kernel_scale"][:] = 1
    want = run(
        [("MatMulInteger", "a b az bz", "y", {})],
        a=p["x"], b=p["kernel"], az=p["x_zero"], bz=p["kernel_zero"][0],
    )  # fmt: skip
    assert want.dtype == np.int32 and np.abs(want).max() < 2**24
    np.testing.assert_array_equal(_core.quantized_dense(**p), want)


def test_dynamic_quantization_of_a_dense_layer(dot_isa):
    """DynamicQuantizeLinear, MatMulInteger, and the two scales: what ONNX Runtime makes of a dense layer."""
    rng = np.random.default_rng(3)
    x, kernel = rng.normal(0, 2, (9, 50)).astype("float32"), codes(rng, (50, 17), "int8")
    scale, bias = scales(rng, (17,)), rng.normal(0, 1, 17).astype("float32")
    q, x_scale, x_zero, want = run(
        [("DynamicQuantizeLinear", "x", "yq ys yz", {}), ("MatMulInteger", "yq b yz", "s", {}),
         ("Cast", "s", "f", {"to": onnx.TensorProto.FLOAT}), ("Mul", "ys bs", "m", {}), ("Mul", "f m", "v", {}),
         ("Add", "v c", "y", {})],
        x=x, b=kernel, bs=scale, c=bias,
    )  # fmt: skip
    ours = ops.quantize_zeropoint(x, dtype="uint8")
    np.testing.assert_array_equal(ours[0], q)
    np.testing.assert_array_equal(_core.quantized_dense(*ours, kernel, scale, None, bias), want)
    np.testing.assert_array_equal(_core.quantized_dense(q, x_scale, x_zero, kernel, scale, None, bias), want)


def test_dynamic_quantize_linear(isa):
    x = np.random.default_rng(4).normal(0.5, 2, (7, 33)).astype("float32")
    for got, want in zip(
        ops.quantize_zeropoint(x, dtype="uint8"), run([("DynamicQuantizeLinear", "x", "y ys yz", {})], x=x), strict=True
    ):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_quantize_linear(isa, dtype, axis):
    rng = np.random.default_rng(5)
    x = rng.normal(0, 2, (13, 37)).astype("float32")
    shape = () if axis is None else (x.shape[axis],)
    scale, zero = np.asarray(scales(rng, shape)), codes(rng, shape, dtype)
    want = run([("QuantizeLinear", "x s z", "y", {} if axis is None else {"axis": axis})], x=x, s=scale, z=zero)
    kept = () if axis is None else [(-1, 1), (1, -1)][axis]
    got = np.asarray(_core.quantize_with(x, scale.reshape(kept), zero.reshape(kept), dtype))
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(("left", "right"), [("uint8", "uint8"), ("int8", "int8"), ("uint8", "int8")])
def test_sums_of_codes(isa, left, right):
    """QLinearAdd (an operator of ONNX Runtime) by its definition."""
    rng = np.random.default_rng(6)
    a, b = codes(rng, (11, 30), left), codes(rng, (11, 30), right)
    s, t, out, az, bz, zero = *scales(rng, 3), codes(rng, (), left), codes(rng, (), right), codes(rng, (), left)
    want = run(
        [("DequantizeLinear", "a s az", "x", {}), ("DequantizeLinear", "b t bz", "w", {}), ("Add", "x w", "v", {}),
         ("Relu", "v", "r", {}), ("QuantizeLinear", "r o z", "y", {})],
        a=a, s=s, az=az, b=b, t=t, bz=bz, o=out, z=zero,
    )  # fmt: skip
    np.testing.assert_array_equal(_core.quantized_add(a, s, az, b, t, bz, "relu", 0.0, out, zero), want)
    np.testing.assert_array_equal(
        _core.requantize(a, s, az, out, zero),
        run([("DequantizeLinear", "a s az", "x", {}), ("QuantizeLinear", "x o z", "y", {})],
            a=a, s=s, az=az, o=out, z=zero),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", TYPES)
def test_pooling_of_codes(isa, dtype):
    x = codes(np.random.default_rng(7), (2, 6, 7, 20), dtype)
    want = run([("MaxPool", "x", "y", {"kernel_shape": [2, 3], "strides": [2, 2]})], x=x.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(
        _core.max_pool(x, [2, 3], [2, 2], [(0, 0), (0, 0)]).numpy().transpose(0, 3, 1, 2), want
    )

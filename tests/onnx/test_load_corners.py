"""`netlet.onnx.load` of graphs that exporters seldom write, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

import netlet
from support.onnx_graphs import Graph, by_runtime, randoms


def check(proto: Any, rtol: float = 1e-5, **inputs: np.ndarray) -> Any:
    """The loaded model, whose predictions are those of ONNX Runtime."""
    model = netlet.onnx.load(proto)
    results = model.predict(inputs, verbose=0)
    results = results if isinstance(results, list) else [results]
    for got, want in zip(results, by_runtime(proto, inputs), strict=True):
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        np.testing.assert_allclose(got, want, rtol=rtol, atol=1e-5)
    return model


@pytest.mark.parametrize("op_type", ["Identity", "Transpose"])
def test_an_activation_of_a_value_with_two_names(op_type: str) -> None:
    """The other reader sees the value without the activation."""
    r, g = randoms(), Graph(x=("n", 3, 4, 5))
    product = g("Conv", "x", r(2, 3, 3, 3))
    perm = {"perm": [0, 2, 3, 1]} if op_type == "Transpose" else {}
    check(g.model(product, g("Relu", g(op_type, product, **perm))), x=r(2, 3, 4, 5))


def test_products_that_are_no_dense_layers() -> None:
    """Integers, and a vector times a matrix."""
    g = Graph(x=(("n", 4), "int64"))
    x = np.arange(8).reshape(2, 4)
    check(g.model(g("MatMul", "x", np.arange(12).reshape(4, 3)), dtype=TensorProto.INT64), x=x)
    r, g = randoms(), Graph(x=(4,))
    proto = g.model(g("Add", g("MatMul", "x", r(4, 3)), r(3)))
    x = r(4)
    np.testing.assert_allclose(netlet.onnx.load(proto)(x), by_runtime(proto, {"x": x})[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(), (1, 1), (4,), (4, 4), (1, 1, 4, 4), (2, 1, 1)])
def test_biases_of_attention(shape: tuple[int, ...]) -> None:
    """Zeros of one number are no causal mask."""
    r, g = randoms(), Graph(q=("n", 2, 4, 5), k=("n", 2, 5, 4), v=("n", 2, 4, 5))
    scores = g("Mul", g("MatMul", "q", "k"), np.float32(0.3))
    bias = np.zeros(shape, np.float32) if np.prod(shape) == 1 else r(*shape)
    proto = g.model(g("MatMul", g("Softmax", g("Add", scores, bias), axis=-1), "v"))
    check(proto, q=r(3, 2, 4, 5), k=r(3, 2, 5, 4), v=r(3, 2, 4, 5))


def test_attention_whose_keys_are_the_same_for_all_samples() -> None:
    r, g = randoms(), Graph(q=("n", 2, 4, 5), k=(1, 2, 5, 4), v=(1, 2, 4, 5))
    proto = g.model(g("MatMul", g("Softmax", g("MatMul", "q", "k"), axis=-1), "v"))
    inputs = {"q": r(3, 2, 4, 5), "k": r(1, 2, 5, 4), "v": r(1, 2, 4, 5)}
    want = by_runtime(proto, inputs)[0]
    np.testing.assert_allclose(netlet.onnx.load(proto)(list(inputs.values())), want, rtol=1e-5, atol=1e-6)


def test_a_number_of_three_axes_times_a_flattened_image() -> None:
    """The result has three axes."""
    r, g = randoms(), Graph(x=("n", 3, 4, 5))
    flat = g("Flatten", g("Conv", "x", r(2, 3, 3, 3)))
    proto = g.model(g("Mul", flat, np.full((1, 1, 1), 2, np.float32)))
    x = r(2, 3, 4, 5)
    np.testing.assert_allclose(netlet.onnx.load(proto)(x), by_runtime(proto, {"x": x})[0], rtol=1e-5, atol=1e-5)


def test_a_dimension_of_minus_one_is_of_any_size() -> None:
    g = Graph(x=(-1, 3))
    assert check(g.model(g("Neg", "x")), x=randoms()(2, 3)).input_shape == (None, 3)


def test_a_number_may_get_a_shape() -> None:
    g = Graph(x=())
    assert netlet.onnx.load(g.model(g("Reshape", "x", np.array([1, 1])))).output_shape == (1, 1)


def test_operators_that_compute_with_values() -> None:
    """NumPy computes them, or they take no symbolic tensor: they run as layers."""
    g = Graph(opset=26, x=(("n", 4), "int8"))
    model = netlet.onnx.load(g.model(g("BitCast", "x", to=TensorProto.BOOL), dtype=TensorProto.BOOL))
    with pytest.warns(UserWarning, match="BitCast_0.* NumPy makes elements of bool"):
        assert model.predict(np.eye(3, 4, dtype="int8"), verbose=0).tolist() == np.eye(3, 4, dtype=bool).tolist()
    g = Graph(x=("n", 4))
    model = netlet.onnx.load(g.model(g("Multinomial", "x", sample_size=5), dtype=TensorProto.INT32))
    classes = model.predict(np.log(np.eye(3, 4, dtype="float32") + 1e-30), verbose=0)
    assert classes.tolist() == [[0] * 5, [1] * 5, [2] * 5]


@pytest.mark.parametrize(
    ("op_type", "attributes", "message"),
    [("BitCast", {"to": TensorProto.UINT32}, "uint32"), ("StringConcat", {}, "NumPy"), ("StringSplit", {}, "split")],
)
def test_operators_of_types_that_netlet_lacks_on_symbolic_inputs(op_type: str, attributes: Any, message: str) -> None:
    g = Graph(opset=26, x=("n", 4))
    proto = g.model(g(op_type, *["x"] * (2 if op_type == "StringConcat" else 1), **attributes))
    with pytest.raises(ValueError, match=rf"ONNX node '/{op_type}_0' \({op_type}\).*{message}"):
        netlet.onnx.load(proto)


@pytest.mark.parametrize("size", ["n", 50])
@pytest.mark.parametrize("op_type", ["Bernoulli", "RandomNormalLike", "RandomUniformLike", "Multinomial"])
def test_random_numbers_are_drawn_when_the_model_runs(op_type: str, size: Any) -> None:
    """Also where their shape is known while it is loaded."""
    g = Graph(x=(size, 4))
    model = netlet.onnx.load(g.model(g("Add", g("Cast", g(op_type, "x"), to=1), g("ReduceSum", "x", keepdims=0))))
    x = np.full((50, 4), 0.5, np.float32)
    assert (model.predict(x, verbose=0) != model.predict(x, verbose=0)).any()

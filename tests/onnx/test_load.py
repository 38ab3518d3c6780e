"""`netlet.onnx.load`: the predictions are ONNX Runtime's, nodes are layers, and the model is a Model like any other."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
from onnx import AttributeProto, TensorProto, helper

import netlet
from support.onnx_graphs import Graph, by_runtime, randoms
from support.onnx_networks import NETWORKS


def kinds(model: Any) -> list[str]:
    """The classes of layers, and the names of ops, without the inputs."""
    found = []
    for operation in model._function.operations[1:]:
        is_op = isinstance(operation, netlet.models.functional.OpCall)
        found.append(operation.fn.__name__.capitalize() if is_op else type(operation).__name__)
    return found


def sample(shape: tuple[int, ...], rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, *shape)).astype(np.float32)


@pytest.mark.parametrize("name", NETWORKS)
def test_predictions_are_those_of_onnx_runtime(name: str) -> None:
    proto, shape, _ = NETWORKS[name]()
    model = netlet.onnx.load(proto)
    for rows in (1, 3):
        x = sample(shape, rows)
        want = by_runtime(proto, {"x": x})[0]
        got = model.predict(x, verbose=0)
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)  # sums of float32 in another order


@pytest.mark.parametrize("name", NETWORKS)
def test_nodes_are_layers(name: str) -> None:
    proto, _, layers = NETWORKS[name]()
    found = kinds(netlet.onnx.load(proto))
    if len(layers) > 1:
        assert sorted(found) == sorted(layers)
    else:
        assert layers[0] in found and "OnnxOperator" not in found


@pytest.mark.parametrize(
    "name", ["convolutions", "upward", "LSTM bidirectional all", "GRU forward last", "transformer 13"]
)
@pytest.mark.parametrize("extension", ["netlet", "keras"])
def test_saved_and_loaded_again_it_predicts_the_same(name: str, extension: str, tmp_path: pathlib.Path) -> None:
    proto, shape, _ = NETWORKS[name]()
    model, x = netlet.onnx.load(proto), sample(shape, 2)
    model.save(tmp_path / f"m.{extension}")
    again = netlet.models.load_model(tmp_path / f"m.{extension}")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("name", ["convolutions", "residual", "LSTM forward last", "transformer 17"])
def test_it_can_be_trained_again(name: str) -> None:
    proto, shape, _ = NETWORKS[name]()
    netlet.utils.set_random_seed(0)  # one network has a Dropout
    model, x = netlet.onnx.load(proto), sample(shape, 8)
    target = np.random.default_rng(1).random(model.predict(x, verbose=0).shape, dtype=np.float32)
    model.compile(netlet.optimizers.Adam(0.02), "mse")
    before = model.evaluate(x, target, verbose=0)
    model.fit(x, target, epochs=40, batch_size=8, verbose=0)
    assert model.evaluate(x, target, verbose=0) < 0.8 * before


@pytest.mark.parametrize("name", ["convolutions", "residual", "LSTM forward last", "transformer 17"])
def test_it_can_be_quantized(name: str) -> None:
    proto, shape, _ = NETWORKS[name]()
    model, x = netlet.onnx.load(proto), sample(shape, 4)
    want = model.predict(x, verbose=0)
    model.quantize("int8")
    assert any("Int8" in type(layer).__name__ for layer in model.layers)
    # 8 bits have steps of 1 / 127; a few layers add their errors.
    assert np.abs(model.predict(x, verbose=0) - want).max() < 0.08 * np.abs(want).max()


def test_time_steps_may_have_any_number() -> None:
    proto, _, _ = NETWORKS["transformer 17"]()
    model = netlet.onnx.load(proto)
    assert model.input_shape == (None, None, 8)
    for steps in (2, 9):
        x = sample((steps, 8), 3)
        np.testing.assert_allclose(model.predict(x, verbose=0), by_runtime(proto, {"x": x})[0], rtol=2e-5, atol=2e-6)


def test_sources_and_names(tmp_path: pathlib.Path) -> None:
    g = Graph(**{"a": ("n", 3), "b": ("n", 3)})
    proto = g.model(g("Relu", g("Sub", "a", "b")), "a")
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    a, b = sample((3,), 2), sample((3,), 2, 1)
    for source in (proto, proto.SerializeToString(), tmp_path / "m.onnx", str(tmp_path / "m.onnx")):
        model = netlet.onnx.load(source, name="difference")
        relu, same = model.predict({"b": b, "a": a}, verbose=0)
        np.testing.assert_array_equal(relu, np.maximum(a - b, 0))
        np.testing.assert_array_equal(same, a)
    assert model.name == "difference" and model.input_names == ["a", "b"]
    assert [layer.name for layer in model.layers][2:] == ["Relu_1"] and model._function.operations[2].name == "Sub_0"


def test_initializers_that_are_listed_as_inputs() -> None:
    """Files before version 4 of the format list all of them; a node may also use one up while loading."""
    g = Graph(x=("n", 3))
    zeros = g("ConstantOfShape", np.array([3]))
    proto = g.model(g("Add", g("Mul", "x", np.float32(2)), zeros))
    for tensor in proto.graph.initializer:
        proto.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    model = netlet.onnx.load(proto)
    assert model.input_names == ["x"]
    np.testing.assert_array_equal(model(np.ones((1, 3), np.float32)), [[2, 2, 2]])


def test_a_fixed_batch_stays_fixed() -> None:
    g = Graph(x=(2, 3))
    model = netlet.onnx.load(g.model(g("Sqrt", "x")))
    assert model.input_shape == (2, 3)
    g = Graph(8, x=(1, 3, 2, 2))  # before opset 13, Softmax flattens
    proto = g.model(g("Reshape", g("Softmax", g("Conv", "x", randoms()(4, 3, 2, 2), strides=[2, 2])), np.array([1, 4])))
    x = sample((3, 2, 2), 1)
    np.testing.assert_allclose(netlet.onnx.load(proto).predict(x, verbose=0), by_runtime(proto, {"x": x})[0], rtol=1e-6)


def test_shapes_that_the_model_computes() -> None:
    """Exporters write Reshape with a shape that Shape, Gather and Concat compute."""
    r, g = randoms(), Graph(x=("n", "t", 6))
    sizes = [g("Unsqueeze", g("Gather", g("Shape", "x"), np.array(i)), np.array([0])) for i in (0, 1)]
    y = g("Reshape", "x", g("Concat", *sizes, np.array([2]), np.array([3]), axis=0))
    y = g("Transpose", g("Relu", y), perm=[0, 2, 1, 3])
    one = g("Reshape", y, g("Concat", sizes[0], np.array([-1]), axis=0))
    mask = g("ConstantOfShape", g("Concat", *sizes, axis=0))
    proto = g.model(g("Add", y, r(2, 1, 3)), one, mask)
    model = netlet.onnx.load(proto)
    for rows, steps in ((2, 3), (3, 5)):
        x = sample((steps, 6), rows)
        for got, want in zip(model.predict(x, verbose=0), by_runtime(proto, {"x": x}), strict=True):
            np.testing.assert_array_equal(got, want)


def test_constants_of_an_op_are_weights() -> None:
    r = randoms()
    g = Graph(x=("n", 4))
    scale, shift = r(4), r(1, 4)
    model = netlet.onnx.load(g.model(g("Add", g("Mul", "x", scale), shift)))
    assert model.count_params() == 8 and len(model.trainable_variables) == 2
    x = sample((4,), 3)
    np.testing.assert_allclose(model(x), x * scale + shift, rtol=1e-6)


def test_subgraphs_run() -> None:
    """An If whose branches read a value of the graph around them."""
    from onnx import helper

    def branch(op_type: str) -> Any:
        y = helper.make_tensor_value_info(op_type, TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node(op_type, ["x"], [op_type])], op_type, [], [y])

    g = Graph(x=("n", 3))
    positive = g("Greater", g("ReduceSum", "x", keepdims=0), np.float32(0))
    proto = g.model(g("If", positive, then_branch=branch("Neg"), else_branch=branch("Abs")))
    model = netlet.onnx.load(proto)
    for x in (np.ones((2, 3), np.float32), -np.ones((2, 3), np.float32)):
        np.testing.assert_array_equal(model.predict(x, verbose=0), by_runtime(proto, {"x": x})[0])


def test_functions_of_the_model() -> None:
    g = Graph(x=("n", 3))
    body = [helper.make_node("Elu", ["a"], ["b"]), helper.make_node("Mul", ["b", "a"], ["c"])]
    body[0].attribute.add(name="alpha", ref_attr_name="slope", type=AttributeProto.FLOAT)
    opsets = [helper.make_opsetid("", 17)]
    g.functions.append(helper.make_function("own", "Twice", ["a"], ["c"], body, opsets, ["slope"]))
    proto = g.model(g("Twice", g("Twice", "x", domain="own", slope=0.5), domain="own", slope=2.0))
    x = sample((3,), 4)
    np.testing.assert_allclose(netlet.onnx.load(proto)(x), by_runtime(proto, {"x": x})[0], rtol=1e-6)

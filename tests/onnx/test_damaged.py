"""Damaged and hostile models: a named error, no other file is read, no memory that the file cannot justify."""

from __future__ import annotations

import itertools
import pathlib
import resource
from typing import Any

import numpy as np
import pytest
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper

import netlet
from support.onnx_graphs import Graph, randoms
from support.onnx_networks import NETWORKS

NAMED = (ValueError, NotImplementedError, TypeError, OSError)


def relu_model(**changes: Any) -> ModelProto:
    g = Graph(x=("n", 3))
    return g.model(g("Relu", "x"))


def with_tensor(tensor: Any) -> ModelProto:
    """A model that adds a tensor to its input."""
    g = Graph(x=("n", 3))
    proto = g.model(g("Add", "x", "w"))
    tensor.name = "w"
    proto.graph.initializer.append(tensor)
    return proto


def test_no_model_at_all(tmp_path: pathlib.Path) -> None:
    for data in (b"", b"garbage that is no protobuf", b"\x08\x09", bytes(range(256))):
        with pytest.raises(ValueError, match="ONNX bytes: expected an ONNX model"):
            netlet.onnx.load(data)
    with pytest.raises(TypeError, match=r"expected a path, bytes or an onnx.ModelProto, received int"):
        netlet.onnx.load(3)
    with pytest.raises(FileNotFoundError):
        netlet.onnx.load(tmp_path / "nothing.onnx")
    with pytest.raises(OSError):
        netlet.onnx.load(tmp_path)


def test_data_in_another_file_is_not_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "secret").write_bytes(np.ones(3, np.float32).tobytes())
    tensor = TensorProto(dims=[3], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="secret")
    (tmp_path / "m.onnx").write_bytes(with_tensor(tensor).SerializeToString())
    with pytest.raises(ValueError, match="initializer 'w': its data are in another file"):
        netlet.onnx.load(tmp_path / "m.onnx")


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (TensorProto(dims=[1 << 40], data_type=TensorProto.FLOAT, float_data=[1.0]), "expected 1099511627776 elements"),
        (TensorProto(dims=[1 << 40], data_type=TensorProto.FLOAT, raw_data=b"1234"), "received 1"),
        (TensorProto(dims=[-1], data_type=TensorProto.FLOAT, float_data=[1.0]), r"expected a shape, received \(-1,\)"),
        (TensorProto(dims=[1], data_type=99, raw_data=b"1234"), "expected a dtype, received number 99"),
        (TensorProto(dims=[1], data_type=0, raw_data=b"1234"), "expected a dtype, received number 0"),
        (TensorProto(dims=[2, 3], data_type=TensorProto.FLOAT, float_data=[1.0]), "expected 6 elements"),
        (TensorProto(dims=[1 << 50], data_type=TensorProto.INT4, int32_data=[1]), "expected 1125899906842624 elements"),
    ],
)
def test_tensors_that_do_not_fit(tensor: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"ONNX initializer 'w': .*{message}"):
        netlet.onnx.load(with_tensor(tensor))


@pytest.mark.parametrize("op_type", ["ConstantOfShape", "Expand", "Tile", "Range", "EyeLike", "Pad", "OneHot"])
def test_constants_that_take_more_memory_than_the_file_justifies(op_type: str) -> None:
    huge = np.array([1 << 20, 1 << 20])
    g = Graph(x=("n", 3))
    one = np.ones((1, 1), np.float32)
    made = {
        "ConstantOfShape": lambda: g("ConstantOfShape", huge),
        "Expand": lambda: g("Expand", one, huge),
        "Tile": lambda: g("Tile", one, huge),
        "Range": lambda: g("Range", np.float32(0), np.float32(1e12), np.float32(1)),
        "EyeLike": lambda: g("EyeLike", g("ConstantOfShape", huge)),
        "Pad": lambda: g("Pad", one, np.array([0, 0, 1 << 20, 1 << 20])),
        "OneHot": lambda: g("OneHot", np.zeros(9, np.int64), np.array(1 << 40), np.array([0, 1], np.float32)),
    }[op_type]()
    proto = g.model(g("Add", "x", made))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=r"expected a constant of at most .* elements in a file of this size"):
        netlet.onnx.load(proto)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB


def test_a_message_repeats_no_long_name() -> None:
    g = Graph(x=("n", 3))
    proto = g.model(g("Relu", "x"))
    proto.graph.node[0].input[0] = "y" * 100_000
    with pytest.raises(ValueError, match=r"nothing defines the values .'yyy.*…") as caught:
        netlet.onnx.load(proto)
    assert len(str(caught.value)) <= 2000


def test_cycles_and_names() -> None:
    proto = relu_model()
    proto.graph.node[0].input[0] = proto.graph.node[0].output[0]
    with pytest.raises(ValueError, match=r"node '/Relu_0' \(Relu\): it is in a cycle"):
        netlet.onnx.load(proto)
    proto = relu_model()
    proto.graph.node.append(proto.graph.node[0])
    with pytest.raises(ValueError, match="its output 'relu_0' is defined twice"):
        netlet.onnx.load(proto)
    proto = relu_model()
    proto.graph.node[0].input[0] = "nowhere"
    with pytest.raises(ValueError, match=r"nothing defines the values \['nowhere'\]"):
        netlet.onnx.load(proto)
    proto = relu_model()
    proto.graph.input.append(proto.graph.input[0])
    with pytest.raises(ValueError, match="two inputs or two initializers have the same name"):
        netlet.onnx.load(proto)


def test_a_long_chain_needs_no_recursion() -> None:
    g = Graph(x=("n", 3))
    x = "x"
    for _ in range(3000):
        x = g("Identity", x)
    proto = g.model(x)
    nodes = list(proto.graph.node)[::-1]  # the file's order is not the order of computation
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    np.testing.assert_array_equal(netlet.onnx.load(proto)(np.ones((1, 3), np.float32)), np.ones((1, 3)))


def test_types_and_versions() -> None:
    proto = relu_model()
    proto.graph.input[0].type.Clear()
    with pytest.raises(NotImplementedError, match="input 'x': expected a tensor with a type"):
        netlet.onnx.load(proto)
    proto = relu_model()
    proto.graph.input[0].type.tensor_type.elem_type = 77
    with pytest.raises(ValueError, match="value 'x': expected a dtype, received number 77"):
        netlet.onnx.load(proto)
    proto = relu_model()
    del proto.opset_import[:]
    with pytest.raises(ValueError, match="opset_import"):
        netlet.onnx.load(proto)
    proto = relu_model()
    proto.opset_import[0].version = 999
    with pytest.raises(NotImplementedError, match=r"from 1 to .*, received 999"):
        netlet.onnx.load(proto)


def test_one_error_lists_all_operators_that_are_missing() -> None:
    g = Graph(x=("n", 3))
    y = g("Mystery", g("Relu", "x"), domain="")
    y = g("Mystery", g("Unknown", y))
    with pytest.raises(NotImplementedError) as caught:
        netlet.onnx.load(g.model(y))
    assert "Mystery (nodes '/Mystery_1', '/Mystery_3'); Unknown (nodes '/Unknown_2')" in str(caught.value)
    for _ in range(20):
        y = g("Mystery", g("Unknown", y))
    for node in g.nodes:
        node.name += "/of_a_block_with_a_long_name" * 5
    with pytest.raises(NotImplementedError, match=r"operators: Mystery, Unknown\..* and 11 more\)\.$") as caught:
        netlet.onnx.load(g.model(y))
    assert len(str(caught.value)) <= 2000
    proto = relu_model()
    proto.graph.node[0].domain = "com.example"
    with pytest.raises(ValueError, match=r"names no version of its domain 'com\.example'"):
        netlet.onnx.load(proto)


def test_functions_that_call_themselves_or_explode() -> None:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    g = Graph(x=("n", 3))
    body = [helper.make_node("F", ["a"], ["b"], domain="own")]
    g.functions.append(helper.make_function("own", "F", ["a"], ["b"], body, opsets))
    with pytest.raises(ValueError, match="it calls itself"):
        netlet.onnx.load(g.model(g("F", "x", domain="own")))
    g = Graph(x=("n", 3))
    for level in range(3000):
        inner = ("Relu", "") if level == 0 else (f"F{level - 1}", "own")
        body = [helper.make_node(inner[0], ["a"], ["b"], domain=inner[1])]
        g.functions.append(helper.make_function("own", f"F{level}", ["a"], ["b"], body, opsets))
    with pytest.raises(ValueError, match="call others at most 32 deep"):
        netlet.onnx.load(g.model(g("F2999", "x", domain="own")))
    g = Graph(x=("n", 3))
    for level in range(24):  # 10 to the power of 24 nodes
        names = ["a", *(f"v{i}" for i in range(9)), "b"]
        inner = ("Relu", "") if level == 0 else (f"F{level - 1}", "own")
        body = [helper.make_node(inner[0], [p], [q], domain=inner[1]) for p, q in itertools.pairwise(names)]
        g.functions.append(helper.make_function("own", f"F{level}", ["a"], ["b"], body, opsets))
    with pytest.raises(ValueError, match="nodes with all functions expanded"):
        netlet.onnx.load(g.model(g("F23", "x", domain="own")))


def test_attributes_that_are_wrong() -> None:
    r = randoms()
    for attributes in ({"strides": [0, 0]}, {"pads": [1]}, {"dilations": [-1, 1]}, {"group": 0}, {"strides": [1]}):
        g = Graph(x=("n", 2, 5, 5))
        with pytest.raises(NAMED, match="Conv"):
            netlet.onnx.load(g.model(g("Conv", "x", r(3, 2, 3, 3), **attributes)))
    g = Graph(x=("n", 2, 5, 5))
    with pytest.raises(NAMED, match="Transpose"):
        netlet.onnx.load(g.model(g("Transpose", "x", perm=[0, 0, 1, 9])))
    proto = relu_model()
    proto.graph.node[0].attribute.add(name="a", type=AttributeProto.STRING, s=b"\xff\xfe")
    netlet.onnx.load(proto)  # nothing reads it


MUTATED = ["residual", "LSTM forward last", "transformer 17"]


@pytest.mark.parametrize("name", MUTATED)
def test_random_damage_gives_named_errors(name: str) -> None:
    data = bytearray(NETWORKS[name]()[0].SerializeToString())
    random = np.random.default_rng(sum(map(ord, name)))
    loaded = 0
    for trial in range(120):
        damaged = bytearray(data)
        if trial % 4 == 0:
            damaged = damaged[: random.integers(len(data))]
        for _ in range(random.integers(1, 4)):
            if damaged:
                # The structure is at the front and between the weights: one half of the damage hits names and numbers.
                damaged[random.integers(len(damaged) if trial % 2 else min(len(damaged), 600))] = random.integers(256)
        try:
            netlet.onnx.load(bytes(damaged))
            loaded += 1
        except NAMED:
            pass
    assert 0 < loaded < 120  # damaged weights and names load


def test_tensors_of_attributes_are_checked_too() -> None:
    g = Graph(x=("n", 3))
    value = numpy_helper.from_array(np.ones(3, np.float32))
    value.dims[0] = 1 << 45
    with pytest.raises(ValueError, match="attribute 'value' of ONNX node '/Constant_0'"):
        netlet.onnx.load(g.model(g("Add", "x", g("Constant", value=value))))


@pytest.mark.parametrize(
    ("op_type", "inputs", "message"),
    [
        ("MatMul", ["x"], "expected 2 inputs, received 1"),
        ("Mul", ["x", "x", "x"], "expected 2 inputs, received 3"),
        ("Concat", [], "expected at least 1 inputs, received 0"),
    ],
)
def test_nodes_with_a_wrong_number_of_inputs(op_type: str, inputs: list[str], message: str) -> None:
    g = Graph(x=("n", 3))
    with pytest.raises(ValueError, match=rf"ONNX node '/{op_type}_0' \({op_type}\): {message}"):
        netlet.onnx.load(g.model(g(op_type, *inputs)))


def test_inputs_of_a_negative_size() -> None:
    with pytest.raises(ValueError, match=r"ONNX input 'x': expected a shape, received \(-5, 3\)"):
        netlet.onnx.load(Graph(x=(-5, 3)).model("x"))


@pytest.mark.parametrize("field", [b"\x1a\x07/Relu_0", b"\x22\x04Relu", b"\x0a\x01x", b"\x0a\x06relu_0"])
def test_names_that_are_not_utf8(field: bytes) -> None:
    """The name of the node, of its operator, of the input, of the output, each with its tag and length."""
    data = relu_model().SerializeToString()
    assert field in data
    with pytest.raises(ValueError, match=r"ONNX model: expected names in UTF-8, received b'.*\\xbe'"):
        netlet.onnx.load(data.replace(field, field[:-1] + b"\xbe"))


def test_versions_that_are_no_int32() -> None:
    proto = relu_model()
    proto.graph.node[0].domain = "com.example"
    proto.opset_import.add(domain="com.example", version=1 << 40)
    with pytest.raises(NotImplementedError, match=r"com\.example\.Relu"):
        netlet.onnx.load(proto)


@pytest.mark.parametrize("op_type", ["LSTM", "Conv", "Gemm", "MatMul", "BatchNormalization"])
def test_inputs_that_need_more_weights_than_the_file_has(op_type: str) -> None:
    """Layers are built for the shape of their input, whose sizes are mere numbers in the file."""
    size, r = 2**31 - 1, randoms()
    shapes = {"Conv": (1, size, 4, 4), "LSTM": (4, 1, size), "BatchNormalization": (1, size, 4, 4)}
    g = Graph(x=shapes.get(op_type, (1, size)))
    weights = {
        "LSTM": [r(1, 24, 5), r(1, 24, 6)],
        "Conv": [r(2, 3, 2, 2)],
        "BatchNormalization": [r(3), r(3), r(3), r(3)],
    }
    with pytest.raises(ValueError, match=rf"\({op_type}\)"):
        netlet.onnx.load(g.model(g(op_type, "x", *weights.get(op_type, [r(3, 2)]))))

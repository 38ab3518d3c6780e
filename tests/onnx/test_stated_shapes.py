"""A file may state inputs of any shape: loading it takes no memory, and no time, in proportion to a mere number."""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import helper

import netlet
from support.onnx_graphs import Graph

HUGE = 1 << 40
F, I = "float32", "int64"


def scan_body() -> Any:
    x, y = (helper.make_tensor_value_info(name, 1, None) for name in "xy")
    return helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "body", [x], [y])


# {operator: (shapes and dtypes of x, y, z; the node)}
CASES: dict[str, tuple[list[Any], Callable[[Graph], Any]]] = {
    "Attention": (
        [(1, 1, 9, 4), (1, 1, HUGE, 4)],
        lambda g: g("Attention", "x", "y", "y", left_window_size=1, right_window_size=1),
    ),
    "Bernoulli": ([(HUGE, 3)], lambda g: g("Bernoulli", "x")),
    "Col2Im": ([(HUGE, 1, 1)], lambda g: g("Col2Im", "x", np.array([1, 1]), np.array([1, 1]))),
    "Dropout": ([(HUGE, 3)], lambda g: g("Dropout", "x", np.float32(0.5), np.array(True))),
    "EyeLike": ([(HUGE, 3)], lambda g: g("EyeLike", "x", dtype=1)),
    "GatherND": ([(HUGE, 3), ((HUGE, 1), I)], lambda g: g("GatherND", "x", "y", batch_dims=1)),
    "GridSample": ([(HUGE, 1, 2, 2), (HUGE, 2, 2, 2)], lambda g: g("GridSample", "x", "y")),
    "GRU": (
        [(HUGE, 1, 1), ((1,), "int32")],
        lambda g: g("GRU", "x", np.ones((1, 3, 1), F), np.ones((1, 3, 1), F), None, "y", hidden_size=1, outputs=2)[0],
    ),
    "LSTM": (
        [(HUGE, 1, 1), (1, 1, 1)],
        lambda g: g("LSTM", "x", np.ones((1, 4, 1), F), np.ones((1, 4, 1), F), clip=1.0, hidden_size=1, outputs=2)[0],
    ),
    "LRN": ([(1, HUGE, 2, 2)], lambda g: g("LRN", "x", size=3)),
    "MaxPool": ([(HUGE, 1, 4)], lambda g: g("MaxPool", "x", kernel_shape=[2], outputs=2)[0]),
    "MaxUnpool": ([(HUGE, 1, 4), ((HUGE, 1, 4), I)], lambda g: g("MaxUnpool", "x", "y", kernel_shape=[2])),
    "Multinomial": ([(HUGE, 3)], lambda g: g("Multinomial", "x", dtype=6)),
    "NonZero": ([(HUGE, 3)], lambda g: g("NonZero", "x")),
    "RandomNormalLike": ([(HUGE, 3)], lambda g: g("RandomNormalLike", "x")),
    "ReverseSequence": ([(HUGE, 2)], lambda g: g("ReverseSequence", "x", np.array([1, 2]))),
    "Scan": ([(HUGE, 2)], lambda g: g("Scan", "x", body=scan_body(), num_scan_inputs=1)),
    "ScatterElements": ([(9,), ((HUGE,), I), (HUGE,)], lambda g: g("ScatterElements", "x", "y", "z")),
    "SplitToSequence": ([(HUGE, 2)], lambda g: g("SequenceAt", g("SplitToSequence", "x"), np.array(0))),
    "TensorScatter": ([(2, 2, 2), (HUGE, 1, 2)], lambda g: g("TensorScatter", "x", "y")),
    "Tile": ([(1, HUGE)], lambda g: g("Mul", "x", g("Tile", np.ones((1, 1), F), g("Shape", "x")))),
    "Trilu": ([(HUGE, HUGE)], lambda g: g("Trilu", "x")),
}  # fmt: skip


@pytest.mark.parametrize("op_type", CASES)
def test_inputs_of_any_shape(op_type: str) -> None:
    shapes, node = CASES[op_type]
    g = Graph(opset=24, **dict(zip("xyz", shapes, strict=False)))
    proto = g.model(node(g))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=rf"\({op_type}\).*at most \d+ (elements|steps or parts)"):
        netlet.onnx.load(proto)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB


# {operator: (shape of x; the node)}
ATTRIBUTES: dict[str, tuple[Any, Callable[[Graph], Any]]] = {
    "AveragePool": ((1, 1, 8), lambda g: g("AveragePool", "x", kernel_shape=[HUGE], pads=[1, 2])),
    "Col2Im": ((1, 9, 1), lambda g: g("Col2Im", "x", np.array([3]), np.array([HUGE]))),
    "ConvTranspose": (
        (1, 1, 8),
        lambda g: g("ConvTranspose", "x", np.ones((1, 1, 2), F), strides=[10**8], output_shape=[10]),
    ),
    "LpPool": ((1, 1, 8), lambda g: g("LpPool", "x", kernel_shape=[2], dilations=[-HUGE])),
    "MaxPool": ((1, 1, 8), lambda g: g("MaxPool", "x", kernel_shape=[HUGE], outputs=2)[0]),
    "Range": ((1,), lambda g: g("Range", np.array(0.0, F), np.array(1e8, F), g("ReduceMax", "x", keepdims=0))),
    "Scan": ((3, 2), lambda g: g("Scan", "x", body=scan_body(), num_scan_inputs=HUGE)),
    "Split": ((8,), lambda g: g("Split", "x", num_outputs=HUGE)),
    "STFT": ((1, 8, 1), lambda g: g("STFT", "x", np.array(1), None, np.array(HUGE))),
}


@pytest.mark.parametrize("op_type", ATTRIBUTES)
def test_attributes_of_any_size(op_type: str) -> None:
    shape, node = ATTRIBUTES[op_type]
    g = Graph(opset=20, x=shape)
    with pytest.raises(ValueError, match=rf"\({op_type}\).*(at (most|least) \d+|num_scan_inputs)"):
        netlet.onnx.load(g.model(node(g)))


def test_n_grams_that_are_longer_than_the_text() -> None:
    sizes = {"min_gram_length": -HUGE, "max_gram_length": HUGE, "max_skip_count": HUGE, "mode": "TF"}
    known = {"ngram_counts": [0, 1], "ngram_indexes": [0, 1], "pool_int64s": [7, 7, 8]}
    g = Graph(x=(("n", 3), I))
    model = netlet.onnx.load(g.model(g("TfIdfVectorizer", "x", **sizes, **known)))
    assert model(np.array([[7, 0, 8], [1, 7, 8]])).tolist() == [[1, 1], [1, 1]]


def test_a_loop_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netlet.onnx.node._MOST_STEPS", 100)  # 16,384 steps take seconds
    step, going, x, y = (helper.make_tensor_value_info(n, t, None) for n, t in zip("igxy", (7, 9, 1, 1), strict=True))
    nodes = [helper.make_node("Neg", ["x"], ["y"]), helper.make_node("Identity", ["g"], ["g_out"])]
    body = helper.make_graph(nodes, "body", [step, going, x], [helper.make_tensor_value_info("g_out", 9, None), y])
    g = Graph(x=("n", 2))
    proto = g.model(g("Loop", np.array(HUGE), np.array(True), "x", body=body))
    with pytest.raises(ValueError, match=r"\(Loop\).*at most \d+ steps"):
        netlet.onnx.load(proto)

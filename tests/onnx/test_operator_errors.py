"""What goes wrong in an operator names the node, its operator and what was expected."""

from __future__ import annotations

import re

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import helper  # noqa: E402

from netlet.onnx import backend  # noqa: E402

F = np.float32
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 2 2\n%%EndComments\nshowpage\n%%EOF\n"
LARGE_IMAGE = b"P6\n8000 8000\n255\n"
CASES = [
    ("Add", [np.ones((2, 3), F), np.ones((4,), F)], {}, "do not broadcast"),
    ("MatMul", [np.ones((2, 3), F), np.ones((2, 3), F)], {}, "summed axes"),
    ("Conv", [np.ones((1, 1, 5, 5), F), np.ones((1, 1, 3, 3), F)], {"strides": [1]}, "kernel_shape, strides"),
    ("Conv", [np.ones((1, 2, 5, 5), F), np.ones((1, 3, 3, 3), F)], {}, "channels"),
    ("Squeeze", [np.ones((2, 3), F), np.array([0])], {}, "expected dimension 0 to be 1, received shape (2, 3)"),
    ("Reshape", [np.ones((2, 3), F), np.array([5])], {}, "6 elements"),
    ("Pad", [np.ones((2,), F), np.array([1, 1])], {"mode": "mirror"}, "received 'mirror'"),
    ("Resize", [np.ones((1, 1, 2, 2), F)], {}, "expected scales or sizes, received neither"),
    ("Resize", [np.ones((2,), F), None, np.array([2.0], F)], {"mode": "sinc"}, "received 'sinc'"),
    ("ScatterND", [np.ones(3, F), np.array([[0]]), np.ones(1, F)], {"reduction": "mean"}, "received 'mean'"),
    ("LSTM", [np.ones((2, 1, 3), F), np.ones((1, 8, 3), F), np.ones((1, 8, 2), F)], {"direction": "up"}, "'up'"),
    ("RNN", [np.ones((2, 1, 3), F), np.ones((1, 2, 3), F), np.ones((1, 2, 2), F)], {"activations": ["Cube"]}, "cube"),
    ("Attention", [np.ones((1, 2, 4), F)] * 3, {}, "q_num_heads and kv_num_heads"),
    ("OptionalGetElement", [None], {}, "empty optional"),
    ("RegexFullMatch", [np.array(["a"], object)], {"pattern": "("}, "expected a regular expression"),
    ("ImageDecoder", [np.zeros(4, np.uint8)], {}, "expected an image file"),
    ("ImageDecoder", [np.frombuffer(EPS, np.uint8)], {}, "expected one of the formats BMP, JPEG,"),
    ("ImageDecoder", [np.frombuffer(LARGE_IMAGE, np.uint8)], {}, "received shape (8000, 8000, 3)"),
    ("Constant", [], {}, "expected one of the attributes value"),
    ("Add", [np.array([2**63], np.uint64), np.array([1], np.uint64)], {}, "within int64"),
    ("Cast", [np.ones(2, F)], {"to": 99}, "received number 99"),
    ("Relu", [np.ones(2, F), np.ones(2, F)], {}, "expected 1 inputs, received 2"),
    ("GatherElements", [np.ones((2, 3), F), np.zeros((1, 1, 1), int)], {}, "float32 (2, 3), int64 (1, 1, 1)"),
]


@pytest.mark.parametrize(("name", "inputs", "attributes", "text"), CASES, ids=[f"{c[0]}-{c[3][:12]}" for c in CASES])
def test_the_error_names_the_node_and_what_was_expected(name, inputs, attributes, text):
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
    node = helper.make_node(name, names, ["y"], name="third", **attributes)
    with pytest.raises(ValueError, match=re.escape(text)) as caught:
        backend.run_node(node, [x for x in inputs if x is not None])
    assert f"ONNX node 'third' ({name})" in str(caught.value)


WIDE = {
    "MaxPool": {"kernel_shape": [1], "pads": [0, 1 << 40]},
    "Conv": {"pads": [0, 1 << 40]},
    "RandomUniform": {"shape": [1 << 40]},
}


def test_a_constant_whose_shape_is_a_value_is_bounded():
    for name, inputs in {
        "ConstantOfShape": [np.array([1 << 40])],
        "Expand": [np.ones(1, F), np.array([1 << 40])],
        "Tile": [np.ones(1, F), np.array([1 << 40])],
        "Range": [np.array(0), np.array(1 << 40), np.array(1)],
        "OneHot": [np.array([0]), np.array(1 << 40), np.array([0, 1])],
        "Resize": [np.ones((1,), F), None, None, np.array([1 << 40])],
        "Pad": [np.ones(1, F), np.array([0, 1 << 40])],
        "CenterCropPad": [np.ones(1, F), np.array([1 << 40])],
        "MaxPool": [np.ones((1, 1, 1), F)],
        "Conv": [np.ones((1, 1, 1), F), np.ones((1, 1, 1), F)],
        "RandomUniform": [],
        "HannWindow": [np.array(1 << 40)],
        "DFT": [np.ones((1, 4, 1), F), np.array(1 << 40)],
        "MaxUnpool": [np.ones((1, 1, 1), F), np.zeros((1, 1, 1), np.int64), np.array([1, 1, 1 << 40])],
        "Col2Im": [np.ones((1, 1, 1), F), np.array([1 << 40]), np.array([1])],
        "MelWeightMatrix": [np.array(1 << 40), np.array(8), np.array(8000), np.array(0.0, F), np.array(1.0, F)],
    }.items():
        names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
        attributes = {"MaxUnpool": {"kernel_shape": [1]}, **WIDE}.get(name, {})
        node = helper.make_node(name, names, ["y"], name="third", **attributes)
        with pytest.raises(ValueError, match=rf"'third' \({name}\).*at most \d+ elements"):
            backend.run_node(node, [x for x in inputs if x is not None])

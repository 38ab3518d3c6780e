"""Operators with attributes and shapes that ONNX's node cases leave out, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import helper  # noqa: E402

from netlet.onnx import backend  # noqa: E402

F = np.float32


def check(name, inputs, attributes=None, opset=18, outputs=1, atol=1e-6):
    """netlet's outputs of one node are ONNX Runtime's."""
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
    feeds = {n: x for n, x in zip(names, inputs) if x is not None}
    node = helper.make_node(name, names, [f"y{i}" for i in range(outputs)], **(attributes or {}))
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in feeds.items()],
        [helper.make_empty_tensor_value_info(y) for y in node.output],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    expected = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)
    for y, e in zip(backend.run_model(model, feeds), expected, strict=True):
        assert (y.shape, y.dtype) == (e.shape, e.dtype)
        np.testing.assert_allclose(y, e, rtol=1e-5, atol=atol)


@pytest.fixture(params=range(6))
def rng(request):
    return np.random.default_rng(request.param)


def normal(rng, *shape):
    return rng.normal(size=shape).astype(F)


def test_max_roi_pool(rng):
    """Some regions lie outside the image, some have cells without elements."""
    corners = [rng.uniform(-1, 10, (5, 2)), rng.uniform(3, 14, (5, 2))]
    rois = np.concatenate([rng.integers(0, 2, (5, 1)), *corners], axis=1).astype(F)
    check("MaxRoiPool", [normal(rng, 2, 3, 9, 11), rois], {"pooled_shape": [3, 2], "spatial_scale": 0.7})


def test_slices_whose_ends_are_outside(rng):
    x = normal(rng, 2, 3, 4)
    starts, ends = rng.integers(-6, 6, 3), rng.integers(-9, 9, 3)
    check("Slice", [x, starts, ends, np.array([0, -2, 2]), rng.choice([-2, -1, 1, 2], 3)], opset=13)


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("places", ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
def test_resize_to_sizes_of_which_one_is_1(rng, mode, places):
    sizes = np.array([1, 2, 1, rng.integers(2, 12)])
    attributes = {"mode": mode, "coordinate_transformation_mode": places}
    check("Resize", [normal(rng, 1, 2, 5, 4), None, None, sizes], attributes, atol=1e-5)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_convolutions_and_poolings_with_automatic_padding(rng, auto_pad):
    x, w = normal(rng, 2, 4, 7, 6), normal(rng, 6, 2, 3, 2)
    strides = rng.integers(1, 3, 2).tolist()
    check("Conv", [x, w, normal(rng, 6)], {"group": 2, "strides": strides, "auto_pad": auto_pad}, atol=1e-5)
    pool = {"kernel_shape": [3, 2], "strides": strides, "auto_pad": auto_pad}
    check("MaxPool", [x], pool)
    check("AveragePool", [x], {**pool, "count_include_pad": 1})
    check("AveragePool", [x], pool)


def test_windows_that_begin_in_the_image_only(rng):
    x, kernel, strides = normal(rng, 1, 2, 7, 8), [3, 2], rng.integers(1, 4, 2).tolist()
    pool = {"kernel_shape": kernel, "strides": strides, "pads": [1, 0, 2, 1], "ceil_mode": 1}
    check("MaxPool", [x], pool)
    check("MaxPool", [x], {**pool, "dilations": [2, 1], "ceil_mode": 0}, outputs=2)


def test_transposed_convolutions_with_groups_and_output_padding(rng):
    attributes = {"group": 2, "strides": [2, 3], "dilations": [2, 1], "output_padding": [1, 2], "pads": [1, 0, 0, 1]}
    check("ConvTranspose", [normal(rng, 2, 4, 5, 4), normal(rng, 4, 3, 2, 3)], attributes, atol=1e-5)


@pytest.mark.parametrize(("name", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_recurrent_nodes_with_lengths_and_states(rng, name, gates, clip):
    steps, rows, size, units = 4, 3, 2, 5
    shapes = [(steps, rows, size), (2, gates * units, size), (2, gates * units, units), (2, 2 * gates * units)]
    inputs = [normal(rng, *s) for s in shapes]
    inputs += [rng.integers(1, steps + 1, rows).astype(np.int32), normal(rng, 2, rows, units)]
    attributes = {"hidden_size": units, "direction": "bidirectional"} | ({} if clip is None else {"clip": clip})
    if name == "LSTM":
        inputs += [normal(rng, 2, rows, units), normal(rng, 2, 3 * units)]
    check(name, inputs, attributes, outputs=3 if name == "LSTM" else 2, atol=1e-5)
    if name == "GRU":
        check(name, inputs, {**attributes, "linear_before_reset": 1}, outputs=2, atol=1e-5)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_integers_divide_as_c_does(rng, dtype):
    a, b = rng.integers(-20, 20, (3, 4)).astype(dtype), (rng.choice([-3, -2, 2, 5], 4)).astype(dtype)
    check("Div", [a, b])
    check("Mod", [a, b])
    check("Mod", [a, b], {"fmod": 1})
    check("Pow", [a, np.abs(b)])


def test_the_softmax_of_older_opsets_is_over_all_later_axes(rng):
    for name in ("Softmax", "LogSoftmax", "Hardmax"):
        check(name, [normal(rng, 2, 3, 4)], {"axis": 1}, opset=11)

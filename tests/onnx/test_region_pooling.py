"""MaxRoiPool, for which ONNX has no node cases, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper  # noqa: E402

from netlet.onnx import backend  # noqa: E402


@pytest.mark.parametrize("seed", range(5))
def test_it_is_onnx_runtimes(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 3, 9, 11)).astype("float32")
    corners = [rng.uniform(-1, 10, (5, 2)), rng.uniform(3, 14, (5, 2))]  # some outside, some with cells of nothing
    rois = np.concatenate([rng.integers(0, 2, (5, 1)), *corners], axis=1).astype("float32")
    node = helper.make_node("MaxRoiPool", ["x", "rois"], ["y"], pooled_shape=[3, 2], spatial_scale=0.7)
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in (("x", x), ("rois", rois))]
    graph = helper.make_graph([node], "g", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x, "rois": rois})
    np.testing.assert_array_equal(backend.run_model(model, [x, rois])[0], expected)

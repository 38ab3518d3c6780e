"""Linear models, scaling and forests of ai.onnx.ml: ONNX Runtime is the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

import netlet
from netlet.onnx import backend

X = np.array([[0.5, -1.0, 2.0], [0.0, 0.0, 0.0], [-3.0, 1.5, 0.25], [1.0, 4.0, -0.5]], np.float32)


def model_of(op_type: str, outputs: int, **attributes: Any) -> Any:
    node = helper.make_node(op_type, ["x"], ["y", "z"][:outputs], domain="ai.onnx.ml", **attributes)
    kinds = [TensorProto.FLOAT] if outputs == 1 else [TensorProto.INT64, TensorProto.FLOAT]
    values = [helper.make_tensor_value_info(name, kind, None) for name, kind in zip("yz", kinds)]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(helper.make_graph([node], "g", [x], values), opset_imports=opsets, ir_version=8)


def check(proto: Any, x: np.ndarray = X) -> None:
    wanted = onnxruntime.InferenceSession(proto.SerializeToString()).run(None, {"x": x})
    got = netlet.onnx.load(proto).predict(x, verbose=0)
    for g, w in zip(got if len(wanted) > 1 else [got], wanted, strict=True):
        assert np.asarray(g).dtype == w.dtype
        np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("norm", ["L1", "L2", "MAX"])
def test_normalizer(norm: str) -> None:
    check(model_of("Normalizer", 1, norm=norm), np.abs(X) if norm == "MAX" else X)


def test_scaler() -> None:
    check(model_of("Scaler", 1, offset=[1.0, 0.0, -2.0], scale=[0.5, 2.0, 3.0]))


def test_imputer() -> None:
    x = X.copy()
    x[1, 2] = x[3, 0] = np.nan
    check(model_of("Imputer", 1, imputed_value_floats=[1.0, 2.0, 3.0], replaced_value_float=float("nan")), x)


@pytest.mark.parametrize("post", ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"])
@pytest.mark.parametrize("classes", [2, 3])
def test_linear_classifier(classes: int, post: str) -> None:
    numbers = np.linspace(-1, 1, 4 * classes).tolist()
    labels = {"classlabels_ints": [5, 7, 9][:classes], "post_transform": post}
    check(model_of("LinearClassifier", 2, coefficients=numbers[classes:], intercepts=numbers[:classes], **labels))


@pytest.mark.parametrize("post", ["NONE", "LOGISTIC"])
def test_linear_classifier_of_two_classes_with_one_score(post: str) -> None:
    labels = {"classlabels_ints": [0, 1], "post_transform": post}
    check(model_of("LinearClassifier", 2, coefficients=[0.3, -0.2, 0.5], intercepts=[0.1], **labels))


@pytest.mark.parametrize("targets", [1, 2])
def test_linear_regressor(targets: int) -> None:
    numbers = np.linspace(-1, 1, 4 * targets).tolist()
    check(model_of("LinearRegressor", 1, coefficients=numbers[targets:], intercepts=numbers[:targets], targets=targets))


TREE: dict[str, Any] = {
    "nodes_treeids": [0] * 5 + [1] * 3,
    "nodes_nodeids": [0, 1, 2, 3, 4, 0, 1, 2],
    "nodes_featureids": [0, 1, 0, 0, 0, 2, 0, 0],
    "nodes_values": [0.5, 0.0, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0],
    "nodes_modes": ["BRANCH_LEQ", "BRANCH_GT", "LEAF", "LEAF", "LEAF", "BRANCH_LT", "LEAF", "LEAF"],
    "nodes_truenodeids": [1, 3, 0, 0, 0, 1, 0, 0],
    "nodes_falsenodeids": [2, 4, 0, 0, 0, 2, 0, 0],
}
LEAVES = {"treeids": [0, 0, 0, 1, 1], "nodeids": [2, 3, 4, 1, 2], "weights": [0.1, 0.6, -0.3, 0.25, 0.5]}


@pytest.mark.parametrize("how", ["SUM", "AVERAGE", "MIN", "MAX"])
def test_regression_forest(how: str) -> None:
    targets: dict[str, Any] = {f"target_{name}": value for name, value in LEAVES.items()}
    check(
        model_of("TreeEnsembleRegressor", 1, **TREE, **targets, target_ids=[0] * 5, n_targets=1, aggregate_function=how)
    )


@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("ids", [[0] * 5, [1] * 5, [2, 1, 0, 2, 1]])
def test_classification_forest(ids: list[int], positive: bool) -> None:
    classes = {f"class_{name}": value for name, value in LEAVES.items()}
    if positive:
        classes["class_weights"] = np.abs(LEAVES["weights"]).tolist()
    labels = [3, 4, 5] if max(ids) == 2 else [3, 4]
    check(model_of("TreeEnsembleClassifier", 2, **TREE, **classes, class_ids=ids, classlabels_int64s=labels))


def test_labels_that_are_texts_are_for_the_backend() -> None:
    classes = {f"class_{name}": value for name, value in LEAVES.items()}
    ids, labels = [2, 1, 0, 2, 1], ["a", "b", "c"]
    proto = model_of("TreeEnsembleClassifier", 2, **TREE, **classes, class_ids=ids, classlabels_strings=labels)
    proto.graph.output[0].type.tensor_type.elem_type = TensorProto.STRING
    with pytest.raises(NotImplementedError, match=r"'y' \(.*TreeEnsembleClassifier\): its labels are texts"):
        netlet.onnx.load(proto)
    want = onnxruntime.InferenceSession(proto.SerializeToString()).run(None, {"x": X})
    assert list(backend.prepare(proto).run([X])[0]) == list(want[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodes_truenodeids": [1, 9, 0, 0, 0, 1, 0, 0]}, r"children that exist, received \(tree, node\) \(0, 9\)"),
        ({"nodes_featureids": [0, 1, 0, 0, 0, 3, 0, 0]}, r"expected at least 4 features, received shape \(\d+, 3\)"),
        ({"nodes_modes": ["BRANCH_MEMBER", *TREE["nodes_modes"][1:]]}, r"received \['BRANCH_MEMBER'\]"),
        ({"nodes_truenodeids": [1, 1, 0, 0, 0, 1, 0, 0]}, "expected trees, received nodes in a cycle"),
    ],
)
def test_a_damaged_forest_is_named(change: dict[str, Any], message: str) -> None:
    targets = {f"target_{name}": value for name, value in LEAVES.items()}
    proto = model_of("TreeEnsembleRegressor", 1, **{**TREE, **change}, **targets, target_ids=[0] * 5, n_targets=1)
    with pytest.raises(ValueError, match=message):
        netlet.onnx.load(proto)

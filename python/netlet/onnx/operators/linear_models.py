"""Linear models and the scaling around them (ai.onnx.ml), as scikit-learn's are converted by skl2onnx."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops
from netlet.engine.graph import KerasTensor

from ..node import Node
from .registry import operator
from .values import constant

DOMAIN = "ai.onnx.ml"


@operator("Scaler", domain=DOMAIN)
def scaler(node: Node, x: Any) -> Any:
    """(x - offset) * scale."""
    offset, scale = (np.array(node.attribute(name, [default]), np.float32) for name, default in _SCALING)
    return ops.multiply(ops.subtract(_floats(x), offset), scale)


_SCALING = (("offset", 0.0), ("scale", 1.0))


@operator("Normalizer", domain=DOMAIN)
def normalizer(node: Node, x: Any) -> Any:
    """Each row divided by its largest element, its sum of absolute values or its length; a row of zeros stays."""
    norm, x = node.attribute("norm", "MAX"), _floats(x)
    if norm == "L1":
        size = ops.sum(ops.abs(x), axis=-1, keepdims=True)
    elif norm == "L2":
        size = ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True))
    elif norm == "MAX":
        size = ops.max(x, axis=-1, keepdims=True)
    else:
        raise node.error(f"expected norm to be 'MAX', 'L1' or 'L2', received {norm!r}.")
    return ops.divide(x, ops.where(ops.equal(size, 0.0), ops.ones_like(size), size))


@operator("Imputer", domain=DOMAIN)
def imputer(node: Node, x: Any) -> Any:
    """Values in place of those that are absent."""
    floats = node.attribute("imputed_value_floats")
    values = np.array(node.attribute("imputed_value_int64s") if floats is None else floats, str(x.dtype))
    absent = node.attribute("replaced_value_float" if floats is not None else "replaced_value_int64", 0)
    found = ops.isnan(x) if absent != absent else ops.equal(x, absent)
    return ops.where(found, values, x)


@operator("LinearRegressor", domain=DOMAIN)
def linear_regressor(node: Node, x: Any) -> Any:
    """x times coefficients, plus intercepts."""
    kernel, bias = linear_weights(node, node.attribute("targets", 1))
    return transformed(node, ops.add(ops.matmul(_floats(x), kernel), bias))


@operator("LinearClassifier", domain=DOMAIN)
def linear_classifier(node: Node, x: Any) -> Any:
    """The class with the greatest x times coefficients plus intercept, and these scores of all classes."""
    kernel, bias = linear_weights(node, None)
    return classified(node, ops.add(ops.matmul(_floats(x), kernel), bias))


def linear_weights(node: Node, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The coefficients (features, targets) and intercepts (targets,) of a node's attributes.

    Args:
        node: the node.
        count: number of targets; None: that of the intercepts, else of the classes.
    """
    coefficients = np.array(node.attribute("coefficients"), np.float32)
    intercepts = node.attribute("intercepts")
    count = count or len(intercepts or labels_of(node)) or 1
    if coefficients.size % count:
        raise node.error(f"expected coefficients of {count} targets, received {coefficients.size} numbers.")
    bias = np.array(intercepts if intercepts else [0.0] * count, np.float32)
    return np.ascontiguousarray(coefficients.reshape(count, -1).T), bias


def labels_of(node: Node) -> list[Any]:
    """The labels of a classifier's classes."""
    names = ("classlabels_ints", "classlabels_int64s", "classlabels_strings")
    return next((found for name in names if (found := node.attribute(name))), [])


def classified(node: Node, scores: Any, center: float = 0.0, doubled: bool = False) -> tuple[Any, Any]:
    """The labels (N,) and the scores (N, classes) of a classifier.

    Args:
        node: the node, with its labels and `post_transform`.
        scores: (N, classes), or (N, 1) of the second of two classes.
        center: which score chooses the second class where there is one score.
        doubled: whether the first class then has minus the score of the second, else 1 minus it.
    """
    labels = labels_of(node)
    if scores.shape[1] == 1 and len(labels) == 2:
        index = ops.cast(ops.greater(scores[:, 0], center), "int64")
        logistic = node.attribute("post_transform", "NONE") == "LOGISTIC"
        first = ops.negative(scores) if doubled or logistic else ops.subtract(1.0, scores)
        scores = ops.concatenate([first, scores], axis=1)
    else:
        index = ops.cast(ops.argmax(scores, axis=1), "int64")
    if labels and isinstance(labels[0], str):
        if isinstance(index, KerasTensor):
            raise NotImplementedError(
                f"{node}: its labels are texts, which a Model does not look up; convert the classifier with integer "
                "labels, or run it by netlet.onnx.backend."
            )
        chosen = np.array(labels, object)[constant(node, index, "Y")]
    else:
        chosen = ops.take(np.array(labels or range(scores.shape[1]), np.int64), index)
    return chosen, transformed(node, scores)


def transformed(node: Node, scores: Any) -> Any:
    """Scores after the node's `post_transform`."""
    how = node.attribute("post_transform", "NONE")
    if how == "NONE":
        return scores
    if how == "LOGISTIC":
        return ops.sigmoid(scores)
    if how == "SOFTMAX":
        return ops.softmax(scores, axis=-1)
    if how == "SOFTMAX_ZERO":  # scores of 0 stay 0
        zero = ops.equal(scores, 0.0)
        powers = ops.where(zero, 0.0, ops.exp(ops.subtract(scores, ops.max(scores, axis=-1, keepdims=True))))
        return ops.divide(powers, ops.sum(powers, axis=-1, keepdims=True))
    raise node.error(f"expected post_transform to be NONE, LOGISTIC, SOFTMAX or SOFTMAX_ZERO, received {how!r}.")


def _floats(x: Any) -> Any:
    return x if str(x.dtype) == "float32" else ops.cast(x, "float32")

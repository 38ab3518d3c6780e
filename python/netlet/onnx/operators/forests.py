"""Forests of decision trees before opset 5 of ai.onnx.ml: TreeEnsembleClassifier and TreeEnsembleRegressor.

Each step takes all samples one level down in all trees. It is made of gathers and comparisons alone, so that it is
recorded in a plan. A leaf is its own child; the number of steps is the depth of the deepest tree.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netlet import ops

from ..node import Node
from .linear_models import DOMAIN, classified, labels_of, transformed
from .registry import operator

_COMPARES = {
    "BRANCH_LEQ": ops.less_equal,
    "BRANCH_LT": ops.less,
    "BRANCH_GTE": ops.greater_equal,
    "BRANCH_GT": ops.greater,
    "BRANCH_EQ": ops.equal,
    "BRANCH_NEQ": ops.not_equal,
}


class _Forest(NamedTuple):
    """The nodes of all trees.

    Attributes:
        places: {(tree, node): its index in the arrays}.
        modes: how a node compares; "LEAF".
        features, splits: what it compares.
        true, false: its children.
        absent: whether NaN goes to the true one.
        roots: the first node of each tree.
        depth: number of steps to the deepest leaf.
    """

    places: dict[tuple[int, int], int]
    modes: np.ndarray
    features: np.ndarray
    splits: np.ndarray
    true: np.ndarray
    false: np.ndarray
    absent: np.ndarray
    roots: np.ndarray
    depth: int


def _forest(node: Node) -> _Forest:
    trees = node.attribute("nodes_treeids")
    places = {key: i for i, key in enumerate(zip(trees, node.attribute("nodes_nodeids"), strict=True))}
    modes = np.array(node.attribute("nodes_modes"))
    unknown = set(modes.tolist()) - {*_COMPARES, "LEAF"}
    if unknown:
        raise node.error(f"expected nodes_modes among {', '.join([*_COMPARES, 'LEAF'])}, received {sorted(unknown)}.")
    own = list(range(len(modes)))
    leaf = modes == "LEAF"
    try:
        true, false = (
            np.array([i if leaf[i] else places[tree, child] for i, tree, child in zip(own, trees, ids, strict=True)])
            for ids in (node.attribute("nodes_truenodeids"), node.attribute("nodes_falsenodeids"))
        )
    except KeyError as error:
        raise node.error(f"expected children that exist, received (tree, node) {error}.") from error
    entered = {*true[~leaf].tolist(), *false[~leaf].tolist()}
    roots = np.array([i for i in own if i not in entered])
    depth, at = 0, roots
    while len(at := at[~leaf[at]]):
        at, depth = np.unique(np.concatenate([true[at], false[at]])), depth + 1
        if depth > len(modes):
            raise node.error("expected trees, received nodes in a cycle.")
    absent = np.array(node.attribute("nodes_missing_value_tracks_true") or [0] * len(modes), bool)
    features = np.array(node.attribute("nodes_featureids"), np.int64)
    splits = np.array(node.attribute("nodes_values"), np.float32)
    return _Forest(places, modes, features, splits, true, false, absent, roots, depth)


def _leaves(node: Node, x: Any, forest: _Forest) -> Any:
    """The leaf that each sample reaches in each tree: (samples, trees)."""
    x = x if str(x.dtype) == "float32" else ops.cast(x, "float32")
    if forest.features.max(initial=0) >= x.shape[1]:
        raise node.error(f"expected at least {forest.features.max() + 1} features, received shape {tuple(x.shape)}.")
    used = [mode for mode in _COMPARES if mode in forest.modes]
    at = ops.add(ops.cast(ops.zeros_like(x[:, :1]), "int64"), forest.roots[None, :])
    for _ in range(forest.depth):
        value = ops.take_along_axis(x, ops.take(forest.features, at), axis=1)
        split = ops.take(forest.splits, at)
        true = _COMPARES[used[0]](value, split)
        for mode in used[1:]:
            true = ops.where(ops.take(forest.modes == mode, at), _COMPARES[mode](value, split), true)
        if forest.absent.any():
            true = ops.logical_or(true, ops.logical_and(ops.take(forest.absent, at), ops.isnan(value)))
        at = ops.where(true, ops.take(forest.true, at), ops.take(forest.false, at))
    return at


def _totals(node: Node, x: Any, kind: str, count: int) -> Any:
    """(samples, count): the weights of the leaves, summed over the trees, or their mean, least or greatest."""
    forest = _forest(node)
    node.check_size((len(forest.modes), count))
    weights = np.zeros((len(forest.modes), count), np.float32)
    leaves = zip(node.attribute(f"{kind}_treeids"), node.attribute(f"{kind}_nodeids"), strict=True)
    rows = [forest.places[leaf] for leaf in leaves]
    np.add.at(weights, (rows, node.attribute(f"{kind}_ids")), node.attribute(f"{kind}_weights"))
    of_leaves = ops.take(weights, _leaves(node, x, forest), axis=0)
    how = node.attribute("aggregate_function", "SUM")
    functions = {"SUM": ops.sum, "AVERAGE": ops.sum, "MIN": ops.min, "MAX": ops.max}
    if how not in functions:
        raise node.error(f"expected aggregate_function among {', '.join(functions)}, received {how!r}.")
    total = functions[how](of_leaves, axis=1)
    total = ops.divide(total, float(len(forest.roots))) if how == "AVERAGE" else total
    base = node.attribute("base_values")
    return ops.add(total, np.array(base, np.float32)) if base else total


@operator("TreeEnsembleRegressor", domain=DOMAIN)
def tree_ensemble_regressor(node: Node, x: Any) -> Any:
    return transformed(node, _totals(node, x, "target", node.attribute("n_targets", 1)))


@operator("TreeEnsembleClassifier", domain=DOMAIN)
def tree_ensemble_classifier(node: Node, x: Any) -> Any:
    """With two classes there may be weights of one alone: probabilities if all are positive, else scores around 0.

    If they are those of the second class, the first has the score 0, as in ONNX Runtime.
    """
    ids, classes = set(node.attribute("class_ids")), len(labels_of(node))
    if classes != 2 or len(ids) != 1:
        return classified(node, _totals(node, x, "class", classes))
    positive = min(node.attribute("class_weights")) >= 0
    totals = _totals(node, x, "class", max(ids) + 1)
    chosen, scores = classified(node, totals[:, -1:], 0.5 if positive else 0.0, doubled=not positive)
    return chosen, scores if max(ids) == 0 else transformed(node, totals)

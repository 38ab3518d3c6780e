"""Ensembles of decision trees (ai.onnx.ml): all samples walk down all trees at once, one level a step."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .registry import operator
from .values import constant

LESS_EQUAL, LESS, GREATER_EQUAL, GREATER, EQUAL, NOT_EQUAL, MEMBER = range(7)
SUM, MEAN, LEAST, MOST = 1, 0, 2, 3


def _members(node: Node, modes: np.ndarray) -> dict[int, list[float]]:
    """{node: the values} of the nodes that ask whether a feature is one of several values."""
    values = node.attribute("membership_values", None)
    if values is None:
        return {}
    ends = np.flatnonzero(np.isnan(values))
    sets = np.split(values, ends + 1)
    return {
        int(at): one[~np.isnan(one)].tolist() for at, one in zip(np.flatnonzero(modes == MEMBER), sets, strict=False)
    }


def _goes_true(
    x: np.ndarray, at: np.ndarray, modes: np.ndarray, splits: np.ndarray, sets: dict[int, list[float]]
) -> Any:
    """Whether features x, at nodes `at`, take the true branch."""
    mode, split = modes[at], splits[at]
    with np.errstate(invalid="ignore"):
        result = np.select(
            [mode == m for m in (LESS_EQUAL, LESS, GREATER_EQUAL, GREATER, EQUAL, NOT_EQUAL)],
            [x <= split, x < split, x >= split, x > split, x == split, x != split],
            False,
        )
    for member, values in sets.items():
        here = at == member
        result[here] = np.isin(x[here], values)
    return result


@operator("TreeEnsemble", domain="ai.onnx.ml")
def tree_ensemble(node: Node, x: Any) -> Any:
    """The weights of the leaves that each sample reaches, summed over the trees for each target."""
    values = constant(node, x, "X")
    modes, splits = node.attribute("nodes_modes"), node.attribute("nodes_splits")
    features = np.array(node.attribute("nodes_featureids"))
    next_true, next_false = (
        np.array(node.attribute("nodes_truenodeids")),
        np.array(node.attribute("nodes_falsenodeids")),
    )
    leaf_true, leaf_false = np.array(node.attribute("nodes_trueleafs")), np.array(node.attribute("nodes_falseleafs"))
    absent = np.array(node.attribute("nodes_missing_value_tracks_true", None) or np.zeros(len(features)), bool)
    sets = _members(node, modes)
    roots = np.array(node.attribute("tree_roots"))
    rows = np.arange(len(values))[:, None]
    at = np.tile(roots, (len(values), 1))  # (samples, trees): a node, or a leaf where `done`
    done = np.zeros(at.shape, bool)
    for _ in range(len(features)):  # no path is longer than the number of nodes
        here = np.where(done, 0, at)
        x_here = values[rows, features[here]]
        true = _goes_true(x_here, here, modes, splits, sets) | (absent[here] & np.isnan(x_here))
        new = np.where(true, next_true[here], next_false[here])
        ends = np.where(true, leaf_true[here], leaf_false[here]).astype(bool)
        at, done = np.where(done, at, new), done | ends
        if done.all():
            break
    else:
        raise node.error("expected trees, received nodes in a cycle.")
    return _aggregated(node, at)


def _aggregated(node: Node, leaves: np.ndarray) -> Any:
    """(samples, targets) from the leaves (samples, trees)."""
    if node.attribute("post_transform", 0):
        raise node.error(f"expected post_transform 0, received {node.attribute('post_transform')}.")
    weights = ops.take(node.attribute("leaf_weights"), leaves, axis=0)
    targets, count = np.array(node.attribute("leaf_targetids"))[leaves], node.attribute("n_targets")
    how = node.attribute("aggregate_function", SUM)
    node.check_size((*leaves.shape, count))
    chosen = targets[..., None] == np.arange(count)  # (samples, trees, targets)
    spread = ops.expand_dims(weights, -1)
    if how in (SUM, MEAN):
        total = ops.sum(ops.where(chosen, spread, ops.zeros_like(spread)), axis=1)
        return total if how == SUM else ops.divide(total, leaves.shape[1])
    limit = np.finfo(np.dtype(str(weights.dtype))).max * (1 if how == LEAST else -1)
    return (ops.min if how == LEAST else ops.max)(ops.where(chosen, spread, limit), axis=1)

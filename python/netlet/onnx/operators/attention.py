"""Attention. netlet's kernel takes (batch, steps, heads, size); ONNX's are (batch, heads, steps, size) or joined heads.

What an output or option needs the matrix of scores for (soft caps, the scores themselves, softmax in another type) is
computed step by step; all else by the kernel, which never stores that matrix.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .element_types import attribute_type, type_of
from .registry import operator
from .values import is_computed, known_shape

BIAS_ADDED, AFTER_SOFTMAX = 2, 3  # qk_matmul_output_mode


def _steps_first(node: Node, x: Any, heads: int | None) -> Any:
    """(batch, steps, heads, size) from (batch, heads, steps, size), or from (batch, steps, heads size)."""
    if len(x.shape) == 4:
        return ops.transpose(x, (0, 2, 1, 3))
    if not heads:
        raise node.error("expected the attributes q_num_heads and kv_num_heads with inputs of 3 axes.")
    dims = [-1 if d is None else d for d in x.shape]
    batch, steps, size = dims if dims.count(-1) < 2 else known_shape(node, x)
    return ops.reshape(x, (batch, steps, heads, size // heads))


def _allowed(node: Node, queries: int, keys: int, before: int, lengths: Any) -> Any:
    """Which keys each query may see by causality, windows and lengths: broadcasts to (batch, heads, queries, keys).

    Args:
        node: the node.
        queries, keys: how many there are.
        before: number of keys before those of the first query.
        lengths: number of keys that count in each row of the batch; None: all.

    Returns:
        bool array or Tensor; None if all may see all.
    """
    causal = node.attribute("is_causal", 0)
    left, right = node.attribute("left_window_size", -1), node.attribute("right_window_size", -1)
    right = min(right, 0) if causal and right >= 0 else 0 if causal else right
    node.check_stated((queries, keys))
    key = np.arange(keys)
    place: Any = np.arange(queries)[:, None] + before
    if lengths is not None:
        lengths = ops.reshape(ops.cast(lengths, "int64"), (-1, 1, 1, 1))
        place = ops.add(ops.subtract(lengths, queries), np.arange(queries)[:, None])
    conditions = []
    if right >= 0:
        conditions.append(ops.less_equal(key, ops.add(place, right)))
    if left >= 0:
        conditions.append(ops.less_equal(ops.subtract(place, key), left))
    if lengths is not None:
        conditions.append(ops.less(key, lengths))
    result = None
    for condition in conditions:
        result = condition if result is None else ops.logical_and(result, condition)
    return result


def _filled(mask: Any, keys: int) -> Any:
    """A mask for fewer keys than there are: the others are masked."""
    lacking = keys - mask.shape[-1] if None not in (keys, mask.shape[-1]) else 0
    if not lacking:
        return mask
    widths = [(0, 0)] * (len(mask.shape) - 1) + [(0, lacking)]
    return ops.pad(mask, widths, constant_values=False if type_of(mask) == "bool" else -np.inf)


@operator("Attention")
def attention(
    node: Node, q: Any, k: Any, v: Any, mask: Any = None, past_key: Any = None, past_value: Any = None,
    lengths: Any = None,
) -> Any:  # fmt: skip
    """softmax(scale Q K' + bias) V for each head; the keys and values with those of the past; the scores."""
    joined = len(q.shape) == 3
    q = _steps_first(node, q, node.attribute("q_num_heads", None))
    k, v = (_steps_first(node, x, node.attribute("kv_num_heads", None)) for x in (k, v))
    before = 0
    if past_key is not None:
        before = past_key.shape[2]
        k, v = (
            ops.concatenate([ops.transpose(past, (0, 2, 1, 3)), x], axis=1)
            for past, x in ((past_key, k), (past_value, v))
        )
    scale = node.attribute("scale", None) or 1 / math.sqrt(q.shape[-1])
    plain = before == 0 and lengths is None and max(
        node.attribute("left_window_size", -1), node.attribute("right_window_size", -1)
    ) < 0  # fmt: skip
    bias = mask = None if mask is None else _filled(mask, k.shape[1])
    allowed = None
    if mask is not None and type_of(mask) == "bool":
        bias, allowed = None, mask
    causal_kernel = plain and bool(node.attribute("is_causal", 0)) and mask is None
    if not causal_kernel and not (plain and not node.attribute("is_causal", 0)):
        more = _allowed(node, known_shape(node, q)[1], known_shape(node, k)[1], before, lengths)
        allowed = more if allowed is None else allowed if more is None else ops.logical_and(allowed, more)
    seen = _sees_any(bias, allowed)
    scores = None
    if _needs_scores(node):
        if causal_kernel:
            allowed = _allowed(node, known_shape(node, q)[1], known_shape(node, k)[1], 0, None)
        y, scores = _stepwise(node, q, k, v, bias, allowed, seen, scale)
    else:
        y = ops.dot_product_attention(q, k, v, bias=bias, mask=allowed, scale=scale, is_causal=causal_kernel)
        if seen is not None:
            y = ops.where(_rows_first(seen), y, ops.zeros_like(y))
    present = tuple(ops.transpose(x, (0, 2, 1, 3)) for x in (k, v))
    if joined:
        dims = [-1 if d is None else d for d in y.shape]
        batch, steps, heads, size = dims if dims.count(-1) < 2 else known_shape(node, y)
        return ops.reshape(y, (batch, steps, heads * size)), *present, scores
    return ops.transpose(y, (0, 2, 1, 3)), *present, scores


def _sees_any(bias: Any, allowed: Any) -> Any:
    """Whether each query sees any key, (..., queries, 1); None if all do. Their result is 0 if they do not."""
    open_ = None if bias is None else ops.greater(bias, -np.inf)
    both = allowed if open_ is None else open_ if allowed is None else ops.logical_and(open_, allowed)
    return None if both is None else ops.any(both, axis=-1, keepdims=True)


def _rows_first(seen: Any) -> Any:
    """(batch, queries, heads, 1) from what broadcasts to (batch, heads, queries, 1)."""
    for _ in range(4 - len(seen.shape)):
        seen = ops.expand_dims(seen, 0)
    return ops.transpose(seen, (0, 2, 1, 3))


def _needs_scores(node: Node) -> bool:
    """Whether the matrix of scores is an output, or changed before or in the softmax."""
    wanted = len(node.outputs) > 3 and node.outputs[3] != ""
    return wanted or bool(node.attribute("softcap", 0.0)) or bool(node.attribute("softmax_precision", 0))


def _stepwise(node: Node, q: Any, k: Any, v: Any, bias: Any, allowed: Any, seen: Any, scale: float) -> tuple[Any, Any]:
    """The result (batch, queries, heads, size), and the scores at the stage that `qk_matmul_output_mode` names."""
    kind = type_of(q)
    repeats = q.shape[2] // k.shape[2]
    if not is_computed(k):
        node.check_stated((*k.shape, repeats))
    k, v = (x if repeats == 1 else ops.repeat(x, repeats, axis=2) for x in (k, v))
    root = math.sqrt(scale)
    keys = ops.multiply(ops.transpose(k, (0, 2, 3, 1)), root)
    scores = ops.matmul(ops.multiply(ops.transpose(q, (0, 2, 1, 3)), root), keys)
    mode, cap = node.attribute("qk_matmul_output_mode", 0), node.attribute("softcap", 0.0)
    shown = scores
    if cap:
        scores = ops.multiply(ops.tanh(ops.divide(scores, cap)), cap)
    shown = scores if mode == 1 else shown
    if bias is not None:
        scores = ops.add(scores, bias)
    if allowed is not None:
        scores = ops.where(allowed, scores, -np.inf)
    shown = scores if mode == BIAS_ADDED else shown
    precision = attribute_type(node, "softmax_precision")
    weights = ops.softmax(scores if precision is None else ops.cast(scores, precision), axis=-1)
    if seen is not None:
        weights = ops.where(seen, weights, ops.zeros_like(weights))
    weights = ops.cast(weights, kind)
    shown = weights if mode == AFTER_SOFTMAX else shown
    return ops.transpose(ops.matmul(weights, ops.transpose(v, (0, 2, 1, 3))), (0, 2, 1, 3)), shown

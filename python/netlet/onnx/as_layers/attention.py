"""Attention of several nodes, as one op that does not store the matrix of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netlet import ops

from ..deferred import Deferred
from ..node import Node
from ..operators.values import is_constant
from ..views import View
from .registry import FUSED, layer_of

if TYPE_CHECKING:
    from ..building import Builder

# ops.dot_product_attention has (B, T, N, H); ONNX's values are q, v (B, N, T, H) and k (B, N, H, S).
_HEADS, _KEYS = (0, 2, 1, 3), (0, 2, 3, 1)


@layer_of("Attention", domain=FUSED)
def attention(build: Builder, node: Node, q: Any, k: Any, v: Any, bias: Any = None) -> Any:
    scale = float(node.attribute("scale"))
    bias = build.plain(bias)
    if isinstance(bias, Deferred):
        bias = build.computed(node, bias)
    ranks = {len(value.shape) for value in (q, k, v)}
    if ranks == {4} and q.shape[:2] == k.shape[:2] == v.shape[:2] and str(q.dtype) in ("float32", "float64"):
        held = [build.held(value, axes) for value, axes in ((q, _HEADS), (k, _KEYS), (v, _HEADS))]
        causal = bias is not None and is_constant(bias) and _is_causal(bias)
        q, k, v = held
        bias = None if causal else bias
        y = ops.dot_product_attention(q, k, v, bias=bias, scale=scale, is_causal=causal)
        build._name_ops(node, [y])
        return View(y, _HEADS)
    scores = ops.multiply(ops.matmul(build.plain(q), build.plain(k)), scale)
    scores = scores if bias is None else ops.add(scores, bias)
    return ops.matmul(ops.softmax(scores, axis=-1), build.plain(v))


def _is_causal(bias: np.ndarray) -> bool:
    """Whether a constant is 0 where a query is not before the key, and a number as good as minus infinity elsewhere."""
    if bias.ndim < 2 or bias.size != bias.shape[-1] * bias.shape[-2] or bias.shape[-1] != bias.shape[-2]:
        return False
    square = bias.reshape(bias.shape[-2:])
    if len(square) == 1:  # one number for all scores
        return False
    before = np.tri(len(square), dtype=bool)
    return bool(np.all(square[before] == 0) and np.all(square[~before] <= -1e4))

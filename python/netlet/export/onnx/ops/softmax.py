"""Softmax, log_softmax, attention of whole matrices of scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..exporter import Exporter
from ..registry import Unsupported, op
from ..values import Value
from .arithmetic import cast_to
from .reductions import reduced


def _softmax(kind: str) -> Any:
    def convert(e: Exporter, out: Any, x: Any, axis: Any) -> Any:
        rank = len(x.shape)
        if isinstance(axis, (tuple, list)):
            return _over_several(e, kind, x, [a % rank for a in axis])
        if axis is None:
            return _over_several(e, kind, x, list(range(rank)))
        if isinstance(x, Value) and x.only_first and axis % rank == rank - 1:
            return Value(out, first=e.graph.op(kind, e.first(x, out.dtype), axis=1))
        return e.graph.op(kind, e.name(x, out.dtype), axis=axis)

    return convert


def _over_several(e: Exporter, kind: str, x: Any, axes: list[int]) -> str:
    g, name = e.graph, e.name(x)
    centred = g.op("Sub", name, reduced(e, "ReduceMax", name, axes, True))
    exponentials = g.op("Exp", centred)
    total = reduced(e, "ReduceSum", exponentials, axes, True)
    if kind == "Softmax":
        return g.op("Div", exponentials, total)
    return g.op("Sub", centred, g.op("Log", total))


op("softmax")(_softmax("Softmax"))
op("log_softmax")(_softmax("LogSoftmax"))


@op("sparsemax")
def _sparsemax(e: Exporter, out: Any, x: Any, axis: int) -> str:
    """max(x - t, 0) with t from the k largest entries for which 1 + k x_k exceeds their sum (Martins, 2016)."""
    g, dtype, size = e.graph, out.dtype, x.shape[axis]
    if size is None:
        raise Unsupported("an axis of unknown size")
    rank = len(x.shape)
    name = e.name(x, dtype)
    ordered, _ = g.op("TopK", name, g.ints(size), axis=axis, outputs=2)
    sums = g.op("CumSum", ordered, g.constant(axis, "int64"))
    counts = np.arange(1, size + 1).reshape([-1 if i == axis % rank else 1 for i in range(rank)])
    k = g.constant(counts, dtype)
    inside = g.op("Greater", g.op("Add", g.op("Mul", ordered, k), g.constant(1.0, dtype)), sums)
    number = reduced(e, "ReduceSum", cast_to(e, inside, dtype), [axis % rank], True)
    kept = g.op("Where", inside, ordered, g.constant(0.0, dtype))
    total = reduced(e, "ReduceSum", kept, [axis % rank], True)
    limit = g.op("Div", g.op("Sub", total, g.constant(1.0, dtype)), number)
    found: str = g.op("Relu", g.op("Sub", name, limit))
    return found


def attention(
    e: Exporter,
    dtype: str,
    query: Any,
    key: Any,
    value: Any,
    mask: str | None = None,
    bias: str | None = None,
    scale: float = 1.0,
    causal: bool = False,
    dead_rows: str = "mean",
) -> str:
    """Adds softmax(query key^T scale + bias, masked) value.

    Args:
        e: the exporter.
        dtype: that of the result.
        query: (B, T, N, H).
        key: (B, S, K, H): each of the K heads serves N / K heads of the query.
        value: (B, S, K, D).
        mask: name of bools that broadcast to (B, N, T, S): what a query may attend to.
        bias: name of numbers that broadcast to (B, N, T, S), added to the scores.
        scale: factor of the scores.
        causal: whether query t may only attend to the keys 0 to t.
        dead_rows: for a query that may attend to nothing: "mean" of all values, or "zeros".

    Returns:
        The name of the result (B, T, N, D).
    """
    g = e.graph
    heads, groups = int(query.shape[2]), int(key.shape[2])
    q = g.op("Transpose", e.name(query, dtype), perm=[0, 2, 1, 3])
    k = g.op("Transpose", e.name(key, dtype), perm=[0, 2, 3, 1])
    v = g.op("Transpose", e.name(value, dtype), perm=[0, 2, 1, 3])
    if groups != heads:
        k, v = (_repeated(e, n, heads // groups) for n in (k, v))
    if scale != 1.0:
        q = g.op("Mul", q, g.constant(scale, dtype))
    scores = g.op("MatMul", q, k)
    if bias is not None:
        scores = g.op("Add", scores, bias)
    if causal:
        own = causal_mask(e, query, key)
        mask = own if mask is None else g.op("And", mask, own)
    if mask is None:
        weights = g.op("Softmax", scores, axis=-1)
    else:
        scores = g.op("Where", mask, scores, g.constant(-1e9 if dtype != "float16" else -6e4, dtype))
        weights = g.op("Softmax", scores, axis=-1)
        if dead_rows == "zeros":
            weights = g.op("Where", mask, weights, g.constant(0.0, dtype))
    found: str = g.op("Transpose", g.op("MatMul", weights, v), perm=[0, 2, 1, 3])
    return found


def _repeated(e: Exporter, name: str, times: int) -> str:
    """(B, K, ...) with every head `times` times: (B, K times, ...)."""
    g = e.graph
    wide = g.op("Tile", g.op("Unsqueeze", name, g.ints(2)), g.ints(1, 1, times, 1, 1))
    rest = g.op("Shape", name, start=2)
    found: str = g.op("Reshape", wide, g.op("Concat", g.ints(0, -1), rest, axis=0))
    return found


def causal_mask(e: Exporter, query: Any, key: Any) -> str:
    """Adds bools (T, S): key s is not after query t. The time axis of both is axis 1."""
    t, s = query.shape[1], key.shape[1]
    if t is not None and s is not None:
        return e.graph.constant(np.tri(t, s, dtype=bool))
    return distances(e, query, key, lambda d: e.graph.op("GreaterOrEqual", d, e.graph.constant(0, "int64")))


def distances(e: Exporter, query: Any, key: Any, test: Any) -> str:
    """Adds test(t - s) (T, S) for positions t of the query and s of the key."""
    g = e.graph

    def positions(x: Any) -> str:
        end = g.op("Squeeze", e.shape_part(x, 1))
        found: str = g.op("Range", g.constant(0, "int64"), end, g.constant(1, "int64"))
        return found

    rows = g.op("Unsqueeze", positions(query), g.ints(1))
    found: str = test(g.op("Sub", rows, positions(key)))
    return found


@op("dot_product_attention")
def _dot_product_attention(
    e: Exporter,
    out: Any,
    query: Any,
    key: Any,
    value: Any,
    bias: Any,
    mask: Any,
    scale: float | None,
    is_causal: bool,
    flash_attention: Any,
    attn_logits_soft_cap: float | None,
) -> str:
    if attn_logits_soft_cap is not None:
        raise Unsupported("argument `attn_logits_soft_cap`")
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else float(scale)
    given = None if mask is None else e.name(mask, "bool")
    added = None if bias is None else e.name(bias, out.dtype)
    return attention(e, out.dtype, query, key, value, given, added, factor, is_causal)

"""Attention: each query gets an average of the values, weighted by how well the query matches each key."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core
from netlet.config import HALVES, floatx, is_float

from ..core.dispatch import concrete, dtype_of, op, shape_of

__all__ = ["attention", "dot_product_attention"]


@op
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:
    """softmax(scale * query . key + bias) . value for each head, without storing the matrix of scores.

    Memory grows with T + S, not with T * S: the softmax runs over blocks of keys, and backward computes the scores
    again (Dao et al., 2022, "FlashAttention"). Only the gradient of a bias takes (B, N, T, S).

    Args:
        query: (B, T, N, H).
        key: (B, S, K, H). K divides N; N / K heads of query share one head of key and value (grouped queries, Ainslie
            et al., 2023).
        value: (B, S, K, D).
        bias: added to the scores; broadcasts to (B, N, T, S), with a gradient. None (the default): no bias.
        mask: True where a query may see a key; broadcasts to (B, N, T, S). A fully masked row gives the mean of all
            values, as in Keras on JAX. None (the default): no mask.
        scale: factor of the scores; None (the default): 1 / sqrt(H).
        is_causal: whether query t sees the keys 0 ... t only; later blocks are skipped. False by default.
        flash_attention: ignored; the blocked algorithm always runs.
        attn_logits_soft_cap: None, the default; Keras supports it on TPUs only.

    Returns:
        Tensor (B, T, N, D).

    Raises:
        ValueError: shapes that do not fit; attn_logits_soft_cap.

    Source: Vaswani et al., 2017; Keras 3, `ops.dot_product_attention`.

    >>> import numpy as np
    >>> q, k, v = np.zeros((1, 1, 1, 4)), np.zeros((1, 2, 1, 4)), np.array([1.0, 3.0]).reshape(1, 2, 1, 1)
    >>> dot_product_attention(q, k, v).numpy()
    array([[[[2.]]]])
    """
    if attn_logits_soft_cap is not None:
        raise ValueError("ops.dot_product_attention: attn_logits_soft_cap is only supported on TPUs; leave it None.")
    query, key, value = (concrete(x) for x in (query, key, value))
    dtype = _common_dtype(query, key, value)
    query, key, value = (_as(x, dtype) for x in (query, key, value))
    if scale is None:
        scale = 1 / math.sqrt(max(shape_of(query)[-1], 1)) if shape_of(query) else 1.0
    return _core.attention(
        query,
        key,
        value,
        None if mask is None else _as(concrete(mask), "bool"),
        None if bias is None else _as(concrete(bias), dtype),
        float(scale),
        bool(is_causal),
    )


attention = dot_product_attention


def _as(x: Any, dtype: str) -> Any:
    """x in a dtype, cast only if needed."""
    return x if dtype_of(x) == dtype else _core.cast(x, dtype)


def _common_dtype(*xs: Any) -> str:
    """float64 if any float argument has it, a half if all have the same, else float32, or floatx for integers.

    If any argument is a Tensor of floats, only such Tensors count.
    """
    native = [x for x in xs if isinstance(x, _core.Tensor) and is_float(dtype_of(x))]
    found = {dtype_of(x) for x in native or xs if is_float(dtype_of(x))}
    if len(found) == 1 and not found.isdisjoint(HALVES):
        return found.pop()
    return "float64" if "float64" in found else "float32" if found else floatx()

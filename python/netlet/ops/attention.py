"""Attention: each query takes the average of the values, weighed by how well its key fits."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core
from netlet.config import floatx, is_float

from .dispatch import concrete, dtype_of, op, shape_of


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
    """softmax(scale * query . key + bias) . value, head by head, without a matrix of scores in memory.

    Memory grows with T + S, not with T * S: the softmax runs along blocks of keys, and backward computes the scores
    again (Dao et al., 2022, "FlashAttention"). The gradient of a bias alone takes (B, N, T, S).

    Args:
        query: (B, T, N, H).
        key, value: (B, S, K, H) and (B, S, K, D). Where K < N, a divisor of it, N / K heads of query share one (grouped
            queries; Ainslie et al., 2023).
        bias: added to the scores; broadcasts to (B, N, T, S). Gradient flows.
        mask: True where a query may look at a key; broadcasts likewise. A row without any gives the average of all
            values, as Keras does on JAX.
        scale: 1 / sqrt(H) if None.
        is_causal: query t sees the keys 0 ... t only. Blocks behind them are skipped.
        flash_attention: accepted; it is what is done in any case.
        attn_logits_soft_cap: None; Keras has it on TPUs only.

    Returns:
        (B, T, N, D).

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
    return x if dtype_of(x) == dtype else _core.cast(x, dtype)


def _common_dtype(*xs: Any) -> str:
    """The widest floating type among them; a Tensor's before an array's; halves are computed in float32."""
    native = [x for x in xs if isinstance(x, _core.Tensor) and is_float(dtype_of(x))]
    found = {dtype_of(x) for x in native or xs if is_float(dtype_of(x))}
    return "float64" if "float64" in found else "float32" if found else floatx()

"""Attention masks: which query may attend to which key, combined from all mask arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops


def causal_mask(queries: int, keys: int) -> np.ndarray:
    """Boolean mask (1, T, S): query t may attend to the keys 0 to t."""
    return np.tri(queries, keys, dtype=bool)[None]


def window_mask(queries: int, keys: int, window: int) -> np.ndarray:
    """Boolean mask (1, T, S): query t may attend to the keys at a distance below `window` on both sides."""
    return np.asarray(np.abs(np.arange(queries)[:, None] - np.arange(keys)) < window)[None]


def merged_mask(
    query: Any,
    value: Any,
    query_mask: Any = None,
    value_mask: Any = None,
    key_mask: Any = None,
    attention_mask: Any = None,
    causal: bool = False,
    window: int | None = None,
) -> Any:
    """The logical and of all masks, broadcastable to (B, T, S); None if there is no mask.

    Args:
        query: (B, T, ...).
        value: (B, S, ...).
        query_mask: (B, T) or None.
        value_mask, key_mask: (B, S) or None.
        attention_mask: (B, T, S), a shape that broadcasts to it, or None.
        causal: whether query t may only attend to the keys 0 to t.
        window: distance below which a query may attend to a key; None for any.
    """
    queries, keys = int(query.shape[1]), int(value.shape[1])
    found = [] if query_mask is None else [ops.expand_dims(_bool(query_mask), -1)]
    found += [ops.expand_dims(_bool(m), -2) for m in (value_mask, key_mask) if m is not None]
    if causal:
        found.append(causal_mask(queries, keys))
    if window is not None:
        found.append(window_mask(queries, keys, window))
    if attention_mask is not None:
        found.append(_bool(attention_mask))
    if not found:
        return None
    mask = found[0]
    for other in found[1:]:
        mask = ops.logical_and(mask, other)
    return mask


def with_heads(mask: Any, axes: int = 1, rank: int = 4) -> Any:
    """The mask with axes of size 1 inserted before its query and key axes (`axes` each), up to `rank`; None stays."""
    while mask is not None and len(mask.shape) < rank:
        mask = ops.expand_dims(mask, max(len(mask.shape) - 2 * axes, 0))
    return mask


def _bool(mask: Any) -> Any:
    return mask if ops.dtype(mask) == "bool" else ops.cast(mask, "bool")

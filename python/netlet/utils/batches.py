"""The forms of a batch that `fit` passes to `train_step`: x alone, (x, y), or (x, y, sample_weight)."""

from __future__ import annotations

from typing import Any


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Splits a batch into x, y and sample_weight.

    Args:
        data: x, (x,), (x, y) or (x, y, sample_weight); a list is treated as a tuple.

    Returns:
        (x, y, sample_weight), None for missing items.

    Raises:
        ValueError: a tuple of another length.

    Example:

    >>> unpack_x_y_sample_weight(("x", "y"))
    ('x', 'y', None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"A batch: expected x, (x,), (x, y) or (x, y, sample_weight), received a tuple of {len(data)} items."
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Combines x, y and sample_weight to a batch, the inverse of `unpack_x_y_sample_weight`.

    Args:
        x: inputs.
        y: targets; default None.
        sample_weight: factor of each sample's loss; default None.

    Returns:
        (x, y, sample_weight) or (x, y). Without y, x alone, or (x,) if x is a list or tuple of several inputs.

    Example:

    >>> pack_x_y_sample_weight("x"), pack_x_y_sample_weight("x", "y")
    ('x', ('x', 'y'))
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple)) else x

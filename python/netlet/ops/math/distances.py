"""Distances between vectors."""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import as_float, op, shape_of

__all__ = ["cdist"]


@op
def cdist(x: Any, y: Any) -> Any:
    """Euclidean distances between all pairs of vectors of two collections.

    They are computed from the differences, which takes memory for m n d numbers and loses no digits for vectors that
    are near each other. The gradient at distance 0 is 0.

    Args:
        x: (..., m, d); integers are cast to floatx.
        y: (..., n, d); the leading axes broadcast with x's.

    Returns:
        Tensor (..., m, n).

    Raises:
        ValueError: fewer than two axes, or another number of components.

    >>> cdist([[0.0, 0.0], [3.0, 4.0]], [[0.0, 0.0]]).tolist()
    [[0.0], [5.0]]
    """
    a, b = shape_of(x), shape_of(y)
    if len(a) < 2 or len(b) < 2 or a[-1] != b[-1]:
        raise ValueError(f"ops.cdist: expected x (..., m, d) and y (..., n, d), received shapes {a} and {b}.")
    x, y = _core.expand_dims(as_float(x), len(a) - 1), _core.expand_dims(as_float(y), len(b) - 2)
    rest = _core.subtract(x, y)
    squared = _core.sum(_core.square(rest), [-1], False)
    zero = _core.equal(squared, 0.0)
    return _core.where(zero, 0.0, _core.sqrt(_core.where(zero, 1.0, squared)))

"""Norms of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import as_float, op, shape_of
from ..core.host_floats import floats
from ..core.properties import cast_if_needed
from ..numpy.reduce import Axis, axes_of
from .decompositions import singular_values

__all__ = ["norm"]


@op
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Norm of vectors or matrices. Integers are cast to floatx first.

    Args:
        x: array or Tensor.
        ord: for vectors, None (the default) or 2: Euclidean; inf, -inf: largest and smallest |x|; 0: number of elements
            that are not 0; another number p: (sum of |x|**p)**(1/p). For matrices, None or "fro": root of the sum of
            squares; "nuc": sum of the singular values; 2, -2: largest and smallest singular value; 1, -1: largest and
            smallest sum of |x| in a column; inf, -inf: the same in a row.
        axis: an axis of vectors or two axes of matrices, rows first; None (the default): all. With ord=None, any axes.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an order that vectors or matrices do not have, or another number of axes.

    >>> norm(np.array([3.0, 4.0])).item()
    5.0
    >>> norm(np.array([[3.0, 0.0], [0.0, 4.0]]), ord="nuc").item()
    7.0
    """
    x = as_float(x)  # integers: their squares would not fit
    axes = axes_of(x, axis, "norm")
    if ord is None:
        return _core.sqrt(_core.sum(_core.square(x), axes, keepdims))
    rank = len(shape_of(x))
    found = tuple(range(rank)) if axes is None else tuple(axes)
    if len(found) == 1:
        return _vector_norm(x, ord, found, keepdims)
    if len(found) == 2:
        order = _rows_first(axis, rank) if axis is not None else found
        return _matrix_norm(x, ord, order, keepdims)
    raise ValueError(f"ops.norm: expected one axis (vectors) or two (matrices) for ord={ord!r}, received {len(found)}.")


def _rows_first(axis: Any, rank: int) -> tuple[int, ...]:
    """The two axes in the caller's order, counted from 0."""
    return tuple(int(a) % rank for a in axis)


def _vector_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if isinstance(ord, str) or not isinstance(ord, (int, float, np.number)):
        raise ValueError(f"ops.norm: expected a number as the order of a vector norm, received {ord!r}.")
    size = _core.abs(x)
    if ord == np.inf:
        return _largest(size, axes, keepdims)
    if ord == -np.inf:
        return _core.min(size, axes, keepdims)
    if ord == 0:
        return _core.sum(_core.cast(_core.not_equal(x, 0.0), size.dtype), axes, keepdims)
    if ord == 1:
        return _core.sum(size, axes, keepdims)
    if ord == 2:
        return _core.sqrt(_core.sum(_core.square(x), axes, keepdims))
    return _core.power(_core.sum(_core.power(size, float(ord)), axes, keepdims), 1.0 / float(ord))


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    row, column = axes
    if ord == "fro":
        return _core.sqrt(_core.sum(_core.square(x), sorted(axes), keepdims))
    if ord in (1, -1, np.inf, -np.inf):
        summed, other = (row, column) if ord in (1, -1) else (column, row)
        sums = _core.sum(_core.abs(x), [summed], True)
        y = _largest(sums, (other,), True) if ord > 0 else _core.min(sums, [other], True)
    elif ord in ("nuc", 2, -2):
        (a,), dtype = floats(x)
        rest = [i for i in range(len(a.shape)) if i not in axes]
        s = singular_values(_core.transpose(a, [*rest, row, column]))
        last = len(s.shape) - 1
        y = {
            "nuc": lambda: _core.sum(s, [last], False),
            2: lambda: _largest(s, (last,), False),
            -2: lambda: _core.min(s, [last], False),
        }[ord]()
        y = cast_if_needed(y, dtype)
    else:
        raise ValueError(
            f"ops.norm: expected None, 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2 as the order of a matrix norm, received "
            f"{ord!r}."
        )
    shape = tuple(1 if i in axes else d for i, d in enumerate(shape_of(x)) if keepdims or i not in axes)
    return _core.reshape(y, shape)


def _largest(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The maximum of numbers that are not negative; 0 if there is none."""
    shape = shape_of(x)
    if all(shape[a] for a in axes):
        return _core.max(x, list(axes), keepdims)
    return _core.sum(x, list(axes), keepdims)

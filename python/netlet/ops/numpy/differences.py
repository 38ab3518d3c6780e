"""Differences of neighbours, and the integral by trapezoids."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import as_float, axis_in, dtype_of, op, shape_of

__all__ = ["diff", "trapezoid"]


def _neighbours(x: Any, axis: int) -> tuple[Any, Any]:
    """All elements but the first along the axis, and all but the last."""
    before = (slice(None),) * axis
    return _core.getitem(x, (*before, slice(1, None))), _core.getitem(x, (*before, slice(None, -1)))


@op
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbours along an axis: x[i + 1] - x[i]; of bools, whether the neighbours differ.

    Args:
        a: array or Tensor of at least one axis.
        n: how often the difference is taken; 1 by default.
        axis: -1 by default.

    Returns:
        Tensor, shorter by n along the axis.

    Raises:
        ValueError: n is below 0, or x has no axis.

    >>> diff([1, 4, 9, 16]).tolist()
    [3, 5, 7]
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0:
        raise ValueError(f"ops.diff: expected an integer n of at least 0, received {n!r}.")
    extents = shape_of(a)
    axis = axis_in(axis, len(extents), "ops.diff")
    of = _core.not_equal if dtype_of(a) == "bool" else _core.subtract
    x = _core.identity(a) if n == 0 or extents[axis] == 0 else a
    for _ in range(min(int(n), extents[axis])):
        x = of(*_neighbours(x, axis))
    return x


@op
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of y along an axis by the trapezoidal rule: the sum of (x[i + 1] - x[i]) (y[i] + y[i + 1]) / 2.

    Args:
        y: array or Tensor of at least one axis; integers are cast to floatx first.
        x: positions of the samples: (size of the axis,), or y's shape; None (the default): dx apart.
        dx: distance of the samples without x; 1.0 by default.
        axis: -1 by default.

    Returns:
        Tensor without the axis.

    Raises:
        ValueError: x does not fit y, or y has no axis.

    >>> trapezoid([0.0, 1.0, 4.0], x=[0.0, 1.0, 3.0]).item()
    5.5
    """
    shape = shape_of(y)
    axis = axis_in(axis, len(shape), "ops.trapezoid")
    if x is None:
        width = dx
    else:
        at = shape_of(x)
        if len(at) == 1 and at[0] == shape[axis]:
            x = _core.reshape(x, (*at, *[1] * (len(shape) - axis - 1)))
        elif at != shape:
            raise ValueError(f"ops.trapezoid: expected x of shape ({shape[axis]},) or {shape}, received shape {at}.")
        width = _core.subtract(*_neighbours(x, len(shape_of(x)) - len(shape) + axis))
    later, earlier = _neighbours(as_float(y), axis)
    return _core.sum(_core.multiply(_core.multiply(_core.add(later, earlier), 0.5), width), [axis], False)

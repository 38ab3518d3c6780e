"""Norms of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float

from ..core.dispatch import concrete, nearest_dtype, op, shape_of
from ..numpy.reduce import Axis, axes_of

__all__ = ["norm"]

_INTEGERS = ("int8", "uint8", "int32", "int64", "bool")


@op
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Vector norm over axes. Integers are cast to floatx first.

    Args:
        x: array or Tensor.
        ord: None (the default) or 2: Euclidean; 1: sum of |x|; inf: largest |x|.
        axis: axis or axes; None (the default): all. Orders other than None need one axis.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        NotImplementedError: another order, or a matrix norm.

    >>> norm(np.array([3.0, 4.0])).item()
    5.0
    """
    if not is_float(nearest_dtype(x)):
        x = _core.cast(concrete(x), floatx())  # integers: their squares would not fit
    axes = axes_of(x, axis, "norm")
    if ord is None or (ord == 2 and (len(shape_of(x)) == 1 or (axes is not None and len(axes) == 1))):
        return _core.sqrt(_core.sum(_core.square(x), axes, keepdims))
    if ord == 1 and (len(shape_of(x)) == 1 or (axes is not None and len(axes) == 1)):
        return _core.sum(_core.abs(x), axes, keepdims)
    if ord == np.inf and (len(shape_of(x)) == 1 or (axes is not None and len(axes) == 1)):
        return _core.max(_core.abs(x), axes, keepdims)
    raise NotImplementedError(f"ops.norm: ord={ord!r} with axis={axis!r} is not supported.")

"""Running sums and products along an axis."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import standardize_dtype

from ..core.dispatch import along, op

__all__ = ["cumprod", "cumsum"]


@op
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Sums of the elements up to and including each one, accumulated in float64.

    Args:
        x: array or Tensor.
        axis: None (the default): x is flattened first.
        dtype: name of a dtype that x is cast to first; None (the default): x's.

    Returns:
        Tensor of x's shape, or with one axis for axis=None.

    Raises:
        ValueError: the axis is out of range.

    >>> cumsum([1.0, 2.0, 3.0]).tolist()
    [1.0, 3.0, 6.0]
    """
    return _core.cumsum(*along(cast_if_given(x, dtype), axis, "ops.cumsum"))


@op
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Products of the elements up to and including each one, accumulated in float64.

    Args:
        x: array or Tensor.
        axis: None (the default): x is flattened first.
        dtype: name of a dtype that x is cast to first; None (the default): x's.

    Returns:
        Tensor of x's shape, or with one axis for axis=None.

    Raises:
        ValueError: the axis is out of range.

    >>> cumprod([1.0, 2.0, 3.0]).tolist()
    [1.0, 2.0, 6.0]
    """
    return _core.cumprod(*along(cast_if_given(x, dtype), axis, "ops.cumprod"))


def cast_if_given(x: Any, dtype: Any) -> Any:
    return x if dtype is None else _core.cast(x, standardize_dtype(dtype))

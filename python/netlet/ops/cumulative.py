"""Running sums and products along an axis."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import standardize_dtype

from .dispatch import along, op


@op
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running sums along the axis (of the flattened x if None), held in float64.

    >>> import numpy as np
    >>> cumsum(np.array([1.0, 2.0, 3.0])).numpy()
    array([1., 3., 6.])
    """
    return _core.cumsum(*along(_cast(x, dtype), axis, "ops.cumsum"))


@op
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running products along the axis (of the flattened x if None), held in float64."""
    return _core.cumprod(*along(_cast(x, dtype), axis, "ops.cumprod"))


def _cast(x: Any, dtype: Any) -> Any:
    return x if dtype is None else _core.cast(x, standardize_dtype(dtype))

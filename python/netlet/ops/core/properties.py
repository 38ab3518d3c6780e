"""Shape, size and dtype of an array; the same values in another dtype, in new memory, or without a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import is_float, standardize_dtype
from netlet.engine import graph

from .dispatch import concrete, dtype_of, nearest_dtype, op, shape_of

__all__ = [
    "cast",
    "cast_if_needed",
    "copy",
    "dtype",
    "is_tensor",
    "ndim",
    "saturate_cast",
    "shape",
    "size",
    "stop_gradient",
]


def is_tensor(x: Any) -> bool:
    """Whether x is a Tensor or a KerasTensor.

    Args:
        x: anything.

    Returns:
        bool.

    >>> is_tensor(copy([1.0])), is_tensor([1.0])
    (True, False)
    """
    return isinstance(x, (_core.Tensor, graph.KerasTensor))


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape as a tuple.

    Args:
        x: array or Tensor of any shape.

    Returns:
        tuple of integers; None where a dimension of a symbolic tensor is unknown.

    >>> shape([[1.0, 2.0]])
    (1, 2)
    """
    return x.shape if isinstance(x, graph.KerasTensor) else shape_of(x)


def ndim(x: Any) -> int:
    """The number of axes.

    Args:
        x: array or Tensor of any shape.

    Returns:
        int.

    >>> ndim([[1.0, 2.0]])
    2
    """
    return len(shape(x))


def size(x: Any) -> int:
    """The number of elements.

    Args:
        x: array or Tensor of any shape.

    Returns:
        int.

    >>> size([[1.0, 2.0]])
    2
    """
    return int(np.prod(shape_of(x), dtype=np.int64))


def dtype(x: Any) -> str:
    """The name of the element type.

    Args:
        x: array or Tensor of any shape.

    Returns:
        str, e.g. "float32".

    >>> dtype([1.0])
    'float32'
    """
    return x.dtype if isinstance(x, graph.KerasTensor) else dtype_of(x)


@op
def cast(x: Any, dtype: Any) -> Any:
    """x in another dtype. A float becomes an integer by truncation. Gradients flow between floats.

    Args:
        x: array or Tensor of any shape.
        dtype: name of the new dtype.

    Returns:
        Tensor of x's shape.

    >>> cast([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    return _core.cast(x, standardize_dtype(dtype))


def _limits(dtype: str) -> tuple[float, float]:
    """The smallest and largest number of a dtype."""
    if dtype == "bool":
        return 0.0, 1.0
    if is_float(dtype):
        largest = (2.0 - 2.0**-7) * 2.0**127 if dtype == "bfloat16" else float(np.finfo(dtype).max)
        return -largest, largest
    return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)


@op
def saturate_cast(x: Any, dtype: Any) -> Any:
    """x in another dtype; numbers outside its range, infinity too, become its smallest or largest number.

    Gradients flow between floats, to the elements inside the range.

    Args:
        x: array or Tensor of any shape.
        dtype: name of the new dtype.

    Returns:
        Tensor of x's shape. NaN becomes 0 in a dtype of integers.

    >>> saturate_cast([-1.0, 3.7, 300.0], "uint8").tolist()
    [0, 3, 255]
    """
    new, old = standardize_dtype(dtype), nearest_dtype(x)
    low, high = _limits(new)
    least, most = _limits(old)
    if not is_float(old) and least >= low and most <= high:
        return _core.cast(x, new)
    if not is_float(old) or is_float(new):
        return _core.cast(_core.clip(concrete(x), max(low, least), min(high, most)), new)
    x = _core.where(_core.isnan(x), 0.0, x)
    if new in ("int8", "uint8") or (new == "int32" and old == "float64"):
        return _core.cast(_core.clip(x, low, high), new)
    # The limit of an integer dtype, such as 2**31 - 1, may not be a float: its float is then outside of the range.
    inside = _core.logical_and(_core.greater(x, low), _core.less(x, high))
    ends = (0, 1) if new == "bool" else (np.iinfo(new).min, np.iinfo(new).max)
    limit = _core.where(_core.less_equal(x, low), *(np.array(end, new) for end in ends))
    return _core.where(inside, _core.cast(_core.where(inside, x, 0.0), new), limit)


@op
def cast_if_needed(x: Any, dtype: str) -> Any:
    """x unchanged if it is a Tensor of that dtype, else cast to it.

    Args:
        x: array or Tensor of any shape.
        dtype: name of the dtype.

    Returns:
        Tensor of x's shape.

    >>> cast_if_needed([1.0], "float64").dtype
    'float64'
    """
    return x if isinstance(x, _core.Tensor) and x.dtype == dtype else _core.cast(x, dtype)


@op
def copy(x: Any) -> Any:
    """The same values in new memory. Gradients flow.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor of x's shape.

    >>> copy([1.0, 2.0]).tolist()
    [1.0, 2.0]
    """
    return _core.identity(x)


@op
def stop_gradient(variable: Any) -> Any:
    """The same values, treated as a constant: no gradient flows to `variable`.

    Args:
        variable: array, Tensor or Variable.

    Returns:
        Tensor of the same shape.

    >>> stop_gradient([1.0]).tolist()
    [1.0]
    """
    x = concrete(variable)
    return _core.view(x, tuple(x.shape)) if isinstance(x, _core.Tensor) else _core.identity(x)

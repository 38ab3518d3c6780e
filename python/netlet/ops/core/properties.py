"""Shape, size and dtype of an array; the same values in another dtype, in new memory, or without a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import standardize_dtype
from netlet.engine import graph

from .dispatch import concrete, dtype_of, op, shape_of

__all__ = ["cast", "cast_if_needed", "copy", "dtype", "is_tensor", "ndim", "shape", "size", "stop_gradient"]


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

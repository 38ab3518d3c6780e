"""Shape, size and dtype of an array; the same values in another dtype, in new memory, or without a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import standardize_dtype
from netlet.engine import graph

from .dispatch import concrete, dtype_of, op, shape_of


def is_tensor(x: Any) -> bool:
    """Whether x is a Tensor, or the symbol of one."""
    return isinstance(x, (_core.Tensor, graph.KerasTensor))


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape as a tuple; None where a symbolic tensor's extent is unknown."""
    return x.shape if isinstance(x, graph.KerasTensor) else shape_of(x)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(shape(x))


def size(x: Any) -> int:
    """The number of elements."""
    return int(np.prod(shape_of(x), dtype=np.int64))


def dtype(x: Any) -> str:
    """The name of the element type."""
    return x.dtype if isinstance(x, graph.KerasTensor) else dtype_of(x)


@op
def cast(x: Any, dtype: Any) -> Any:
    """x in another type; float to integer truncates. Gradients flow between floats."""
    return _core.cast(x, standardize_dtype(dtype))


@op
def cast_if_needed(x: Any, dtype: str) -> Any:
    """x itself where it has that dtype, else cast."""
    return x if isinstance(x, _core.Tensor) and x.dtype == dtype else _core.cast(x, dtype)


@op
def copy(x: Any) -> Any:
    """The same values in memory of their own."""
    return _core.identity(x)


@op
def stop_gradient(variable: Any) -> Any:
    """The same values, through which no gradient flows."""
    x = concrete(variable)
    return _core.view(x, tuple(x.shape)) if isinstance(x, _core.Tensor) else _core.identity(x)

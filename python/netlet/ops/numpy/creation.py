"""New arrays: constants, ranges, and Tensors from other values."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.arrays import as_ndarray
from netlet.config import standardize_dtype
from netlet.engine import graph

from ..core.dispatch import concrete, nearest_dtype, op, shape_from, shape_of
from ..core.properties import cast, cast_if_needed

__all__ = [
    "arange",
    "array",
    "convert_to_numpy",
    "convert_to_tensor",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "identity",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


def zeros(shape: Any, dtype: Any = None) -> Any:
    """A Tensor of zeros.

    Args:
        shape: tuple of integers, or one integer.
        dtype: name of the dtype; None (the default): floatx.

    Returns:
        Tensor of that shape.

    Raises:
        ValueError: `shape` is no shape, or netlet does not support the dtype.

    >>> zeros((2,)).tolist()
    [0.0, 0.0]
    """
    return _filled(_sizes(shape, "ops.zeros"), 0, standardize_dtype(dtype))


def ones(shape: Any, dtype: Any = None) -> Any:
    """A Tensor of ones.

    Args:
        shape: tuple of integers, or one integer.
        dtype: name of the dtype; None (the default): floatx.

    Returns:
        Tensor of that shape.

    Raises:
        ValueError: `shape` is no shape, or netlet does not support the dtype.

    >>> ones((2,)).tolist()
    [1.0, 1.0]
    """
    return _filled(_sizes(shape, "ops.ones"), 1, standardize_dtype(dtype))


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """A Tensor with every element equal to `fill_value`.

    Args:
        shape: tuple of integers, or one integer.
        fill_value: a number, or an array that broadcasts to the shape.
        dtype: name of the dtype; None (the default): floatx.

    Returns:
        Tensor of that shape.

    Raises:
        ValueError: the shape is not one of integers.

    >>> full((2,), 7.0).tolist()
    [7.0, 7.0]
    """
    return _filled(_sizes(shape, "ops.full"), fill_value, standardize_dtype(dtype))


def _sizes(shape: Any, name: str) -> tuple[int, ...]:
    """A shape argument as a tuple of sizes."""
    sizes = shape_from(shape, name)
    if any(size < 0 for size in sizes):
        raise ValueError(f"{name}: expected sizes of at least 0 as `shape`, received {sizes}.")
    return sizes


def _filled(shape: tuple[int, ...], value: Any, dtype: str) -> Any:
    """A number or an array, broadcast to a shape."""
    if isinstance(value, (int, float, np.number)):
        return _core.full(shape, dtype, float(value))
    return _core.broadcast_to(_core.cast(concrete(value), dtype), shape)


@op
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros of x's shape.

    Args:
        x: array or Tensor of any shape.
        dtype: name of the dtype; None (the default): x's.

    Returns:
        Tensor of x's shape.

    >>> zeros_like([1, 2]).tolist()
    [0, 0]
    """
    return _core.full(shape_of(x), standardize_dtype(dtype or nearest_dtype(x)), 0.0)


@op
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones of x's shape.

    Args:
        x: array or Tensor of any shape.
        dtype: name of the dtype; None (the default): x's.

    Returns:
        Tensor of x's shape.

    >>> ones_like([5, 6]).tolist()
    [1, 1]
    """
    return _core.full(shape_of(x), standardize_dtype(dtype or nearest_dtype(x)), 1.0)


@op
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """`fill_value` in x's shape.

    Args:
        x: array or Tensor of any shape.
        fill_value: a number, or an array that broadcasts to the shape.
        dtype: name of the dtype; None (the default): x's.

    Returns:
        Tensor of x's shape.

    >>> full_like([1, 2], 7).tolist()
    [7, 7]
    """
    return _filled(shape_of(x), fill_value, standardize_dtype(dtype or nearest_dtype(x)))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix with ones on one diagonal and zeros elsewhere.

    Args:
        N: number of rows.
        M: number of columns; None (the default): N.
        k: which diagonal: 0 (the default) is the main one, above 0 to its right, below 0 to its left.
        dtype: name of the dtype; None (the default): floatx.

    Returns:
        Tensor (N, M).

    >>> eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return _core.tensor(np.eye(N, M, k), standardize_dtype(dtype))


def identity(n: int, dtype: Any = None) -> Any:
    """A square matrix with ones on the diagonal and zeros elsewhere.

    Args:
        n: number of rows and columns.
        dtype: name of the dtype; None (the default): floatx.

    Returns:
        Tensor (n, n).

    >>> identity(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return eye(n, dtype=dtype)


def empty(shape: Any, dtype: Any = None) -> Any:
    """A Tensor to be overwritten. Its elements are 0, since memory of others could hold anything.

    Args:
        shape: tuple of integers, or one integer.
        dtype: name of the dtype; None (the default): floatx.

    Returns:
        Tensor of that shape.

    Raises:
        ValueError: the shape is not one of integers.

    >>> empty((2, 3)).shape
    (2, 3)
    """
    return _filled(_sizes(shape, "ops.empty"), 0, standardize_dtype(dtype))


@op
def empty_like(x: Any, dtype: Any = None) -> Any:
    """A Tensor of x's shape to be overwritten. Its elements are 0, since memory of others could hold anything.

    Args:
        x: array or Tensor of any shape.
        dtype: name of the dtype; None (the default): x's.

    Returns:
        Tensor of x's shape.

    >>> empty_like([1, 2]).shape
    (2,)
    """
    return _core.full(shape_of(x), standardize_dtype(dtype or nearest_dtype(x)), 0.0)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """The numbers start, start + step, ... below stop.

    Args:
        start: first number; with `start` alone, the numbers are 0, 1, ... below it.
        stop: the end, which is not included; None (the default): see start.
        step: difference of neighbours, not 0; None (the default): 1.
        dtype: name of the dtype; None (the default): int32, or floatx if an argument is a float.

    Returns:
        Tensor of one axis.

    Raises:
        ValueError: step is 0.

    >>> arange(1, 7, 2).tolist()
    [1, 3, 5]
    """
    step = 1 if step is None else step
    if dtype is None:
        floats = builtins.any(isinstance(v, float) for v in (start, stop, step))
        dtype = standardize_dtype("float" if floats else "int32")
    if step == 0:
        raise ValueError("ops.arange: expected a step other than 0.")
    values = np.arange(start, step=step) if stop is None else np.arange(start, stop, step)
    return _core.tensor(values, standardize_dtype(dtype))


def _is_list_of_texts(x: Any) -> bool:
    while isinstance(x, (list, tuple)) and x:
        x = x[0]
        if isinstance(x, (str, bytes)):
            return True
    return False


def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    """x as a Tensor. A Tensor or KerasTensor of the right dtype is returned unchanged.

    Args:
        x: number, list, array, Tensor, Variable or KerasTensor; or a list of texts.
        dtype: name of the dtype; None (the default): x's.
        sparse: None (the default) or False; there are dense tensors only.
        ragged: None (the default) or False; there are dense tensors only.

    Returns:
        Tensor, or KerasTensor for a KerasTensor. For a list of texts, which Tensors cannot hold, a NumPy array of
        objects, which layers for texts take.

    Raises:
        TypeError: x holds Python objects instead of numbers.
        ValueError: sparse or ragged is True.

    >>> convert_to_tensor([1.0, 2.0]).shape
    (2,)
    """
    if sparse or ragged:
        kind = "sparse" if sparse else "ragged"
        raise ValueError(f"ops.convert_to_tensor: {kind}=True is not supported; there are dense tensors only.")
    if graph.is_symbolic(x):
        return x if dtype is None or x.dtype == standardize_dtype(dtype) else cast(x, dtype)
    if _is_list_of_texts(x) and dtype in (None, "string"):
        return np.array(x, object)
    value = concrete(x)
    if not isinstance(value, _core.Tensor):
        if dtype is not None and value.dtype == np.float32:
            value = as_ndarray(x)  # Python numbers that `concrete` has not rounded
        return _core.tensor(value, None if dtype is None else standardize_dtype(dtype))
    return value if dtype is None else cast_if_needed(value, standardize_dtype(dtype))


def array(x: Any, dtype: Any = None) -> Any:
    """x as a Tensor. A Tensor or KerasTensor of the right dtype is returned unchanged.

    Args:
        x: number, list, array, Tensor, Variable or KerasTensor.
        dtype: name of the dtype; None (the default): x's.

    Returns:
        Tensor, or KerasTensor for a KerasTensor.

    Raises:
        TypeError: x holds Python objects instead of numbers.
        ValueError: netlet does not support the dtype.

    >>> array([1.0, 2.0]).shape
    (2,)
    """
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """The values as a NumPy array: always a copy.

    Args:
        x: array, Tensor or Variable.

    Returns:
        ndarray of x's shape and dtype.

    >>> convert_to_numpy(ones(2))
    array([1., 1.], dtype=float32)
    """
    return np.array(x)

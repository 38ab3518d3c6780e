"""New arrays: constants, ranges, and Tensors from other values."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import standardize_dtype
from netlet.engine import graph

from .dispatch import concrete, nearest_dtype, op, shape_from, shape_of
from .properties import cast


def zeros(shape: Any, dtype: Any = None) -> Any:
    """Zeros of the given shape; dtype defaults to floatx."""
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> Any:
    """Ones of the given shape; dtype defaults to floatx."""
    return full(shape, 1, dtype)


def full(shape: Any, fill_value: float, dtype: Any = None) -> Any:
    """A Tensor of the given shape, every element the number `fill_value`.

    >>> full((2,), 7.0).numpy()
    array([7., 7.], dtype=float32)
    """
    return _core.full(shape_from(shape, "ops.full"), standardize_dtype(dtype), float(fill_value))


@op
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros of x's shape (and dtype, unless given)."""
    return _core.full(shape_of(x), standardize_dtype(dtype or nearest_dtype(x)), 0.0)


@op
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones of x's shape (and dtype, unless given)."""
    return _core.full(shape_of(x), standardize_dtype(dtype or nearest_dtype(x)), 1.0)


@op
def full_like(x: Any, fill_value: float, dtype: Any = None) -> Any:
    """`fill_value` in x's shape (and dtype, unless given)."""
    return _core.full(shape_of(x), standardize_dtype(dtype or nearest_dtype(x)), float(fill_value))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on the k-th diagonal of an (N, M) matrix of zeros."""
    return _core.tensor(np.eye(N, M, k), standardize_dtype(dtype))


identity = eye


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """start, start + step, ... below stop; int32, or floatx if an argument is a float."""
    if dtype is None:
        floats = builtins.any(isinstance(v, float) for v in (start, stop, step))
        dtype = standardize_dtype("float" if floats else "int32")
    if step == 0:
        raise ValueError("ops.arange: expected a step other than 0.")
    values = np.arange(start, step=step) if stop is None else np.arange(start, stop, step)
    return _core.tensor(values, standardize_dtype(dtype))


def linspace(start: float, stop: float, num: int = 50, endpoint: bool = True, dtype: Any = None) -> Any:
    """`num` numbers evenly from start to stop."""
    return _core.tensor(np.linspace(start, stop, num, endpoint), standardize_dtype(dtype))


def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    """x as a Tensor (a Tensor of that dtype is returned as it is, a KerasTensor too).

    Args:
        sparse, ragged: None or False: there are dense tensors only.

    Raises:
        TypeError: x holds Python objects instead of numbers.
        ValueError: sparse or ragged is True.
    """
    if sparse or ragged:
        kind = "sparse" if sparse else "ragged"
        raise ValueError(f"ops.convert_to_tensor: {kind}=True is not supported; there are dense tensors only.")
    if graph.is_symbolic(x):
        return x if dtype is None or x.dtype == standardize_dtype(dtype) else cast(x, dtype)
    value = concrete(x)
    if not isinstance(value, _core.Tensor):
        return _core.tensor(value, None if dtype is None else standardize_dtype(dtype))
    return (
        value
        if dtype is None or value.dtype == standardize_dtype(dtype)
        else _core.cast(value, standardize_dtype(dtype))
    )


array = convert_to_tensor


def convert_to_numpy(x: Any) -> np.ndarray:
    """The values as an ndarray of its own."""
    return np.array(x)

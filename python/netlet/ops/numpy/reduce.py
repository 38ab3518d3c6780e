"""Reductions over axes: sums, means, extrema.

Results do not depend on the number of threads: the shape alone fixes the order of the additions.
"""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import standardize_dtype

from ..core.dispatch import axis_in, concrete, float_op, nearest_dtype, of_dtype, op, shape_of

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]

Axis = int | tuple[int, ...] | list[int] | None


def axes_of(x: Any, axis: Axis, name: str) -> Any:
    """The axes counted from 0, or None for all.

    Args:
        x: array or Tensor.
        axis: axis, tuple or list of axes, or None.
        name: name of the op, for the message.

    Returns:
        list of integers, or None.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> axes_of([[1.0]], -1, "sum")
    [1]
    """
    if axis is None:
        return None
    rank = len(shape_of(x))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [axis_in(a, rank, f"ops.{name}") for a in given]
    if len(set(axes)) != len(axes):
        raise ValueError(f"ops.{name}: expected different axes, received {tuple(given)}.")
    return axes


@op
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum over axes, with the same bits for any number of threads.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0).tolist()
    [4.0, 6.0]
    """
    return _core.sum(x, axes_of(x, axis, "sum"), keepdims)


@op
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Mean over axes.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=1).tolist()
    [1.5, 3.5]
    """
    return _core.mean(x, axes_of(x, axis, "mean"), keepdims)


@op
def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Product over axes.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.
        dtype: name of a dtype that x is cast to first; None (the default): x's.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> prod([2.0, 3.0]).item()
    6.0
    """
    x = x if dtype is None else _core.cast(concrete(x), standardize_dtype(dtype))
    return _core.prod(x, axes_of(x, axis, "prod"), keepdims)


@op
def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Maximum over axes; equal maxima share the gradient.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.
        initial: a number that counts as one more element; None (the default): there is none.

    Returns:
        Tensor without the reduced axes, of x's dtype.

    Raises:
        ValueError: no elements, or an axis out of range or named twice.

    >>> max([[1.0, 2.0], [3.0, 4.0]], axis=1).tolist()
    [2.0, 4.0]
    """
    axes = axes_of(x, axis, "max")
    if initial is None:
        return in_own_type(x, _core.max(x, axes, keepdims))
    return _from(initial, _core.max, _core.maximum, x, axes, keepdims)


@op
def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Minimum over axes; equal minima share the gradient.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.
        initial: a number that counts as one more element; None (the default): there is none.

    Returns:
        Tensor without the reduced axes, of x's dtype.

    Raises:
        ValueError: no elements, or an axis out of range or named twice.

    >>> min([[1.0, 2.0], [3.0, 4.0]], axis=1).tolist()
    [1.0, 3.0]
    """
    axes = axes_of(x, axis, "min")
    if initial is None:
        return in_own_type(x, _core.min(x, axes, keepdims))
    return _from(initial, _core.min, _core.minimum, x, axes, keepdims)


amax, amin = max, min


def _from(initial: Any, over: Any, of: Any, x: Any, axes: Any, keepdims: bool) -> Any:
    """The extremum of x over axes and of `initial`, which the result of no elements is."""
    dtype, shape = nearest_dtype(x), shape_of(x)
    start = of_dtype(initial, dtype)
    axes = list(range(len(shape))) if axes is None else axes
    if 0 in [shape[i] for i in axes]:
        kept = [1 if i in axes else d for i, d in enumerate(shape) if keepdims or i not in axes]
        return _core.broadcast_to(start, kept)
    return of(in_own_type(x, over(x, axes, keepdims)), start)


def in_own_type(x: Any, extremum: Any) -> Any:
    """An extremum of x, or a difference of two, in x's dtype: kernels compare 8-bit integers as int32."""
    if extremum.dtype != "int32":
        return extremum
    dtype = nearest_dtype(x)
    return extremum if dtype in ("int32", "int64") else _core.cast(extremum, dtype)  # a Python integer is int32


@float_op
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Population variance over axes: the mean of (x - mean)**2.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> var([1.0, 3.0]).item()
    1.0
    """
    axes = axes_of(x, axis, "var")
    return _core.mean(_core.square(_core.subtract(x, _core.mean(x, axes, True))), axes, keepdims)


@float_op
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Population standard deviation over axes: the square root of the mean of (x - mean)**2.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> std([1.0, 3.0]).item()
    1.0
    """
    axes = axes_of(x, axis, "std")
    return _core.sqrt(_core.mean(_core.square(_core.subtract(x, _core.mean(x, axes, True))), axes, keepdims))


@op
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the first maximum along an axis.

    Args:
        x: array or Tensor.
        axis: None (the default): x is flattened first.
        keepdims: whether the axis stays with size 1; False by default.

    Returns:
        int32 Tensor without the axis, or of x's rank with keepdims; one number for None.

    Raises:
        ValueError: no elements, or the axis is out of range.

    >>> argmax([[1.0, 5.0, 2.0]], axis=-1).tolist()
    [1]
    """
    return _core.argmax(x, axis, keepdims)


@op
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the first minimum along an axis.

    Args:
        x: array or Tensor.
        axis: None (the default): x is flattened first.
        keepdims: whether the axis stays with size 1; False by default.

    Returns:
        int32 Tensor without the axis, or of x's rank with keepdims; one number for None.

    Raises:
        ValueError: no elements, or the axis is out of range.

    >>> argmin([[1.0, 5.0, 2.0]], axis=-1).tolist()
    [0]
    """
    return _core.argmin(x, axis, keepdims)


@op
def count_nonzero(x: Any, axis: Axis = None) -> Any:
    """The number of elements over axes that are not 0.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.

    Returns:
        int32 Tensor without the axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> count_nonzero([[0.0, 2.0], [3.0, 1.0]], axis=0).tolist()
    [1, 2]
    """
    return _core.sum(_core.not_equal(x, 0), axes_of(x, axis, "count_nonzero"), False)


@op
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether any element over axes is true (not 0).

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        bool Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> any([[0.0, 2.0], [0.0, 0.0]], axis=1).tolist()
    [True, False]
    """
    return _core.any(x, axes_of(x, axis, "any"), keepdims)


@op
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether every element over axes is true (not 0).

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        bool Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> all([[1.0, 2.0], [0.0, 3.0]], axis=1).tolist()
    [True, False]
    """
    return _core.all(x, axes_of(x, axis, "all"), keepdims)

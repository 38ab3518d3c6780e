"""Functions that leave out NaN: sums, means and extrema of the other elements, and NaN replaced by numbers.

Integers and bools have no NaN: for them the functions are those without "nan" in their name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import is_float

from ..core.dispatch import along, as_float, nearest_dtype, of_dtype, op
from .cumulative import cast_if_given
from .reduce import Axis, axes_of, in_own_type

__all__ = [
    "nan_to_num",
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def _largest(dtype: str) -> float:
    """The largest finite number of a float dtype."""
    return (2.0 - 2.0**-7) * 2.0**127 if dtype == "bfloat16" else float(np.finfo(dtype).max)


@op
def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """x with NaN and infinities replaced by numbers. Gradients flow to the other elements.

    Args:
        x: array or Tensor of any shape.
        nan: what replaces NaN; 0.0 by default.
        posinf: what replaces infinity; None (the default): the dtype's largest number.
        neginf: what replaces minus infinity; None (the default): the dtype's smallest number.

    Returns:
        Tensor of x's shape and dtype.

    >>> nan_to_num([1.0, np.nan, np.inf], posinf=9.0).tolist()
    [1.0, 0.0, 9.0]
    """
    dtype = nearest_dtype(x)
    if not is_float(dtype):
        return _core.identity(x)
    value = x
    for found, number in (
        (_core.isnan(x), nan),
        (_core.equal(x, np.inf), _largest(dtype) if posinf is None else posinf),
        (_core.equal(x, -np.inf), -_largest(dtype) if neginf is None else neginf),
    ):
        value = _core.where(found, of_dtype(number, dtype), value)
    return value


def _without_nan(x: Any, number: float) -> Any:
    """x with a number in place of NaN; integers as they are."""
    return _core.where(_core.isnan(x), number, x) if is_float(nearest_dtype(x)) else x


@op
def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum over axes of the elements that are not NaN; 0 if all are.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> nansum([1.0, np.nan, 2.0]).item()
    3.0
    """
    return _core.sum(_without_nan(x, 0.0), axes_of(x, axis, "nansum"), keepdims)


@op
def nanprod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Product over axes of the elements that are not NaN; 1 if all are.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> nanprod([3.0, np.nan, 2.0]).item()
    6.0
    """
    return _core.prod(_without_nan(x, 1.0), axes_of(x, axis, "nanprod"), keepdims)


def _mean_of_numbers(x: Any, numbers: Any, axes: Any, keepdims: bool) -> Any:
    """The mean over axes of the elements where `numbers` is true."""
    total = _core.sum(_core.where(numbers, x, 0.0), axes, keepdims)
    return _core.divide(total, _core.cast(_core.sum(numbers, axes, keepdims), nearest_dtype(total)))


@op
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Mean over axes of the elements that are not NaN; NaN if all are.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> nanmean([1.0, np.nan, 2.0]).item()
    1.5
    """
    axes = axes_of(x, axis, "nanmean")
    if not is_float(nearest_dtype(x)):
        return _core.mean(x, axes, keepdims)
    return _mean_of_numbers(x, _core.logical_not(_core.isnan(x)), axes, keepdims)


def _variance(x: Any, axis: Axis, keepdims: bool, name: str) -> Any:
    axes = axes_of(x, axis, name)
    x = as_float(x)
    numbers = _core.logical_not(_core.isnan(x))
    x = _core.where(numbers, x, 0.0)  # NaN would come back in the gradient
    rest = _core.subtract(x, _mean_of_numbers(x, numbers, axes, True))
    return _mean_of_numbers(_core.square(rest), numbers, axes, keepdims)


@op
def nanvar(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Population variance over axes of the elements that are not NaN; NaN if all are.

    Args:
        x: array or Tensor; integers are cast to floatx.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> nanvar([1.0, np.nan, 3.0]).item()
    1.0
    """
    return _variance(x, axis, keepdims, "nanvar")


@op
def nanstd(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Population standard deviation over axes of the elements that are not NaN; NaN if all are.

    Args:
        x: array or Tensor; integers are cast to floatx.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis out of range or named twice.

    >>> nanstd([1.0, np.nan, 3.0]).item()
    1.0
    """
    return _core.sqrt(_variance(x, axis, keepdims, "nanstd"))


def _extremum(of: Any, x: Any, axis: Axis, keepdims: bool, name: str, neutral: float) -> Any:
    axes = axes_of(x, axis, name)
    if not is_float(nearest_dtype(x)):
        return in_own_type(x, of(x, axes, keepdims))
    nan = _core.isnan(x)
    return _core.where(_core.all(nan, axes, keepdims), np.nan, of(_core.where(nan, neutral, x), axes, keepdims))


@op
def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Maximum over axes of the elements that are not NaN; NaN if all are.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: no elements, or an axis out of range or named twice.

    >>> nanmax([1.0, np.nan, 3.0]).item()
    3.0
    """
    return _extremum(_core.max, x, axis, keepdims, "nanmax", -np.inf)


@op
def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Minimum over axes of the elements that are not NaN; NaN if all are.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: no elements, or an axis out of range or named twice.

    >>> nanmin([1.0, np.nan, 3.0]).item()
    1.0
    """
    return _extremum(_core.min, x, axis, keepdims, "nanmin", np.inf)


def _position(of: Any, x: Any, axis: int | None, keepdims: bool, neutral: float) -> Any:
    if not is_float(nearest_dtype(x)):
        return of(x, axis, keepdims)
    nan = _core.isnan(x)
    found = of(_core.where(nan, neutral, x), axis, keepdims)
    return _core.where(_core.all(nan, None if axis is None else [axis], keepdims), -1, found)


@op
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the first maximum along an axis, without NaN; -1 if all elements are NaN.

    Args:
        x: array or Tensor.
        axis: None (the default): x is flattened first.
        keepdims: whether the axis stays with size 1; False by default.

    Returns:
        int32 Tensor without the axis, or of x's rank with keepdims; one number for None.

    >>> nanargmax([[np.nan, 5.0, 2.0]], axis=-1).tolist()
    [1]
    """
    return _position(_core.argmax, x, axis, keepdims, -np.inf)


@op
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the first minimum along an axis, without NaN; -1 if all elements are NaN.

    Args:
        x: array or Tensor.
        axis: None (the default): x is flattened first.
        keepdims: whether the axis stays with size 1; False by default.

    Returns:
        int32 Tensor without the axis, or of x's rank with keepdims; one number for None.

    >>> nanargmin([[np.nan, 5.0, 2.0]], axis=-1).tolist()
    [2]
    """
    return _position(_core.argmin, x, axis, keepdims, np.inf)


@op
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Sums of the elements up to and including each one, where NaN counts as 0.

    Args:
        x: array or Tensor.
        axis: None (the default): x is flattened first.
        dtype: name of a dtype that x is cast to first; None (the default): x's.

    Returns:
        Tensor of x's shape, or with one axis for axis=None.

    Raises:
        ValueError: the axis is out of range.

    >>> nancumsum([1.0, np.nan, 3.0]).tolist()
    [1.0, 1.0, 4.0]
    """
    return _core.cumsum(*along(cast_if_given(_without_nan(x, 0.0), dtype), axis, "ops.nancumsum"))


@op
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Products of the elements up to and including each one, where NaN counts as 1.

    Args:
        x: array or Tensor.
        axis: None (the default): x is flattened first.
        dtype: name of a dtype that x is cast to first; None (the default): x's.

    Returns:
        Tensor of x's shape, or with one axis for axis=None.

    Raises:
        ValueError: the axis is out of range.

    >>> nancumprod([2.0, np.nan, 3.0]).tolist()
    [2.0, 2.0, 6.0]
    """
    return _core.cumprod(*along(cast_if_given(_without_nan(x, 1.0), dtype), axis, "ops.nancumprod"))

"""Quantiles of all elements, or of those that are not NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import as_float, concrete, nearest_dtype, op, shape_of
from .reduce import Axis, axes_of

__all__ = ["nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _fractions(q: Any, whole: int, name: str) -> Any:
    """q / whole in float64: an ndarray if q is a number, list or array, else a Tensor."""
    if hasattr(q, "__array__") or hasattr(q, "__dlpack__") or hasattr(q, "_tensor"):
        q = concrete(q)
    else:
        q = np.asarray(q)  # not as float32: 0.3 is a position that float32 cannot express
    if isinstance(q, _core.Tensor):
        if len(q.shape) > 1:
            raise ValueError(f"ops.{name}: expected q of at most one axis, received shape {tuple(q.shape)}.")
        if not q.recorded:
            _fractions(np.asarray(_core.cast(q, "float64")), whole, name)  # for the errors
        return _core.divide(_core.cast(q, "float64"), float(whole))
    if (q.dtype.kind not in "iufb" and q.dtype.name != "bfloat16") or q.ndim > 1:
        raise ValueError(f"ops.{name}: expected a number or a vector q, received {q.dtype} of shape {q.shape}.")
    q = q.astype("float64")
    if not ((q >= 0) & (q <= whole)).all():
        raise ValueError(f"ops.{name}: expected q between 0 and {whole}, received {q.tolist()}.")
    return q / whole


def _quantile(name: str, x: Any, q: Any, axis: Axis, method: str, keepdims: bool, skip_nan: bool, whole: int) -> Any:
    """The quantiles q / whole over axes: elements of the sorted lines, and numbers between neighbours."""
    if method not in _METHODS:
        raise ValueError(f"ops.{name}: expected a method of {_METHODS}, received {method!r}.")
    fractions = _fractions(q, whole, name)
    x = as_float(x)
    shape = shape_of(x)
    axes = axes_of(x, axis, name)
    over = list(range(len(shape))) if axes is None else axes
    rest = [i for i in range(len(shape)) if i not in over]
    outer = tuple(shape[i] for i in rest)
    n = math.prod(shape[i] for i in over)
    if n == 0:
        raise ValueError(f"ops.{name}: no elements to choose from in an array of shape {shape}.")
    lines = _core.sort(_core.reshape(_core.transpose(x, rest + over) if len(shape) > 1 else x, (*outer, n)), -1)

    many = tuple(fractions.shape)
    count = math.prod(many)
    m: Any = np if isinstance(fractions, np.ndarray) and not skip_nan else _core  # known positions are constants
    fractions = m.reshape(fractions, (*[1] * len(outer), count))
    if skip_nan:
        numbers = _core.sum(_core.cast(_core.logical_not(_core.isnan(lines)), "float64"), [-1], True)
        place = _core.multiply(fractions, _core.maximum(_core.subtract(numbers, 1.0), 0.0))
    else:
        place = m.multiply(fractions, float(n - 1))
    low, high = m.floor(place), m.ceil(place)
    weight = m.subtract(place, low)

    def at(index: Any) -> Any:
        index = index.astype("int32") if isinstance(index, np.ndarray) else _core.cast(index, "int32")
        return _core.take_along_axis(lines, index, len(outer))

    if method == "nearest":
        result = at(m.where(m.less_equal(weight, 0.5), low, high))
    elif method in ("lower", "higher"):
        result = at(low if method == "lower" else high)
    else:
        below, above = at(low), at(high)
        second = _core.cast(weight if method == "linear" else m.multiply(m.ceil(weight), 0.5), nearest_dtype(x))
        between = _core.add(_core.multiply(below, _core.subtract(1.0, second)), _core.multiply(above, second))
        result = _core.where(m.equal(weight, 0.0), below, between)  # 0 times infinity is no part of it
    if not skip_nan:
        largest = _core.getitem(lines, (Ellipsis, slice(n - 1, n)))  # NaN if any element is NaN
        result = _core.where(_core.isnan(largest), largest, result)
    if outer:
        result = _core.transpose(result, [len(outer), *range(len(outer))])
    kept = tuple(1 if i in over else d for i, d in enumerate(shape)) if keepdims else outer
    return _core.reshape(result, (*many, *kept))


@op
def quantile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Quantiles over axes; NaN if any element is NaN. Gradients flow to the elements that they are made of.

    The quantile q of n sorted elements is at position q (n - 1), between two neighbours.

    Args:
        x: array or Tensor; integers are cast to floatx.
        q: a number or a vector of numbers in [0, 1]; 0.5 is the median.
        axis: axis or axes; None (the default): all.
        method: what is between two neighbours: "linear" (the default) interpolates; "lower" and "higher" take one of
            them, "nearest" the nearer one, "midpoint" their mean.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes, with an axis in front if q is a vector.

    Raises:
        ValueError: q outside [0, 1], no elements, or another method.

    >>> quantile([1.0, 2.0, 4.0, 9.0], [0.5, 1.0]).tolist()
    [3.0, 9.0]
    """
    return _quantile("quantile", x, q, axis, method, keepdims, False, 1)


@op
def percentile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Percentiles over axes: the quantiles q / 100; NaN if any element is NaN.

    Args:
        x: array or Tensor; integers are cast to floatx.
        q: a number or a vector of numbers in [0, 100]; 50 is the median.
        axis: axis or axes; None (the default): all.
        method: "linear" (the default), "lower", "higher", "nearest" or "midpoint", as for `quantile`.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes, with an axis in front if q is a vector.

    Raises:
        ValueError: q outside [0, 100], no elements, or another method.

    >>> percentile([1.0, 2.0, 4.0, 9.0], 50).item()
    3.0
    """
    return _quantile("percentile", x, q, axis, method, keepdims, False, 100)


@op
def nanquantile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Quantiles over axes of the elements that are not NaN; NaN if all are.

    Args:
        x: array or Tensor; integers are cast to floatx.
        q: a number or a vector of numbers in [0, 1]; 0.5 is the median.
        axis: axis or axes; None (the default): all.
        method: "linear" (the default), "lower", "higher", "nearest" or "midpoint", as for `quantile`.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes, with an axis in front if q is a vector.

    Raises:
        ValueError: q outside [0, 1], no elements, or another method.

    >>> nanquantile([1.0, np.nan, 4.0], 0.5).item()
    2.5
    """
    return _quantile("nanquantile", x, q, axis, method, keepdims, True, 1)


@op
def nanpercentile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Percentiles over axes of the elements that are not NaN; NaN if all are.

    Args:
        x: array or Tensor; integers are cast to floatx.
        q: a number or a vector of numbers in [0, 100]; 50 is the median.
        axis: axis or axes; None (the default): all.
        method: "linear" (the default), "lower", "higher", "nearest" or "midpoint", as for `quantile`.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes, with an axis in front if q is a vector.

    Raises:
        ValueError: q outside [0, 100], no elements, or another method.

    >>> nanpercentile([1.0, np.nan, 4.0], 50).item()
    2.5
    """
    return _quantile("nanpercentile", x, q, axis, method, keepdims, True, 100)


@op
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The median over axes of the elements that are not NaN; NaN if all are.

    Args:
        x: array or Tensor; integers are cast to floatx.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: no elements.

    >>> nanmedian([[1.0, np.nan], [5.0, 2.0]], axis=0).tolist()
    [3.0, 2.0]
    """
    return _quantile("nanmedian", x, 0.5, axis, "linear", keepdims, True, 1)

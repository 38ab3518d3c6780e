"""Range, weighted mean, correlation and histograms."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import as_float, flat, nearest_dtype, op, shape_of
from ..core.segments import segment_sum
from .reduce import Axis, axes_of, in_own_type

__all__ = ["average", "corrcoef", "histogram", "ptp"]


@op
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest minus the smallest element over axes.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes, of x's dtype.

    Raises:
        ValueError: no elements, or an axis out of range or named twice.
        TypeError: x is of bools.

    >>> ptp([[1.0, 5.0], [2.0, 2.0]], axis=1).tolist()
    [4.0, 0.0]
    """
    axes = axes_of(x, axis, "ptp")
    return in_own_type(x, _core.subtract(_core.max(x, axes, keepdims), _core.min(x, axes, keepdims)))


@op
def corrcoef(x: Any) -> Any:
    """Pearson's correlation coefficients of the rows of a matrix.

    Args:
        x: (variables, observations), or a vector of observations of one variable; integers are cast to floatx.

    Returns:
        Tensor (variables, variables), in [-1, 1]; of one variable a 0-d Tensor. NaN for a variable that is constant.

    Raises:
        ValueError: x has another rank.

    >>> corrcoef([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]).numpy().round(4)
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """
    shape = shape_of(x)
    if len(shape) not in (1, 2):
        raise ValueError(f"ops.corrcoef: expected a vector or a matrix, received shape {shape}.")
    rows = _core.reshape(as_float(x), (1, *shape) if len(shape) == 1 else shape)
    n = shape_of(rows)[0]
    rows = _core.subtract(rows, _core.mean(rows, [1], True))
    products = _core.matmul(rows, _core.transpose(rows, [1, 0]))
    deviations = _core.sqrt(_core.sum(_core.square(rows), [1], True))
    products = _core.divide(_core.divide(products, deviations), _core.reshape(deviations, (1, n)))
    return _core.reshape(_core.clip(products, -1.0, 1.0), () if n == 1 else (n, n))


@op
def histogram(x: Any, bins: int = 10, range: Any = None) -> tuple[Any, Any]:
    """The number of elements in each of several bins of equal width. No gradient flows.

    Each bin holds its lower edge and not its upper one, except the last, which holds both.

    Args:
        x: array or Tensor, flattened first; integers are cast to floatx.
        bins: number of bins; 10 by default.
        range: (lowest edge, highest edge); elements outside are not counted. None (the default): the smallest and the
            largest element.

    Returns:
        (counts, edges): Tensors (bins,) and (bins + 1,) of x's dtype.

    Raises:
        TypeError: bins is not an integer.
        ValueError: bins is below 1, or range is not two finite numbers in order.

    >>> counts, edges = histogram([1.0, 2.0, 2.0, 5.0], bins=2)
    >>> counts.tolist(), edges.tolist()
    ([3.0, 1.0], [1.0, 3.0, 5.0])
    """
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)):
        raise TypeError(f"ops.histogram: expected an integer number of bins, received {bins!r}.")
    if not 1 <= bins <= 2**31 - 2:
        raise ValueError(f"ops.histogram: expected 1 to {2**31 - 2} bins, received {bins}.")
    bins = int(bins)
    values = flat(as_float(x))
    values = _core.view(values, values.shape)  # a constant for the gradient
    dtype, count = nearest_dtype(values), shape_of(values)[0]
    if range is None and count:
        low, high = _core.min(values), _core.max(values)
        alike = _core.equal(low, high)
        low, high = (_core.where(alike, _core.add(end, by), end) for end, by in ((low, -0.5), (high, 0.5)))
        steps = np.arange(bins + 1) / bins
        lower, upper = (_core.cast(s, dtype) for s in (1.0 - steps, steps))
        edges = _core.add(_core.multiply(low, lower), _core.multiply(high, upper))
    else:
        first, last = _bounds((0.0, 1.0) if range is None else range)
        edges = _core.tensor(np.linspace(first, last, bins + 1), dtype)
        low, high = _core.tensor(first, dtype), _core.tensor(last, dtype)
    inside = _core.logical_and(_core.greater_equal(values, low), _core.less_equal(values, high))
    values = _core.where(inside, values, low)
    # The position by its formula is wrong by at most one bin, by rounding: the edges decide, as in NumPy.
    scale = _core.divide(float(bins), _core.subtract(high, low))
    place = _core.cast(_core.multiply(_core.subtract(values, low), scale), "int32")
    place = _core.clip(place, 0, bins - 1)
    place = _core.subtract(place, _core.cast(_core.less(values, _core.take(edges, place, 0)), "int32"))
    place = _core.clip(place, 0, bins - 1)
    above = _core.greater_equal(values, _core.take(edges, _core.add(place, 1), 0))
    place = _core.minimum(_core.add(place, _core.cast(above, "int32")), bins - 1)
    counts = segment_sum(np.ones(count, "int32"), _core.where(inside, place, bins), bins + 1)
    return _core.cast(_core.getitem(counts, slice(0, bins)), dtype), edges


def _bounds(given: Any) -> tuple[float, float]:
    """The argument `range` of a histogram."""
    try:
        low, high = (builtins.float(v) for v in given)
    except (TypeError, ValueError):
        raise ValueError(f"ops.histogram: expected range of two numbers, received {given!r}.") from None
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise ValueError(f"ops.histogram: expected a finite range (low, high), received {given!r}.")
    return (low - 0.5, high + 0.5) if low == high else (low, high)


@op
def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """Mean over axes, weighted if weights are given: sum(weights * x) / sum(weights).

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        weights: array of x's shape, or a vector along the axis; None (the default): all equal.

    Returns:
        Tensor without the axes.

    Raises:
        ValueError: an axis is out of range, or weights of another shape.

    >>> average([1.0, 4.0], weights=[2.0, 1.0]).item()
    2.0
    """
    axes = axes_of(x, axis, "average")
    if weights is None:
        return _core.mean(x, axes, False)
    shape, given = shape_of(x), shape_of(weights)
    if given != shape:
        if axes is None or len(axes) != 1 or given != (shape[axes[0]],):
            raise ValueError(
                f"ops.average: expected weights of shape {shape}, or a vector along one axis, received shape {given}."
            )
        weights = _core.reshape(weights, [n if i == axes[0] else 1 for i, n in enumerate(shape)])
        weights = _core.broadcast_to(weights, shape)
    return _core.divide(_core.sum(_core.multiply(x, weights), axes, False), _core.sum(weights, axes, False))

"""Arrays as sets: their different elements, and membership."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import HALVES, is_float

from ..core.dispatch import axis_in, flat, known_values, nearest_dtype, of_dtype, op, shape_of

__all__ = ["isin", "unique"]


@op
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each element of x1 is an element of x2. NaN is in no array.

    Args:
        x1: array or Tensor of any shape.
        x2: array or Tensor of any shape.
        assume_unique: whether both have no element twice; ignored, since the result is the same.
        invert: whether the result is negated: true for the elements that are not in x2. False by default.

    Returns:
        bool Tensor of x1's shape.

    >>> isin([[1, 2], [3, 4]], [2, 4, 9]).tolist()
    [[False, True], [False, True]]
    """
    dtypes = [nearest_dtype(x1), nearest_dtype(x2)]
    shape, n = shape_of(x1), math.prod(shape_of(x2))
    if n == 0:
        return _core.full(shape, "bool", float(builtins.bool(invert)))
    if "bool" in dtypes:
        x1, x2 = (_core.cast(x, "int32") if d == "bool" else x for x, d in zip((x1, x2), dtypes))
    known = _core.sort(flat(x2), 0)
    place = _core.minimum(_core.searchsorted(known, x1, False), n - 1)
    near = _core.take(known, place, 0)
    return (_core.not_equal if invert else _core.equal)(near, x1)


def _unique_of_size(x: Any, size: int, fill_value: Any = None) -> tuple[Any, Any, Any, Any]:
    """The first `size` different elements in order, their first positions, each element's place among them, and counts.

    All shapes are known before the values, so that a step can be recorded.
    """
    shape = shape_of(x)
    line = flat(x)
    n = shape_of(line)[0]
    dtype = nearest_dtype(line)
    if n == 0:
        if size:
            raise ValueError("ops.unique: no elements to fill a result of a given size with.")
        empty = _core.full((0,), "int32", 0.0)
        return _core.full((0,), dtype, 0.0), empty, _core.full(shape, "int32", 0.0), empty
    order = _core.argsort(line, 0)
    ordered = _core.take(line, order, 0)
    differs = _core.not_equal(_core.getitem(ordered, slice(1, None)), _core.getitem(ordered, slice(None, -1)))
    place = _core.cumsum(_core.concatenate([np.zeros(1, "int32"), _core.cast(differs, "int32")], 0), 0)
    inverse = _core.scatter(np.zeros(n, "int32"), _core.reshape(order, (n, 1)), place, "set", "unique")
    kept = _core.reshape(_core.minimum(place, size), (n, 1))  # the places beyond the size are cut off
    ones = np.ones(n, "int32")
    counts = _core.scatter(np.zeros(size + 1, "int32"), kept, ones, "add", "unique")
    first = _core.scatter(np.full(size + 1, n, "int32"), kept, order, "min", "unique")
    counts, first = (_core.getitem(t, slice(0, size)) for t in (counts, first))
    missing = _core.equal(counts, 0)
    first = _core.where(missing, _core.getitem(order, 0), first)
    values = _core.take(line, first, 0)
    if fill_value is not None:
        values = _core.where(missing, of_dtype(fill_value, dtype), values)
    return values, first, _core.reshape(inverse, shape), counts


def _may_have_gradient(x: Any) -> bool:
    return not isinstance(x, np.ndarray) and is_float(nearest_dtype(x))


def _unique_known(x: Any) -> tuple[Any, Any, Any, Any]:
    """As `_unique_of_size`, with as many elements as there are, by NumPy."""
    values = known_values(x, "ops.unique without `size`")
    if nearest_dtype(x) in HALVES:  # float32 has all values of both, and NumPy compares it
        values = values.astype("float32")
    _, first, inverse, counts = np.unique(
        values.reshape(-1), return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    index, back, often = (_core.tensor(v, "int32") for v in (first, inverse.reshape(values.shape), counts))
    return _core.take(flat(x), index, 0), index, back, often


def _unique_slices(x: Any, axis: int, size: int | None, fill_value: Any) -> tuple[Any, Any, Any, Any]:
    """As `_unique_of_size`, for the slices along an axis, from known values."""
    values = known_values(x, "ops.unique with an axis")
    axis = axis_in(axis, values.ndim, "ops.unique")
    _, first, inverse, counts = np.unique(values, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    found = len(first)
    count = found if size is None else size
    if count > found and not found:
        raise ValueError("ops.unique: no elements to fill a result of a given size with.")
    index = np.concatenate([first, np.full(builtins.max(count - found, 0), first[:1])])[:count].astype("int32")
    counts = np.concatenate([counts, np.zeros(builtins.max(count - found, 0), "int64")])[:count]
    result = _core.take(x, index, axis)
    if fill_value is not None and count > found:
        shape = [count if i == axis else 1 for i in range(values.ndim)]
        filled = (np.arange(count) >= found).reshape(shape)
        result = _core.where(filled, of_dtype(fill_value, nearest_dtype(x)), result)
    places, back, often = (_core.tensor(v, "int32") for v in (index, inverse.reshape(-1), counts))
    return result, places, back, often


@op
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements of an array in increasing order. Every NaN differs from all others.

    The number of them depends on the values, so a recorded step needs `size`. Gradients flow to
    the first of equal elements.

    Args:
        x: array or Tensor.
        sorted: ignored; the result is always sorted.
        return_index: whether to return the position in x of the first of equal elements, too; False by default.
        return_inverse: whether to return the place of each element of x in the result, too; False by default.
        return_counts: whether to return how often each element occurs, too; False by default.
        axis: the axis whose slices are compared, not inside a recorded step; None (the default): elements are.
        size: number of elements of the result: further ones are left out, missing ones filled; None (the default): as
            many as there are.
        fill_value: what fills missing elements; None (the default): the smallest element.

    Returns:
        Tensor (size,), or with `size` slices along the axis; with return_index, return_inverse or return_counts a tuple
        of it and those int32 Tensors, in this order. The inverse has x's shape, or with an axis the size of the axis.

    Raises:
        NeedsValues: x is part of a recorded step, without `size` or with an axis.
        ValueError: size is below 0, or the axis out of range.

    >>> unique([3, 1, 3, 2]).tolist()
    [1, 2, 3]
    >>> unique([3, 1, 3, 2], return_counts=True, size=4)[1].tolist()
    [1, 1, 2, 0]
    """
    if size is not None and (isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 0):
        raise ValueError(f"ops.unique: expected an integer size of at least 0, received {size!r}.")
    if axis is not None and len(shape_of(x)) != 1:
        found = _unique_slices(x, axis, size, fill_value)
    else:
        if axis is not None:
            axis_in(axis, 1, "ops.unique")
        if size is None and not (return_index or return_inverse or return_counts) and not _may_have_gradient(x):
            values = np.unique(known_values(x, "ops.unique without `size`"), equal_nan=False)
            return _core.tensor(values, nearest_dtype(x))
        found = _unique_known(x) if size is None else _unique_of_size(x, int(size), fill_value)
    wanted = (True, return_index, return_inverse, return_counts)
    result = tuple(part for part, given in zip(found, wanted, strict=True) if given)
    return result if len(result) > 1 else result[0]

"""Indexing: x[key] with everything that NumPy takes as a key, and blocks of given sizes."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from netlet import _core
from netlet.engine.needs_values import NeedsValues, values_if_known

from ..core.dispatch import concrete, op, shape_of

__all__ = ["get_item", "getitem", "slice"]


@op
def getitem(x: Any, key: Any) -> Any:
    """x[key] as in NumPy, with gradients.

    Inside a recorded step arrays of positions may be computed by the step; a position out of range reads NaN then (0
    for integers). The shape cannot depend on values: boolean masks must be known when the step is recorded.

    Args:
        x: array or Tensor.
        key: integers, slices, `...`, None, arrays of positions, boolean masks, or a tuple of them.

    Returns:
        Tensor of the shape that NumPy's indexing gives, of x's dtype.

    Raises:
        IndexError: a position out of range, or a key that does not fit x.
        NeedsValues: a boolean mask that a recorded step computes; see ops.where.

    >>> import numpy as np
    >>> getitem(np.array([3.0, -1.0, 2.0]), np.array([True, False, True])).tolist()
    [3.0, 2.0]
    """
    try:
        return _core.getitem(x, key)
    except (TypeError, IndexError):
        items = key if isinstance(key, tuple) else (key,)
        if not builtins.any(isinstance(i, (bool, list)) or hasattr(i, "__array__") for i in items):
            raise
    except ValueError as error:
        raise IndexError(str(error)) from None
    return _take_arrays(x, [_read(i) for i in items])


def _read(item: Any) -> Any:
    """One part of a key: a slice, None, `...`, an array of integers or bools, or a Tensor that the step computes."""
    if item is None or item is Ellipsis or isinstance(item, builtins.slice):
        return item
    array: Any = np.asarray(item) if isinstance(item, (bool, int)) else concrete(item)
    values = values_if_known(item if hasattr(item, "_tensor") else array)
    if values is None:
        if array.dtype == "bool":
            raise NeedsValues("x[mask]", "the result's shape depends on the values of the mask")
        if "int" in array.dtype:
            return array
    elif values.dtype.kind in "iub":
        return values
    elif values.size == 0 and isinstance(item, list):
        return values.astype("int64")  # an empty list has no dtype of its own
    raise IndexError(f"x[key]: expected arrays of integers or bools in a key, received {array.dtype}.")


def _axes_of(item: Any) -> int:
    """The number of axes that a part of a key is for."""
    if item is None:
        return 0
    return item.ndim if isinstance(item, np.ndarray) and item.dtype == bool else 1


def _one_for_each_axis(shape: tuple[int, ...], items: list[Any]) -> tuple[list[int], list[Any], bool]:
    """The shape with the key's new axes, a slice or an array for each axis, and whether the arrays stand together."""
    free = len(shape) - sum(_axes_of(i) for i in items if i is not Ellipsis)
    if free < 0 or sum(i is Ellipsis for i in items) > 1:
        raise IndexError(f"x[key]: too many indices for a tensor of shape {shape}, or more than one Ellipsis.")
    if not builtins.any(i is Ellipsis for i in items):
        items = [*items, Ellipsis]
    sizes: list[int] = []
    parts: list[Any] = []
    old = iter(shape)
    everything = builtins.slice(None)
    runs, inside = 0, False
    for item in items:
        array = not (item is None or item is Ellipsis or isinstance(item, builtins.slice))
        runs += array and not inside
        inside = array
        if item is Ellipsis:
            sizes += [next(old) for _ in range(free)]
            parts += [everything] * free
        elif item is None:
            sizes.append(1)
            parts.append(everything)
        elif array and isinstance(item, np.ndarray) and item.dtype == bool:
            if item.ndim == 0:  # True and False: a new axis with one position or none
                sizes.append(1)
                parts.append(np.zeros(int(item), "int64"))
                continue
            found = tuple(next(old) for _ in range(item.ndim))
            if found != item.shape:
                raise IndexError(f"x[key]: a mask of shape {item.shape} does not fit axes of shape {found}.")
            sizes += found
            parts += np.nonzero(item)
        else:
            sizes.append(next(old))
            parts.append(item)
    return sizes, parts, runs == 1


def _flat_positions(sizes: list[int], arrays: list[Any]) -> Any:
    """Positions along several axes as positions in the flattened axes."""
    total = math.prod(sizes)
    dtype = "int32" if total < 2**31 - 1 else "int64"
    try:
        np.broadcast_shapes(*(tuple(a.shape) for a in arrays))
    except ValueError:
        shapes = [tuple(a.shape) for a in arrays]
        raise IndexError(f"x[key]: expected arrays that broadcast together, received shapes {shapes}.") from None
    if all(isinstance(a, np.ndarray) for a in arrays):
        place = np.int64(0)
        for n, at in zip(sizes, arrays):
            if at.size and (at.min() < -n or at.max() >= n):
                bad = at[(at < -n) | (at >= n)].flat[0]
                raise IndexError(f"x[key]: index {bad} is out of bounds for an axis with {n} entries.")
            place = place * n + np.where(at < 0, at + n, at)
        return np.asarray(place).astype(dtype)
    flat: Any = None
    outside: Any = None
    for n, at in zip(sizes, arrays):
        at = _core.cast(at, dtype)
        at = _core.where(_core.less(at, 0), _core.add(at, n), at)
        wrong = _core.logical_or(_core.less(at, 0), _core.greater(at, n - 1))
        flat = at if flat is None else _core.add(_core.multiply(flat, n), at)
        outside = wrong if outside is None else _core.logical_or(outside, wrong)
    return _core.where(outside, total, flat)  # which `take` answers with NaN


def _take_arrays(x: Any, items: list[Any]) -> Any:
    """x[items] with arrays among the items: one take from the flattened axes of the arrays."""
    sizes, parts, together = _one_for_each_axis(shape_of(x), items)
    chosen = [i for i, p in enumerate(parts) if not isinstance(p, builtins.slice)]
    rest = [i for i in range(len(parts)) if i not in chosen]
    x = _core.reshape(x, sizes)
    x = _core.getitem(x, tuple(builtins.slice(None) if i in chosen else p for i, p in enumerate(parts)))
    kept = [shape_of(x)[i] for i in rest]
    if chosen + rest != list(range(len(parts))):
        x = _core.transpose(x, chosen + rest)
    places = _flat_positions([sizes[i] for i in chosen], [parts[i] for i in chosen])
    x = _core.reshape(x, (math.prod(sizes[i] for i in chosen), *kept))
    result = _core.take(x, places, 0)
    before = sum(i < chosen[0] for i in rest)
    if not (together and before):
        return result
    rank = len(places.shape)  # the axes of the arrays take their place; arrays that do not stand together come first
    order = [*range(rank, rank + before), *range(rank), *range(rank + before, rank + len(rest))]
    return _core.transpose(result, order)


get_item = getitem


@op
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """A block of x.

    Args:
        inputs: array or Tensor.
        start_indices: first position of the block along each axis.
        shape: size of the block along each axis.

    Returns:
        Tensor of that shape.

    >>> slice([[1, 2], [3, 4]], (0, 1), (2, 1)).tolist()
    [[2], [4]]
    """
    index = tuple(builtins.slice(int(s), int(s) + int(n)) for s, n in zip(start_indices, shape, strict=True))
    return _core.getitem(inputs, index)

"""Arrays joined along an axis, split along one, and indexed."""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

import numpy as np

from netlet import _core

from .dispatch import axis_in, flat, op, shape_of
from .manipulation import expand_dims
from .properties import ndim


@op
def concatenate(xs: Any, axis: int = 0) -> Any:
    """The arrays one after another along an axis; their other extents are equal.

    >>> concatenate([np.zeros((2, 1)), np.ones((2, 2))], axis=1).shape
    (2, 3)
    """
    return _core.concatenate(list(xs), int(axis))


@op
def stack(x: Any, axis: int = 0) -> Any:
    """Arrays of one shape side by side along a new axis."""
    return _core.stack(list(x), int(axis))


def vstack(xs: Any) -> Any:
    """Rows (or arrays) on top of each other."""
    return concatenate([expand_dims(x, 0) if ndim(x) == 1 else x for x in list(xs)], axis=0)


def hstack(xs: Any) -> Any:
    """Arrays side by side."""
    arrays = list(xs)
    return concatenate(arrays, axis=0 if arrays and ndim(arrays[0]) == 1 else 1)


@op
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """List of pieces along an axis: so many equal ones, or cut before each given index (below 0: from the end).

    Raises:
        ValueError: the axis has no such equal parts, or the indices do not rise.

    >>> [piece.tolist() for piece in split(np.arange(4), [1, -1])]
    [[0], [1, 2], [3]]
    """
    extents = shape_of(x)
    axis = axis_in(axis, len(extents), "ops.split")
    n = extents[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        parts = int(indices_or_sections)
        if parts < 1 or n % parts:
            raise ValueError(f"ops.split: axis {axis} of size {n} has no {parts} equal parts.")
        cuts = [i * (n // parts) for i in range(1, parts)]
    else:
        given = [operator.index(i) for i in indices_or_sections]
        cuts = [max(0, min(n, i + n if i < 0 else i)) for i in given]  # as in NumPy: -1 is before the last
        if cuts != sorted(cuts):
            raise ValueError(f"ops.split: expected indices in rising order, received {given} for an axis of size {n}.")
    return _core.split(x, cuts, axis)


@op
def unstack(x: Any, num: int | None = None, axis: int = 0) -> Any:
    """List of the slices along an axis, without it."""
    extents = shape_of(x)
    axis = axis_in(axis, len(extents), "ops.unstack")
    if num is not None and num != extents[axis]:
        raise ValueError(f"ops.unstack: num={num}, but axis {axis} has extent {extents[axis]}.")
    rest = extents[:axis] + extents[axis + 1 :]
    if extents[axis] == 0:
        return []
    return [_core.reshape(part, rest) for part in _core.split(x, list(range(1, extents[axis])), axis)]


@op
def getitem(x: Any, index: Any) -> Any:
    """x[index] as in NumPy, differentiable.

    Inside a recorded step, arrays of positions and masks must be known when it is recorded, except for one array of
    positions: the shape of the result cannot depend on values.

    >>> getitem(np.array([3.0, -1.0, 2.0]), np.array([True, False, True])).tolist()
    [3.0, 2.0]
    """
    try:
        return _core.getitem(x, index)
    except (TypeError, IndexError):
        items = index if isinstance(index, tuple) else (index,)
        recorded = builtins.any(isinstance(i, _core.Tensor) and i.recorded for i in items)
        if recorded or not builtins.any(isinstance(i, (bool, list)) or hasattr(i, "__array__") for i in items):
            raise
        extents = shape_of(x)
        elements = np.arange(math.prod(extents)).reshape(extents)
        return _core.take(flat(x), elements[tuple(_plain_index(i) for i in items)], 0)


def _plain_index(item: Any) -> Any:
    """One part of an index as NumPy understands it."""
    array = hasattr(item, "__array__") or isinstance(item, list)
    return np.asarray(item) if array else item


@op
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """The block of the given shape that begins at start_indices."""
    index = tuple(builtins.slice(int(s), int(s) + int(n)) for s, n in zip(start_indices, shape, strict=True))
    return _core.getitem(inputs, index)

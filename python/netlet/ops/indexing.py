"""Entries by position: taken, written, added up.

Positions below 0 count from the end. One outside of its axis is a ValueError that names it where its value is known,
that is everywhere but inside a recorded step; there it takes NaN (integers: 0) and writes nothing.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from netlet import _core
from netlet.engine import graph

from .dispatch import along, concrete, flat, nearest_dtype, op, shape_from, shape_of


@op
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Slices of x along the axis (of the flattened x if None) at integer positions.

    >>> take(np.array([10.0, 20.0, 30.0]), np.array([2, 0]), axis=0).numpy()
    array([30., 10.])
    """
    x, axis = along(x, axis, "ops.take")
    return _core.take(x, indices, axis)


@op
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Entries of x along the axis (of the flattened x if None), at a position of its own for each element.

    Outside of the axis the shapes of x and indices broadcast against each other.

    >>> take_along_axis(np.array([[10.0, 20.0], [30.0, 40.0]]), np.array([[1], [0]]), axis=1).numpy()
    array([[20.],
           [30.]])
    """
    if axis is None:
        indices = flat(indices)
    x, axis = along(x, axis, "take_along_axis")
    return _core.take_along_axis(x, indices, axis)


@op
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Zeros of a shape, with values (..., rest of the shape) added at indices (..., depth) of its first axes.

    >>> scatter(np.array([[0], [2], [0]]), np.array([1.0, 2.0, 3.0]), (4,)).numpy()
    array([4., 0., 2., 0.])
    """
    zeros = np.zeros(shape_from(shape, "ops.scatter"), nearest_dtype(values))
    return _core.scatter(zeros, indices, values, "add", "scatter")


@op
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """inputs with updates written at indices (N, depth) of the first axes, in their order: the last one stays.

    Args:
        reduction: None, or how an update joins what is there: "add", "max", "min", "mul".

    >>> scatter_update(np.zeros(4), np.array([[1], [3]]), np.array([5.0, 6.0])).numpy()
    array([0., 5., 0., 6.])
    """
    if reduction not in (None, "add", "max", "min", "mul"):
        raise ValueError(f"ops.scatter_update: reduction is None, 'add', 'max', 'min' or 'mul'; given {reduction!r}.")
    return _core.scatter(inputs, indices, updates, reduction or "set", "scatter_update")


@op
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """inputs with the block that begins at start_indices replaced by updates.

    Raises:
        ValueError: the block does not lie inside of inputs.

    >>> slice_update(np.zeros((2, 3)), (0, 1), np.ones((2, 2))).numpy()
    array([[0., 1., 1.],
           [0., 1., 1.]])
    """
    return _core.slice_update(inputs, [int(i) for i in start_indices], updates)


def _segments(name: str, reduction: str, start: Any, data: Any, segment_ids: Any, num_segments: int | None) -> Any:
    shape, ids = shape_of(data), concrete(segment_ids)
    if len(ids.shape) != 1 or not shape or shape[0] != ids.shape[0]:
        raise ValueError(
            f"ops.{name}: expected data (N, ...) and segment_ids (N,); given shapes {shape} and {tuple(ids.shape)}."
        )
    if num_segments is None:
        num_segments = int(_values(ids, f"ops.{name}: num_segments=None").max(initial=-1)) + 1
    dtype = nearest_dtype(data)
    if reduction in ("max", "min") and not dtype.startswith("float"):
        limits = np.iinfo(dtype) if dtype != "bool" else None
        start = (limits.min if reduction == "max" else limits.max) if limits else reduction == "min"
    into = np.full((int(num_segments), *shape[1:]), start, dtype)
    return _core.scatter(into, _core.reshape(ids, (shape[0], 1)), data, reduction, name, False)


def _values(x: Any, what: str) -> np.ndarray:
    """The values of an eager array, for results whose shape depends on them."""
    try:
        values = np.asarray(concrete(x))
    except RuntimeError:
        raise NotImplementedError(
            f"{what} gives a shape that depends on values, which a recorded step does not know."
        ) from None
    if values.dtype.kind not in "iufb" and values.dtype.name != "bfloat16":
        raise TypeError(f"{what}: expected an array of numbers, received {values.dtype}.")
    return values


@op
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Sums of the rows of data (N, ...) that have the same id of segment_ids (N,): (num_segments, ...).

    Args:
        num_segments: the largest id + 1 if None, which only works where ids are known.
        sorted: whether the ids ascend, which other backends make use of; the result is the same.

    >>> segment_sum(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), 3).numpy()
    array([5., 0., 2.])
    """
    return _segments("segment_sum", "add", 0, data, segment_ids, num_segments)


@op
def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Like segment_sum, the largest; -inf (integers: the smallest number) for a segment without rows."""
    return _segments("segment_max", "max", -np.inf, data, segment_ids, num_segments)


@op
def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Like segment_sum, the smallest; inf (integers: the largest number) for a segment without rows."""
    return _segments("segment_min", "min", np.inf, data, segment_ids, num_segments)


@op
def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Like segment_sum, the product; 1 for a segment without rows. No gradient flows to data: a ValueError."""
    return _segments("segment_prod", "mul", 1, data, segment_ids, num_segments)


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often each integer >= 0 stands in x (N,) or in each row of x (M, N), or the sum of its weights.

    >>> bincount(np.array([1, 2, 1]), minlength=4).numpy()
    array([0, 2, 1, 0], dtype=int32)
    """
    if sparse:
        raise NotImplementedError("ops.bincount: sparse=True is not supported.")
    _refuse_symbols("bincount", x)
    values = _values(x, "ops.bincount")
    if (values.size and values.dtype.kind not in "iub") or values.ndim not in (1, 2):  # an empty list is float32
        raise ValueError(
            f"ops.bincount: x is an array of integers (N,) or (M, N); given {values.dtype} {values.shape}."
        )
    ids = values.astype("int64")
    if ids.size and ids.min() < 0:
        raise ValueError(f"ops.bincount: x holds {values.min()}; expected integers >= 0.")
    bins = builtins.max(int(ids.max(initial=-1)) + 1, int(minlength))
    if values.ndim == 2:  # one row of bins after the other
        ids = ids + bins * np.arange(len(ids))[:, None]
    counted = np.ones(values.size, "int32") if weights is None else _core.reshape(weights, (values.size,))
    total = segment_sum(counted, ids.reshape(-1), bins * (len(values) if values.ndim == 2 else 1))
    return _core.reshape(total, (*values.shape[:-1], bins))


def nonzero(x: Any) -> tuple[Any, ...]:
    """The int32 positions of what is not 0, one array an axis. Not inside a recorded step: its shape depends on values.

    >>> nonzero(np.array([0.0, 3.0, 0.0, 1.0]))[0].numpy()
    array([1, 3], dtype=int32)
    """
    _refuse_symbols("nonzero", x)
    return tuple(_core.tensor(p, "int32") for p in np.nonzero(_values(x, "ops.nonzero")))


def _refuse_symbols(name: str, x: Any) -> None:
    if graph.is_symbolic(x):
        raise NotImplementedError(f"ops.{name} gives a shape that depends on values, which a symbol does not have.")

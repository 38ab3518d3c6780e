"""Elements taken, written or added up by position.

Negative positions count from the end. A position outside its axis raises a ValueError that names it, except inside a
recorded step, where values are not known in advance: there such a position reads NaN (0 for integers) and writes
nothing.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import HALVES
from netlet.engine import graph

from .dispatch import along, concrete, flat, nearest_dtype, op, shape_from, shape_of


@op
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Slices of x at integer positions of an axis.

    Args:
        x: array or Tensor.
        indices: integers of any shape.
        axis: None (the default): x is flattened first.

    Returns:
        Tensor of x's shape with the shape of indices in place of the axis.

    Raises:
        ValueError: a position outside the axis.

    >>> take(np.array([10.0, 20.0, 30.0]), np.array([2, 0]), axis=0).numpy()
    array([30., 10.])
    """
    x, axis = along(x, axis, "ops.take")
    return _core.take(x, indices, axis)


@op
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Elements of x along an axis, each at its own position.

    Args:
        x: array or Tensor.
        indices: integers of x's rank; the shapes broadcast outside the axis.
        axis: None (the default): x and indices are flattened first.

    Returns:
        Tensor of the broadcast shape, with the size of indices along the axis.

    Raises:
        ValueError: a position outside the axis, or shapes that do not broadcast.

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
    """Zeros with values added at given positions.

    Args:
        indices: integers (..., depth): positions along the first `depth` axes.
        values: (..., rest of the shape).
        shape: shape of the result.

    Returns:
        Tensor of that shape and the dtype of values.

    Raises:
        ValueError: a position outside its axis, or shapes that do not fit.

    >>> scatter(np.array([[0], [2], [0]]), np.array([1.0, 2.0, 3.0]), (4,)).numpy()
    array([4., 0., 2., 0.])
    """
    zeros = np.zeros(shape_from(shape, "ops.scatter"), nearest_dtype(values))
    return _core.scatter(zeros, indices, values, "add", "scatter")


@op
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """A copy of inputs with updates written at given positions, in order: the last write to a position counts.

    Args:
        inputs: array or Tensor.
        indices: integers (N, depth): positions along the first `depth` axes.
        updates: (N, rest of the shape).
        reduction: None (the default): overwrite; or how an update is combined with the old value: "add", "max", "min",
            "mul".

    Returns:
        Tensor of the shape of inputs.

    Raises:
        ValueError: a position outside its axis, shapes that do not fit, or another reduction.

    >>> scatter_update(np.zeros(4), np.array([[1], [3]]), np.array([5.0, 6.0])).numpy()
    array([0., 5., 0., 6.])
    """
    if reduction not in (None, "add", "max", "min", "mul"):
        raise ValueError(
            f"ops.scatter_update: expected reduction None, 'add', 'max', 'min' or 'mul', received {reduction!r}."
        )
    return _core.scatter(inputs, indices, updates, reduction or "set", "scatter_update")


@op
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """A copy of inputs with one block replaced.

    Args:
        inputs: array or Tensor.
        start_indices: first position of the block along each axis.
        updates: the new block; as many axes as inputs.

    Returns:
        Tensor of the shape of inputs.

    Raises:
        ValueError: the block is not inside inputs.

    >>> slice_update(np.zeros((2, 3)), (0, 1), np.ones((2, 2))).numpy()
    array([[0., 1., 1.],
           [0., 1., 1.]])
    """
    return _core.slice_update(inputs, [int(i) for i in start_indices], updates)


def _segments(name: str, reduction: str, start: Any, data: Any, segment_ids: Any, num_segments: int | None) -> Any:
    """`reduction` over the rows of data with one segment id, starting from `start` (infinities: the dtype's limits)."""
    shape, ids = shape_of(data), concrete(segment_ids)
    if len(ids.shape) != 1 or not shape or shape[0] != ids.shape[0]:
        raise ValueError(
            f"ops.{name}: expected data (N, ...) and segment_ids (N,), received shapes {shape} and {tuple(ids.shape)}."
        )
    if num_segments is None:
        num_segments = int(_values(ids, f"ops.{name}: num_segments=None").max(initial=-1)) + 1
    given = nearest_dtype(data)
    dtype = "float32" if given in HALVES else given
    if reduction in ("max", "min") and not dtype.startswith("float"):
        limits = np.iinfo(dtype) if dtype != "bool" else None
        start = (limits.min if reduction == "max" else limits.max) if limits else reduction == "min"
    into = _core.cast(np.full((int(num_segments), *shape[1:]), start, dtype), given)  # next to halves: a half
    return _core.scatter(into, _core.reshape(ids, (shape[0], 1)), data, reduction, name, False)


def _values(x: Any, what: str) -> np.ndarray:
    """The values of an eager array, for results whose shape depends on them."""
    try:
        values = np.asarray(concrete(x))
    except RuntimeError:
        raise NotImplementedError(
            f"{what}: the result's shape depends on values, which are not known while a step is recorded."
        ) from None
    if values.dtype.kind not in "iufb" and values.dtype.name != "bfloat16":
        raise TypeError(f"{what}: expected an array of numbers, received {values.dtype}.")
    return values


@op
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Sums of the rows of data that have the same segment id.

    Args:
        data: (N, ...).
        segment_ids: integers (N,).
        num_segments: number of segments; None (the default): the largest id + 1, which a recorded step does not know.
        sorted: whether the ids ascend; ignored, since the result is the same.

    Returns:
        Tensor (num_segments, ...); 0 for a segment without rows.

    Raises:
        ValueError: shapes that do not fit.
        NotImplementedError: num_segments is None inside a recorded step.

    >>> segment_sum(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), 3).numpy()
    array([5., 0., 2.])
    """
    return _segments("segment_sum", "add", 0, data, segment_ids, num_segments)


@op
def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The largest of the rows of data that have the same segment id, element by element.

    Args:
        data: (N, ...).
        segment_ids: integers (N,).
        num_segments: number of segments; None (the default): the largest id + 1, which a recorded step does not know.
        sorted: whether the ids ascend; ignored, since the result is the same.

    Returns:
        Tensor (num_segments, ...); -inf (integers: the smallest number) for a segment without rows.

    Raises:
        ValueError: shapes that do not fit.

    >>> segment_max(np.array([1.0, 2.0, 4.0]), np.array([0, 1, 0]), 2).numpy()
    array([4., 2.])
    """
    return _segments("segment_max", "max", -np.inf, data, segment_ids, num_segments)


@op
def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The smallest of the rows of data that have the same segment id, element by element.

    Args:
        data: (N, ...).
        segment_ids: integers (N,).
        num_segments: number of segments; None (the default): the largest id + 1, which a recorded step does not know.
        sorted: whether the ids ascend; ignored, since the result is the same.

    Returns:
        Tensor (num_segments, ...); inf (integers: the largest number) for a segment without rows.

    Raises:
        ValueError: shapes that do not fit.

    >>> segment_min(np.array([1.0, 2.0, 4.0]), np.array([0, 1, 0]), 2).numpy()
    array([1., 2.])
    """
    return _segments("segment_min", "min", np.inf, data, segment_ids, num_segments)


@op
def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Products of the rows of data that have the same segment id. data has no gradient.

    Args:
        data: (N, ...).
        segment_ids: integers (N,).
        num_segments: number of segments; None (the default): the largest id + 1, which a recorded step does not know.
        sorted: whether the ids ascend; ignored, since the result is the same.

    Returns:
        Tensor (num_segments, ...); 1 for a segment without rows.

    Raises:
        ValueError: shapes that do not fit, or data that needs a gradient.

    >>> segment_prod(np.array([1.0, 2.0, 4.0]), np.array([0, 1, 0]), 2).numpy()
    array([4., 2.])
    """
    return _segments("segment_prod", "mul", 1, data, segment_ids, num_segments)


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often each integer >= 0 occurs, or the sum of its weights.

    Args:
        x: integers (N,), or (M, N) to count each row.
        weights: array of x's shape; None (the default): 1 each.
        minlength: least size of the result; 0 by default.
        sparse: False; there are dense tensors only.

    Returns:
        Tensor (bins,) or (M, bins), with bins the largest integer + 1, at least minlength; int32 without weights.

    Raises:
        ValueError: x is not of integers >= 0, or of another rank.
        NotImplementedError: sparse is True, or inside a recorded step: the shape of the result depends on values.

    >>> bincount(np.array([1, 2, 1]), minlength=4).numpy()
    array([0, 2, 1, 0], dtype=int32)
    """
    if sparse:
        raise NotImplementedError("ops.bincount: sparse=True is not supported.")
    _refuse_symbols("bincount", x)
    values = _values(x, "ops.bincount")
    if (values.size and values.dtype.kind not in "iub") or values.ndim not in (1, 2):  # an empty list is float32
        raise ValueError(
            f"ops.bincount: expected x of integers (N,) or (M, N), received {values.dtype} {values.shape}."
        )
    ids = values.astype("int64")
    if ids.size and ids.min() < 0:
        raise ValueError(f"ops.bincount: expected integers >= 0; x holds {values.min()}.")
    bins = builtins.max(int(ids.max(initial=-1)) + 1, int(minlength))
    if values.ndim == 2:  # each row of x has its own range of bins
        ids = ids + bins * np.arange(len(ids))[:, None]
    counted = np.ones(values.size, "int32") if weights is None else _core.reshape(weights, (values.size,))
    total = segment_sum(counted, ids.reshape(-1), bins * (len(values) if values.ndim == 2 else 1))
    return _core.reshape(total, (*values.shape[:-1], bins))


def nonzero(x: Any) -> tuple[Any, ...]:
    """Positions of the elements that are not 0. Not inside a recorded step: the result's shape depends on values.

    Args:
        x: array or Tensor.

    Returns:
        tuple with one int32 Tensor for each axis.

    Raises:
        NotImplementedError: x is symbolic or part of a recorded step.

    >>> nonzero(np.array([0.0, 3.0, 0.0, 1.0]))[0].numpy()
    array([1, 3], dtype=int32)
    """
    _refuse_symbols("nonzero", x)
    return tuple(_core.tensor(p, "int32") for p in np.nonzero(_values(x, "ops.nonzero")))


def _refuse_symbols(name: str, x: Any) -> None:
    """Raises NotImplementedError for a symbolic argument."""
    if graph.is_symbolic(x):
        raise NotImplementedError(
            f"ops.{name}: the result's shape depends on values, which a symbolic tensor does not have."
        )

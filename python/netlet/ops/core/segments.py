"""Reductions over segments of the rows of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import HALVES

from .dispatch import concrete, known_values, nearest_dtype, op, shape_of

__all__ = ["segment_max", "segment_min", "segment_prod", "segment_sum"]


def _segments(name: str, reduction: str, start: Any, data: Any, segment_ids: Any, num_segments: int | None) -> Any:
    """`reduction` over the rows of data with one segment id, starting from `start` (infinities: the dtype's limits)."""
    shape, ids = shape_of(data), concrete(segment_ids)
    if len(ids.shape) != 1 or not shape or shape[0] != ids.shape[0]:
        raise ValueError(
            f"ops.{name}: expected data (N, ...) and segment_ids (N,), received shapes {shape} and {tuple(ids.shape)}."
        )
    if num_segments is None:
        num_segments = int(known_values(ids, f"ops.{name}: num_segments=None").max(initial=-1)) + 1
    given = nearest_dtype(data)
    dtype = "float32" if given in HALVES else given
    if reduction in ("max", "min") and not dtype.startswith("float"):
        limits = np.iinfo(dtype) if dtype != "bool" else None
        start = (limits.min if reduction == "max" else limits.max) if limits else reduction == "min"
    into = _core.cast(np.full((int(num_segments), *shape[1:]), start, dtype), given)  # next to halves: a half
    return _core.scatter(into, _core.reshape(ids, (shape[0], 1)), data, reduction, name, False)


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

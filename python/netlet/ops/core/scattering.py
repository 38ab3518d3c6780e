"""Writing values to places of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from .dispatch import nearest_dtype, op, shape_from

__all__ = ["scatter", "scatter_update", "slice_update"]


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

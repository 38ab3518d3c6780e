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
from netlet.engine import graph

from ..core.dispatch import along, flat, known_values, op
from ..core.segments import segment_sum

__all__ = ["bincount", "nonzero", "take", "take_along_axis"]


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


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often each integer >= 0 occurs, or the sum of its weights.

    Args:
        x: integers (N,), or (M, N) to count each row.
        weights: array of x's shape; None (the default): 1 each.
        minlength: least size of the result; 0 by default.
        sparse: False, the default; there are dense tensors only.

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
    values = known_values(x, "ops.bincount")
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
    return tuple(_core.tensor(p, "int32") for p in np.nonzero(known_values(x, "ops.nonzero")))


def _refuse_symbols(name: str, x: Any) -> None:
    """Raises NotImplementedError for a symbolic argument."""
    if graph.is_symbolic(x):
        raise NotImplementedError(
            f"ops.{name}: the result's shape depends on values, which a symbolic tensor does not have."
        )

"""Arrays joined along an axis, and split along one."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import axis_in, flat, op, shape_of
from ..core.properties import ndim
from .manipulation import expand_dims

__all__ = [
    "append",
    "concatenate",
    "dstack",
    "hstack",
    "split",
    "stack",
    "unstack",
    "vstack",
]


@op
def concatenate(xs: Any, axis: int = 0) -> Any:
    """Arrays joined along an existing axis. Their other dimensions are equal.

    Args:
        xs: list of arrays or Tensors.
        axis: 0 by default.

    Returns:
        Tensor of the arrays' shape with their sizes of the axis added.

    Raises:
        ValueError: no arrays, or shapes that differ outside the axis.

    >>> import numpy as np
    >>> concatenate([np.zeros((2, 1)), np.ones((2, 2))], axis=1).shape
    (2, 3)
    """
    return _core.concatenate(list(xs), int(axis))


@op
def stack(x: Any, axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis.

    Args:
        x: list of arrays or Tensors.
        axis: position of the new axis; 0 by default.

    Returns:
        Tensor of one axis more, whose size is the number of arrays.

    Raises:
        ValueError: no arrays, or different shapes.

    >>> stack([[1, 2], [3, 4]], axis=1).tolist()
    [[1, 3], [2, 4]]
    """
    return _core.stack(list(x), int(axis))


def vstack(xs: Any) -> Any:
    """Arrays joined along their first axis; vectors (N,) count as (1, N).

    Args:
        xs: list of arrays or Tensors.

    Returns:
        Tensor of at least two axes: the sizes of the first are added.

    Raises:
        ValueError: no arrays, or shapes that differ outside the first axis.

    >>> vstack([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    return concatenate([expand_dims(x, 0) if ndim(x) == 1 else x for x in list(xs)], axis=0)


@op
def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x2 joined to the end of x1.

    Args:
        x1: array or Tensor.
        x2: array or Tensor; with an axis, of x1's rank, and their other dimensions are equal.
        axis: None (the default): both are flattened first.

    Returns:
        Tensor: a vector for None, else of x1's shape with the two sizes of the axis added.

    Raises:
        ValueError: shapes that differ outside the axis.

    >>> append([1, 2], [[3], [4]]).tolist()
    [1, 2, 3, 4]
    """
    if axis is None:
        return _core.concatenate([flat(x1), flat(x2)], 0)
    return _core.concatenate([x1, x2], axis_in(axis, len(shape_of(x1)), "ops.append"))


def dstack(xs: Any) -> Any:
    """Arrays joined along their third axis; vectors (N,) count as (1, N, 1), matrices (M, N) as (M, N, 1).

    Args:
        xs: list of arrays or Tensors.

    Returns:
        Tensor of at least three axes: the sizes of the third are added.

    Raises:
        ValueError: no arrays, or shapes that differ outside the axis.

    >>> dstack([[1, 2], [3, 4]]).tolist()
    [[[1, 3], [2, 4]]]
    """
    new_axes: dict[int, Any] = {0: (0, 1, 2), 1: (0, 2), 2: (2,)}
    arrays = [expand_dims(x, new_axes[ndim(x)]) if ndim(x) < 3 else x for x in list(xs)]
    return concatenate(arrays, axis=2)


def hstack(xs: Any) -> Any:
    """Arrays joined along their second axis; vectors along their only one.

    Args:
        xs: list of arrays or Tensors.

    Returns:
        Tensor: the sizes of the second axis are added, of vectors those of their only one.

    >>> hstack([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    arrays = list(xs)
    return concatenate(arrays, axis=0 if arrays and ndim(arrays[0]) == 1 else 1)


@op
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """A list of pieces of x along an axis.

    Args:
        x: array or Tensor.
        indices_or_sections: the number of equal pieces; or increasing indices, each the start of a new piece (below 0:
            counted from the end).
        axis: 0 by default.

    Returns:
        list of Tensors.

    Raises:
        ValueError: the axis does not divide into equal pieces, or the indices do not increase.

    >>> import numpy as np
    >>> [piece.tolist() for piece in split(np.arange(4), [1, -1])]
    [[0], [1, 2], [3]]
    """
    extents = shape_of(x)
    axis = axis_in(axis, len(extents), "ops.split")
    n = extents[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        parts = int(indices_or_sections)
        if parts < 1 or n % parts:
            raise ValueError(f"ops.split: expected a divisor of {n}, the size of axis {axis}, received {parts}.")
        cuts = [i * (n // parts) for i in range(1, parts)]
    else:
        given = [operator.index(i) for i in indices_or_sections]
        cuts = [max(0, min(n, i + n if i < 0 else i)) for i in given]  # as in NumPy: -1 is before the last
        if cuts != sorted(cuts):
            raise ValueError(f"ops.split: expected increasing indices, received {given} for an axis of size {n}.")
    return _core.split(x, cuts, axis)


@op
def unstack(x: Any, num: int | None = None, axis: int = 0) -> Any:
    """A list of the slices of x along an axis, without that axis.

    Args:
        x: array or Tensor.
        num: size of the axis; None (the default): taken from x.
        axis: 0 by default.

    Returns:
        list of Tensors.

    Raises:
        ValueError: num is not the size of the axis.

    >>> [part.tolist() for part in unstack([[1, 2], [3, 4]])]
    [[1, 2], [3, 4]]
    """
    extents = shape_of(x)
    axis = axis_in(axis, len(extents), "ops.unstack")
    if num is not None and num != extents[axis]:
        raise ValueError(f"ops.unstack: expected num={extents[axis]}, the size of axis {axis}, received num={num}.")
    rest = extents[:axis] + extents[axis + 1 :]
    if extents[axis] == 0:
        return []
    return [_core.reshape(part, rest) for part in _core.split(x, list(range(1, extents[axis])), axis)]

"""Matrices mirrored and rotated by right angles."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import axis_in, op, shape_of

__all__ = ["fliplr", "flipud", "rot90"]


@op
def fliplr(x: Any) -> Any:
    """x with its elements in reverse order along the second axis: mirrored left to right.

    Args:
        x: array or Tensor of at least two axes.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: fewer than two axes.

    >>> fliplr([[1, 2], [3, 4]]).tolist()
    [[2, 1], [4, 3]]
    """
    if len(shape_of(x)) < 2:
        raise ValueError(f"ops.fliplr: expected at least 2 axes, received shape {shape_of(x)}.")
    return _core.flip(x, [1])


@op
def flipud(x: Any) -> Any:
    """x with its elements in reverse order along the first axis: mirrored top to bottom.

    Args:
        x: array or Tensor of at least one axis.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: x has no axis.

    >>> flipud([[1, 2], [3, 4]]).tolist()
    [[3, 4], [1, 2]]
    """
    if not shape_of(x):
        raise ValueError("ops.flipud: expected at least 1 axis, received shape ().")
    return _core.flip(x, [0])


@op
def rot90(array: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """x rotated by k right angles in the plane of two axes, from the first towards the second.

    Args:
        array: array or Tensor of at least two axes.
        k: number of rotations; 1 by default. Below 0: in the other direction.
        axes: the two axes; (0, 1) by default.

    Returns:
        Tensor, with the sizes of the two axes exchanged for odd k.

    Raises:
        ValueError: axes are not two different axes of the array.

    >>> rot90([[1, 2], [3, 4]]).tolist()
    [[2, 4], [1, 3]]
    """
    rank = len(shape_of(array))
    if not isinstance(axes, (tuple, list)) or len(axes) != 2:
        raise ValueError(f"ops.rot90: expected two axes, received axes={axes!r}.")
    first, second = (axis_in(a, rank, "ops.rot90") for a in axes)
    if first == second:
        raise ValueError(f"ops.rot90: expected two different axes, received axes={tuple(axes)}.")
    if not isinstance(k, (int, np.integer)):
        raise ValueError(f"ops.rot90: expected an integer k, received {k!r}.")
    order = list(range(rank))
    order[first], order[second] = second, first
    turns = int(k) % 4
    if turns == 0:
        return _core.identity(array)
    if turns == 2:
        return _core.flip(array, [first, second])
    if turns == 1:
        return _core.transpose(_core.flip(array, [second]), order)
    return _core.flip(_core.transpose(array, order), [second])

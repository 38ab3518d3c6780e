"""Arrays split along a fixed axis, or into parts of almost equal size."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import axis_in, op, shape_of
from .joining import split

__all__ = ["array_split", "dsplit", "hsplit", "vsplit"]


@op
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """A list of parts of x along an axis, whose sizes differ by at most 1: the larger parts come first.

    Args:
        x: array or Tensor.
        indices_or_sections: the number of parts, which need not divide the axis; or increasing indices, each the start
            of a new part.
        axis: 0 by default.

    Returns:
        list of Tensors.

    Raises:
        ValueError: fewer than one part, or indices that do not increase.

    >>> [part.tolist() for part in array_split([1, 2, 3, 4, 5], 2)]
    [[1, 2, 3], [4, 5]]
    """
    if not isinstance(indices_or_sections, (int, np.integer)):
        return split(x, indices_or_sections, axis)
    extents = shape_of(x)
    axis = axis_in(axis, len(extents), "ops.array_split")
    n, parts = extents[axis], int(indices_or_sections)
    if parts < 1:
        raise ValueError(f"ops.array_split: expected at least one part, received {parts}.")
    if parts > 2**20:
        raise ValueError(f"ops.array_split: expected at most {2**20} parts, received {parts}.")
    size, larger = divmod(n, parts)
    return _core.split(x, [i * size + min(i, larger) for i in range(1, parts)], axis)


def _split_along(x: Any, where: Any, axis: int, name: str) -> Any:
    rank = len(shape_of(x))
    if rank <= axis:
        raise ValueError(f"ops.{name}: expected at least {axis + 1} axes, received shape {shape_of(x)}.")
    return split(x, where, axis)


@op
def hsplit(x: Any, indices_or_sections: Any) -> Any:
    """A list of pieces of x along its second axis; of a vector along its only one.

    Args:
        x: array or Tensor of at least one axis.
        indices_or_sections: the number of equal pieces; or increasing indices, each the start of a new piece.

    Returns:
        list of Tensors.

    Raises:
        ValueError: the axis does not divide into equal pieces, or x has no axis.

    >>> [part.tolist() for part in hsplit([[1, 2], [3, 4]], 2)]
    [[[1], [3]], [[2], [4]]]
    """
    return _split_along(x, indices_or_sections, 0 if len(shape_of(x)) < 2 else 1, "hsplit")


@op
def vsplit(x: Any, indices_or_sections: Any) -> Any:
    """A list of pieces of x along its first axis.

    Args:
        x: array or Tensor of at least two axes.
        indices_or_sections: the number of equal pieces; or increasing indices, each the start of a new piece.

    Returns:
        list of Tensors.

    Raises:
        ValueError: the axis does not divide into equal pieces, or x has fewer than two axes.

    >>> [part.tolist() for part in vsplit([[1, 2], [3, 4]], 2)]
    [[[1, 2]], [[3, 4]]]
    """
    if len(shape_of(x)) < 2:
        raise ValueError(f"ops.vsplit: expected at least 2 axes, received shape {shape_of(x)}.")
    return split(x, indices_or_sections, 0)


@op
def dsplit(x: Any, indices_or_sections: Any) -> Any:
    """A list of pieces of x along its third axis.

    Args:
        x: array or Tensor of at least three axes.
        indices_or_sections: the number of equal pieces; or increasing indices, each the start of a new piece.

    Returns:
        list of Tensors.

    Raises:
        ValueError: the axis does not divide into equal pieces, or x has fewer than three axes.

    >>> [part.shape for part in dsplit(np.zeros((2, 3, 4)), [1])]
    [(2, 3, 1), (2, 3, 3)]
    """
    return _split_along(x, indices_or_sections, 2, "dsplit")

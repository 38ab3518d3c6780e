"""Elements selected by conditions, positions of flat indices, and functions applied element by element."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core
from netlet.config import is_float

from ..core.dispatch import nearest_dtype, op, shape_from

__all__ = ["select", "unravel_index"]


@op
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Elements of several arrays: each from the first one whose condition is true there.

    Args:
        condlist: list of bool arrays.
        choicelist: list of as many arrays; all shapes broadcast.
        default: number or array for where no condition is true; 0 by default.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        ValueError: no conditions, or another number of arrays.
        TypeError: a condition that is not of bools.

    >>> import numpy as np
    >>> x = np.arange(5)
    >>> select([x < 2, x > 3], [x, x**2], default=9).tolist()
    [0, 1, 9, 9, 16]
    """
    conditions, choices = list(condlist), list(choicelist)
    if not conditions or len(conditions) != len(choices):
        raise ValueError(
            f"ops.select: expected as many conditions as choices, received {len(conditions)} and {len(choices)}."
        )
    result = default
    for condition, choice in zip(reversed(conditions), reversed(choices)):
        if nearest_dtype(condition) != "bool":
            raise TypeError(f"ops.select: expected conditions of bools, received {nearest_dtype(condition)}.")
        result = _core.where(condition, choice, result)
    return result


@op
def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """The positions along each axis of indices into a flattened array.

    Args:
        indices: integers of any shape; below 0 from the end.
        shape: shape of the array.

    Returns:
        tuple with one Tensor of the shape of indices for each axis.

    Raises:
        ValueError: an index out of range (inside a recorded step it becomes the nearest one that is in range).
        TypeError: indices are not integers.

    >>> [p.tolist() for p in unravel_index([1, 5], (2, 3))]
    [[0, 1], [1, 2]]
    """
    sizes = shape_from(shape, "ops.unravel_index")
    total = math.prod(sizes)
    if min(sizes, default=0) < 0:
        raise ValueError(f"ops.unravel_index: expected a shape without numbers below 0, received {sizes}.")
    if total >= 2**53:
        raise ValueError(f"ops.unravel_index: expected a shape of fewer than 2**53 elements, received {sizes}.")
    dtype = nearest_dtype(indices)
    if is_float(dtype):
        raise TypeError(f"ops.unravel_index: expected integers, received {dtype}.")
    rest = _core.cast(indices, "float64")  # exact, and floor of a quotient is an integer division
    if not rest.recorded:
        values = rest.numpy()
        if values.size and (values.min() < -total or values.max() >= total):
            raise ValueError(f"ops.unravel_index: an index is out of range for shape {sizes}, of {total} elements.")
    rest = _core.where(_core.less(rest, 0.0), _core.add(rest, float(total)), rest)
    rest = _core.clip(rest, 0.0, float(max(total - 1, 0)))
    positions = []
    for size in reversed(sizes):
        if size == 0:
            positions.append(_core.cast(rest, dtype))
            continue
        quotient = _core.floor(_core.divide(rest, float(size)))
        positions.append(_core.cast(_core.subtract(rest, _core.multiply(quotient, float(size))), dtype))
        rest = quotient
    return tuple(reversed(positions))

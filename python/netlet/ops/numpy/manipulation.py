"""The same elements in another shape or order of axes, flipped or repeated."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import axis_in, flat, op, shape_from, shape_of
from ..core.properties import size

__all__ = [
    "broadcast_to",
    "expand_dims",
    "flip",
    "moveaxis",
    "ravel",
    "repeat",
    "reshape",
    "squeeze",
    "swapaxes",
    "tile",
    "transpose",
]


def resolve_shape(given: Any, elements: int, old: Any, name: str) -> tuple[int, ...]:
    """The new shape with its one -1 or None computed from the number of elements.

    Args:
        given: the new shape: a tuple of integers, one of which may be -1 or None.
        elements: number of elements of the array.
        old: shape of the array, for the message.
        name: name of the op or layer, for the message.

    Returns:
        tuple of integers.

    Raises:
        ValueError: the new shape does not hold `elements` elements.

    >>> resolve_shape((2, -1), 6, (6,), "ops.reshape")
    (2, 3)
    """
    one = isinstance(given, (int, np.integer))
    new = list(shape_from((given,) if one else [-1 if d is None else d for d in given], name))
    known = int(np.prod([d for d in new if d != -1], dtype=np.int64))
    unknown = new.count(-1)
    if unknown == 1 and known and elements % known == 0:
        new[new.index(-1)] = elements // known
    elif unknown or known != elements:
        raise ValueError(
            f"{name}: expected a shape of {elements} elements for an input of shape {tuple(old)}, received "
            f"{tuple(new)}."
        )
    return tuple(new)


@op
def reshape(x: Any, newshape: Any) -> Any:
    """The same elements in another shape, in row-major order.

    Args:
        x: array or Tensor.
        newshape: tuple of integers; one of them may be -1 and is then computed from the number of elements.

    Returns:
        Tensor of the new shape.

    Raises:
        ValueError: the number of elements differs.

    >>> reshape(np.arange(4.0), (2, -1)).numpy()
    array([[0., 1.],
           [2., 3.]])
    """
    old = shape_of(x)
    return _core.reshape(x, resolve_shape(newshape, int(np.prod(old, dtype=np.int64)), old, "ops.reshape"))


@op
def ravel(x: Any) -> Any:
    """All elements in one axis, in row-major order.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor (number of elements,).

    >>> ravel([[1, 2], [3, 4]]).tolist()
    [1, 2, 3, 4]
    """
    return flat(x)


@op
def squeeze(x: Any, axis: Any = None) -> Any:
    """x without axes of size 1.

    Args:
        x: array or Tensor.
        axis: axis or axes to remove; None (the default): all of size 1.

    Returns:
        Tensor with fewer axes.

    Raises:
        ValueError: an axis has another size.

    >>> squeeze([[[1.0, 2.0]]], axis=0).shape
    (1, 2)
    """
    return _core.squeeze(
        x, [] if axis is None else [int(a) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    )


@op
def expand_dims(x: Any, axis: Any) -> Any:
    """x with new axes of size 1.

    Args:
        x: array or Tensor.
        axis: position or positions of the new axes in the result.

    Returns:
        Tensor with more axes.

    Raises:
        ValueError: a position out of range or named twice.

    >>> expand_dims(np.zeros(3), 0).shape
    (1, 3)
    """
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    if len(axes) == 1:
        return _core.expand_dims(x, int(axes[0]))
    old = shape_of(x)
    rank = len(old) + len(axes)
    at = {axis_in(a, rank, "ops.expand_dims") for a in axes}
    if len(at) < len(axes):
        raise ValueError(f"ops.expand_dims: expected different axes, received {tuple(axes)}.")
    rest = iter(old)
    return _core.reshape(x, tuple(1 if i in at else next(rest) for i in range(rank)))


@op
def transpose(x: Any, axes: Any = None) -> Any:
    """x with its axes in another order.

    Args:
        x: array or Tensor.
        axes: the new order; None (the default): reversed.

    Returns:
        Tensor: axis i has the size of x's axis axes[i].

    Raises:
        ValueError: axes is not a permutation.

    >>> transpose(np.zeros((2, 3, 4)), (1, 0, 2)).shape
    (3, 2, 4)
    """
    rank = len(shape_of(x))
    axes = (axes,) if isinstance(axes, (int, np.integer)) else axes
    order = list(range(rank))[::-1] if axes is None else [axis_in(a, rank, "ops.transpose") for a in axes]
    if sorted(order) != list(range(rank)):
        raise ValueError(f"ops.transpose: expected a permutation of the {rank} axes, received {tuple(axes)}.")
    return _core.transpose(x, order)


@op
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """x with two axes exchanged.

    Args:
        x: array or Tensor.
        axis1: an axis, below 0 from the end.
        axis2: the axis that it changes places with.

    Returns:
        Tensor of x's shape with the two sizes exchanged.

    Raises:
        ValueError: an axis out of range.

    >>> swapaxes(np.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    order = list(range(len(shape_of(x))))
    a, b = axis_in(axis1, len(order), "ops.swapaxes"), axis_in(axis2, len(order), "ops.swapaxes")
    order[a], order[b] = order[b], order[a]
    return _core.transpose(x, order)


@op
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """x with some axes moved to new positions; the other axes keep their order.

    Args:
        x: array or Tensor.
        source: axis or axes to move.
        destination: their new positions.

    Returns:
        Tensor of x's sizes in the new order.

    Raises:
        ValueError: an axis out of range, or lists of different lengths.

    >>> moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    rank = len(shape_of(x))
    sources = [axis_in(a, rank, "ops.moveaxis") for a in (source if isinstance(source, (tuple, list)) else [source])]
    targets = destination if isinstance(destination, (tuple, list)) else [destination]
    order = [i for i in range(rank) if i not in sources]
    for target, moved in sorted(zip([axis_in(a, rank, "ops.moveaxis") for a in targets], sources, strict=True)):
        order.insert(target, moved)
    return _core.transpose(x, order)


@op
def broadcast_to(x: Any, shape: Any) -> Any:
    """x repeated along axes of size 1 and new leading axes, to the given shape.

    Args:
        x: array or Tensor.
        shape: tuple of integers.

    Returns:
        Tensor of that shape.

    Raises:
        ValueError: x does not broadcast to the shape.

    >>> broadcast_to([1, 2], (2, 2)).tolist()
    [[1, 2], [1, 2]]
    """
    return _core.broadcast_to(x, shape_from(shape, "ops.broadcast_to"))


@op
def flip(x: Any, axis: Any = None) -> Any:
    """x with its elements in reverse order along axes.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.

    Returns:
        Tensor of x's shape.

    >>> flip([1, 2, 3]).tolist()
    [3, 2, 1]
    """
    axes = range(len(shape_of(x))) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    return _core.flip(x, [int(a) for a in axes])


@op
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element, or each slice along the axis, `repeats` times in a row.

    Args:
        x: array or Tensor.
        repeats: one number for all, or one for each element (slice).
        axis: None (the default): x is flattened first.

    Returns:
        Tensor of x's shape with the axis as long as the sum of the repeats; a vector for None.

    Raises:
        ValueError: repeats is below 0, not an integer, or of another length than the axis.

    >>> repeat(np.array([1, 2, 3]), [2, 0, 1])
    <netlet.Tensor shape=(3,) dtype=int64
    [1 1 3]>
    """
    if axis is None:
        x, axis = _core.reshape(x, (size(x),)), 0
    counts = np.asarray(repeats)
    if counts.dtype.kind not in "iu" or counts.ndim > 1 or (counts < 0).any():
        raise ValueError(f"ops.repeat: expected integers of at least 0 for `repeats`, received {repeats!r}.")
    if counts.size == 1:
        return _core.repeat(x, int(counts.reshape(())), int(axis))
    shape = shape_of(x)
    along = shape[axis] if -len(shape) <= axis < len(shape) else None
    if along != counts.size:
        raise ValueError(
            f"ops.repeat: expected one number, or one for each of the {along} slices along axis {axis} of shape "
            f"{tuple(shape)}, received {counts.size}."
        )
    return _core.take(x, np.repeat(np.arange(counts.size, dtype=np.int32), counts), int(axis))


@op
def tile(x: Any, repeats: Any) -> Any:
    """x as a whole, repeated along each axis.

    Args:
        x: array or Tensor.
        repeats: repetitions along each axis; a single number is for the last axis.

    Returns:
        Tensor: each axis has its size times its number of repeats.

    >>> tile([1, 2], 2).tolist()
    [1, 2, 1, 2]
    """
    given = repeats if isinstance(repeats, (int, tuple, list)) else np.asarray(repeats).tolist()
    return _core.tile(x, [int(given)] if isinstance(given, int) else [int(r) for r in given])

"""The same elements in another shape or order of axes, flipped, repeated or padded."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from .dispatch import axis_in, flat, op, shape_from, shape_of
from .properties import size


def resolve_shape(given: Any, elements: int, old: Any, name: str) -> tuple[int, ...]:
    """The new shape with one -1 or None computed; ValueError if it does not hold all elements."""
    one = isinstance(given, (int, np.integer))
    new = list(shape_from((given,) if one else [-1 if d is None else d for d in given], name))
    known = int(np.prod([d for d in new if d != -1], dtype=np.int64))
    unknown = new.count(-1)
    if unknown == 1 and known and elements % known == 0:
        new[new.index(-1)] = elements // known
    elif unknown or known != elements:
        raise ValueError(f"{name}: {tuple(old)} has {elements} elements, which do not fit the shape {tuple(given)}.")
    return tuple(new)


@op
def reshape(x: Any, newshape: Any) -> Any:
    """The same elements in another shape; one extent may be -1.

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
    """All elements in one axis."""
    return flat(x)


@op
def squeeze(x: Any, axis: Any = None) -> Any:
    """Without the given axes of extent 1 (without all of them if None)."""
    return _core.squeeze(
        x, [] if axis is None else [int(a) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    )


@op
def expand_dims(x: Any, axis: Any) -> Any:
    """With new axes of extent 1 at the given positions.

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
    """Axes in another order (reversed if None).

    >>> transpose(np.zeros((2, 3, 4)), (1, 0, 2)).shape
    (3, 2, 4)
    """
    rank = len(shape_of(x))
    order = list(range(rank))[::-1] if axes is None else [axis_in(a, rank, "ops.transpose") for a in axes]
    if sorted(order) != list(range(rank)):
        raise ValueError(f"ops.transpose: axes {tuple(axes)} are no permutation of the {rank} axes.")
    return _core.transpose(x, order)


@op
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """With two axes exchanged."""
    order = list(range(len(shape_of(x))))
    a, b = axis_in(axis1, len(order), "ops.swapaxes"), axis_in(axis2, len(order), "ops.swapaxes")
    order[a], order[b] = order[b], order[a]
    return _core.transpose(x, order)


@op
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """With some axes moved to other positions, the rest in order."""
    rank = len(shape_of(x))
    sources = [axis_in(a, rank, "ops.moveaxis") for a in (source if isinstance(source, (tuple, list)) else [source])]
    targets = destination if isinstance(destination, (tuple, list)) else [destination]
    order = [i for i in range(rank) if i not in sources]
    for target, moved in sorted(zip([axis_in(a, rank, "ops.moveaxis") for a in targets], sources, strict=True)):
        order.insert(target, moved)
    return _core.transpose(x, order)


@op
def broadcast_to(x: Any, shape: Any) -> Any:
    """x repeated along axes of extent 1 (and new leading ones) to the given shape."""
    return _core.broadcast_to(x, shape_from(shape, "ops.broadcast_to"))


@op
def flip(x: Any, axis: Any = None) -> Any:
    """Elements in reverse order along the axes (all if None)."""
    axes = range(len(shape_of(x))) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    return _core.flip(x, [int(a) for a in axes])


@op
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element (slice along the axis) `repeats` times in a row.

    Args:
        repeats: one number for all, or one for each element (slice).
        axis: None: x is flattened first.

    >>> repeat(np.array([1, 2, 3]), [2, 0, 1])
    <netlet.Tensor shape=(3,) dtype=int64
    [1 1 3]>
    """
    if axis is None:
        x, axis = _core.reshape(x, (size(x),)), 0
    counts = np.asarray(repeats)
    if counts.dtype.kind not in "iu" or counts.ndim > 1 or (counts < 0).any():
        raise ValueError(f"ops.repeat: expected whole numbers of at least 0 for `repeats`, received {repeats!r}.")
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
    """x repeated as a whole, so many times along each axis."""
    return _core.tile(x, [int(repeats)] if isinstance(repeats, (int, np.integer)) else [int(r) for r in repeats])


@op
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float = 0.0) -> Any:
    """With `pad_width` ((before, after) an axis, or one number) constants around x."""
    if mode != "constant":
        raise NotImplementedError(f"ops.pad: only mode='constant' is supported; given {mode!r}.")
    widths = np.broadcast_to(np.asarray(pad_width, dtype=int), (len(shape_of(x)), 2)).T.tolist()
    return _core.pad(x, widths[0], widths[1], float(constant_values or 0.0))

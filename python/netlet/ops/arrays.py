"""Making arrays, and moving their elements about: shapes, axes, pieces, types."""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import standardize_dtype
from netlet.engine import graph

from .dispatch import axis_in, concrete, dtype_of, flat, nearest_dtype, op, shape_from, shape_of


# ---- new arrays ------------------------------------------------------------------------------------------------------
def zeros(shape: Any, dtype: Any = None) -> Any:
    """Zeros of the given shape; dtype defaults to floatx."""
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> Any:
    """Ones of the given shape; dtype defaults to floatx."""
    return full(shape, 1, dtype)


def full(shape: Any, fill_value: float, dtype: Any = None) -> Any:
    """A Tensor of the given shape, every element the number `fill_value`.

    >>> full((2,), 7.0).numpy()
    array([7., 7.], dtype=float32)
    """
    return _core.full(shape_from(shape, "ops.full"), standardize_dtype(dtype), float(fill_value))


@op
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros of x's shape (and dtype, unless given)."""
    return _core.full(shape_of(x), standardize_dtype(dtype or nearest_dtype(x)), 0.0)


@op
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones of x's shape (and dtype, unless given)."""
    return _core.full(shape_of(x), standardize_dtype(dtype or nearest_dtype(x)), 1.0)


@op
def full_like(x: Any, fill_value: float, dtype: Any = None) -> Any:
    """`fill_value` in x's shape (and dtype, unless given)."""
    return _core.full(shape_of(x), standardize_dtype(dtype or nearest_dtype(x)), float(fill_value))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on the k-th diagonal of an (N, M) matrix of zeros."""
    return _core.tensor(np.eye(N, M, k), standardize_dtype(dtype))


identity = eye


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """start, start + step, ... below stop; int32, or floatx if an argument is a float."""
    if dtype is None:
        floats = builtins.any(isinstance(v, float) for v in (start, stop, step))
        dtype = standardize_dtype("float" if floats else "int32")
    if step == 0:
        raise ValueError("ops.arange: expected a step other than 0.")
    values = np.arange(start, step=step) if stop is None else np.arange(start, stop, step)
    return _core.tensor(values, standardize_dtype(dtype))


def linspace(start: float, stop: float, num: int = 50, endpoint: bool = True, dtype: Any = None) -> Any:
    """`num` numbers evenly from start to stop."""
    return _core.tensor(np.linspace(start, stop, num, endpoint), standardize_dtype(dtype))


def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    """x as a Tensor (a Tensor of that dtype is returned as it is, a KerasTensor too).

    Args:
        sparse, ragged: None or False: there are dense tensors only.

    Raises:
        TypeError: x holds Python objects instead of numbers.
        ValueError: sparse or ragged is True.
    """
    if sparse or ragged:
        kind = "sparse" if sparse else "ragged"
        raise ValueError(f"ops.convert_to_tensor: {kind}=True is not supported; there are dense tensors only.")
    if graph.is_symbolic(x):
        return x if dtype is None or x.dtype == standardize_dtype(dtype) else cast(x, dtype)
    value = concrete(x)
    if not isinstance(value, _core.Tensor):
        return _core.tensor(value, None if dtype is None else standardize_dtype(dtype))
    return (
        value
        if dtype is None or value.dtype == standardize_dtype(dtype)
        else _core.cast(value, standardize_dtype(dtype))
    )


array = convert_to_tensor


def convert_to_numpy(x: Any) -> np.ndarray:
    """The values as an ndarray of its own."""
    return np.array(x)


def is_tensor(x: Any) -> bool:
    """Whether x is a Tensor, or the symbol of one."""
    return isinstance(x, (_core.Tensor, graph.KerasTensor))


# ---- facts -----------------------------------------------------------------------------------------------------------
def shape(x: Any) -> tuple[int | None, ...]:
    """The shape as a tuple; None where a symbolic tensor's extent is unknown."""
    return x.shape if isinstance(x, graph.KerasTensor) else shape_of(x)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(shape(x))


def size(x: Any) -> int:
    """The number of elements."""
    return int(np.prod(shape_of(x), dtype=np.int64))


def dtype(x: Any) -> str:
    """The name of the element type."""
    return x.dtype if isinstance(x, graph.KerasTensor) else dtype_of(x)


# ---- types and gradients ---------------------------------------------------------------------------------------------
@op
def cast(x: Any, dtype: Any) -> Any:
    """x in another type; float to integer truncates. Gradients flow between floats."""
    return _core.cast(x, standardize_dtype(dtype))


@op
def cast_if_needed(x: Any, dtype: str) -> Any:
    """x itself where it has that dtype, else cast."""
    return x if isinstance(x, _core.Tensor) and x.dtype == dtype else _core.cast(x, dtype)


@op
def copy(x: Any) -> Any:
    """The same values in memory of their own."""
    return _core.identity(x)


@op
def stop_gradient(variable: Any) -> Any:
    """The same values, through which no gradient flows."""
    x = concrete(variable)
    return _core.view(x, tuple(x.shape)) if isinstance(x, _core.Tensor) else _core.identity(x)


# ---- shapes ----------------------------------------------------------------------------------------------------------
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
def concatenate(xs: Any, axis: int = 0) -> Any:
    """The arrays one after another along an axis; their other extents are equal.

    >>> concatenate([np.zeros((2, 1)), np.ones((2, 2))], axis=1).shape
    (2, 3)
    """
    return _core.concatenate(list(xs), int(axis))


@op
def stack(x: Any, axis: int = 0) -> Any:
    """Arrays of one shape side by side along a new axis."""
    return _core.stack(list(x), int(axis))


def vstack(xs: Any) -> Any:
    """Rows (or arrays) on top of each other."""
    return concatenate([expand_dims(x, 0) if ndim(x) == 1 else x for x in list(xs)], axis=0)


def hstack(xs: Any) -> Any:
    """Arrays side by side."""
    arrays = list(xs)
    return concatenate(arrays, axis=0 if arrays and ndim(arrays[0]) == 1 else 1)


@op
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """List of pieces along an axis: so many equal ones, or cut before each given index (below 0: from the end).

    Raises:
        ValueError: the axis has no such equal parts, or the indices do not rise.

    >>> [piece.tolist() for piece in split(np.arange(4), [1, -1])]
    [[0], [1, 2], [3]]
    """
    extents = shape_of(x)
    axis = axis_in(axis, len(extents), "ops.split")
    n = extents[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        parts = int(indices_or_sections)
        if parts < 1 or n % parts:
            raise ValueError(f"ops.split: axis {axis} of size {n} has no {parts} equal parts.")
        cuts = [i * (n // parts) for i in range(1, parts)]
    else:
        given = [operator.index(i) for i in indices_or_sections]
        cuts = [max(0, min(n, i + n if i < 0 else i)) for i in given]  # as in NumPy: -1 is before the last
        if cuts != sorted(cuts):
            raise ValueError(f"ops.split: expected indices in rising order, received {given} for an axis of size {n}.")
    return _core.split(x, cuts, axis)


@op
def unstack(x: Any, num: int | None = None, axis: int = 0) -> Any:
    """List of the slices along an axis, without it."""
    extents = shape_of(x)
    axis = axis_in(axis, len(extents), "ops.unstack")
    if num is not None and num != extents[axis]:
        raise ValueError(f"ops.unstack: num={num}, but axis {axis} has extent {extents[axis]}.")
    rest = extents[:axis] + extents[axis + 1 :]
    if extents[axis] == 0:
        return []
    return [_core.reshape(part, rest) for part in _core.split(x, list(range(1, extents[axis])), axis)]


@op
def getitem(x: Any, index: Any) -> Any:
    """x[index] as in NumPy, differentiable.

    Inside a recorded step, arrays of positions and masks must be known when it is recorded, except for one array of
    positions: the shape of the result cannot depend on values.

    >>> getitem(np.array([3.0, -1.0, 2.0]), np.array([True, False, True])).tolist()
    [3.0, 2.0]
    """
    try:
        return _core.getitem(x, index)
    except (TypeError, IndexError):
        items = index if isinstance(index, tuple) else (index,)
        recorded = builtins.any(isinstance(i, _core.Tensor) and i.recorded for i in items)
        if recorded or not builtins.any(isinstance(i, (bool, list)) or hasattr(i, "__array__") for i in items):
            raise
        extents = shape_of(x)
        elements = np.arange(math.prod(extents)).reshape(extents)
        return _core.take(flat(x), elements[tuple(_plain_index(i) for i in items)], 0)


def _plain_index(item: Any) -> Any:
    """One part of an index as NumPy understands it."""
    array = hasattr(item, "__array__") or isinstance(item, list)
    return np.asarray(item) if array else item


@op
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """The block of the given shape that begins at start_indices."""
    index = tuple(builtins.slice(int(s), int(s) + int(n)) for s, n in zip(start_indices, shape, strict=True))
    return _core.getitem(inputs, index)


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

"""Ops that move elements: reshape, transpose, concatenate, split, stack, pad, flip, repeat."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ...tracing import Size, probe_sizes
from ..exporter import Exporter
from ..registry import Unsupported, op
from ..values import CodedValue, Value, to_first
from .convolution import image_in, image_out


def reshaped(e: Exporter, x: Any, shape: Any, dtype: str | None = None) -> str:
    """Adds a Reshape; at most one size may be a Size or -1 without a formula."""
    sizes: list[Any] = [shape] if isinstance(shape, (int, np.integer, Size)) else list(shape)
    free = [i for i, n in enumerate(sizes) if not isinstance(n, (int, np.integer)) or n == -1 or n is None]
    if len(free) <= 1 and all(n != 0 for n in sizes if isinstance(n, (int, np.integer))):
        target = e.graph.ints(*(-1 if i in free else int(n) for i, n in enumerate(sizes)))
    elif free and free[0] == 0 and len(free) == 2 and _is_batch(sizes[0]) and e.is_batch(x):
        target = e.graph.ints(*(0 if i == 0 else -1 if i in free else int(n) for i, n in enumerate(sizes)))
    else:
        target = e.shape(sizes)
    found: str = e.graph.op("Reshape", e.name(x, dtype), target)
    return found


def _is_batch(size: Any) -> bool:
    return isinstance(size, Size) and (size.first, size.second) == probe_sizes(0)


@op("reshape")
def _reshape(e: Exporter, out: Any, x: Any, newshape: Any) -> Any:
    if isinstance(x, CodedValue):
        return x.reshaped(out.shape)
    if isinstance(x, Value) and len(out.shape) == 2 and flattens(x, out):
        return flattened(x, out)
    return reshaped(e, x, newshape)


def flattens(x: Value, out: Any) -> bool:
    """Whether `out` is a batch of images, flattened, whose sizes are known."""
    rest: Any = x.shape[1:]
    return len(x.shape) > 2 and None not in rest and x.shape[0] == out.shape[0] and math.prod(rest) == out.shape[1]


def flattened(x: Value, out: Any) -> Value:
    """The flattened image as a Value that is computed where it is read (`Dense` reads the image in its own order)."""
    return Value(out, flattened=x)


@op("ravel")
def _ravel(e: Exporter, out: Any, x: Any) -> str:
    return reshaped(e, x, (-1,))


@op("transpose")
def _transpose(e: Exporter, out: Any, x: Any, axes: Any) -> str:
    rank = len(x.shape)
    return transposed(e, x, list(range(rank))[::-1] if axes is None else [int(a) % rank for a in axes])


def transposed(e: Exporter, x: Any, perm: list[int]) -> str:
    """Adds a Transpose; none where the tensor exists in that order."""
    if perm == list(range(len(perm))):
        return e.name(x)
    if isinstance(x, Value) and x.first is not None and perm == to_first(len(perm)):
        return x.first
    found: str = e.graph.op("Transpose", e.name(x), perm=perm)
    return found


@op("swapaxes")
def _swapaxes(e: Exporter, out: Any, x: Any, axis1: int, axis2: int) -> str:
    perm = list(range(len(x.shape)))
    perm[axis1], perm[axis2] = perm[axis2], perm[axis1]
    return transposed(e, x, perm)


@op("moveaxis")
def _moveaxis(e: Exporter, out: Any, x: Any, source: Any, destination: Any) -> str:
    rank = len(x.shape)
    old = [a % rank for a in ([source] if isinstance(source, int) else source)]
    new = [a % rank for a in ([destination] if isinstance(destination, int) else destination)]
    perm = [i for i in range(rank) if i not in old]
    for to, at in sorted(zip(new, old)):
        perm.insert(to, at)
    return transposed(e, x, perm)


@op("expand_dims")
def _expand_dims(e: Exporter, out: Any, x: Any, axis: Any) -> str:
    axes = [axis] if isinstance(axis, int) else list(axis)
    found: str = e.graph.op("Unsqueeze", e.name(x), e.graph.ints(*axes))
    return found


@op("squeeze")
def _squeeze(e: Exporter, out: Any, x: Any, axis: Any) -> str:
    axes = [i for i, n in enumerate(x.shape) if n == 1] if axis is None else [axis] if isinstance(axis, int) else axis
    found: str = e.graph.op("Squeeze", e.name(x), e.graph.ints(*axes))
    return found


@op("concatenate")
def _concatenate(e: Exporter, out: Any, xs: Any, axis: int) -> Any:
    rank = len(out.shape)
    axis %= rank
    if any(isinstance(x, Value) and x.only_first for x in xs) and all(isinstance(x, Value) for x in xs):
        at = {0: 0, rank - 1: 1}.get(axis, axis + 1)
        return Value(out, first=e.graph.op("Concat", *(e.first(x, out.dtype) for x in xs), axis=at))
    return e.graph.op("Concat", *(e.name(x, out.dtype) for x in xs), axis=axis)


@op("append")
def _append(e: Exporter, out: Any, x1: Any, x2: Any, axis: int | None) -> Any:
    if axis is None:
        return e.graph.op("Concat", reshaped(e, x1, (-1,), out.dtype), reshaped(e, x2, (-1,), out.dtype), axis=0)
    return _concatenate(e, out, [x1, x2], axis)


@op("stack")
def _stack(e: Exporter, out: Any, x: Any, axis: int) -> str:
    axis %= len(out.shape)
    wide = [e.graph.op("Unsqueeze", e.name(v, out.dtype), e.graph.ints(axis)) for v in x]
    found: str = e.graph.op("Concat", *wide, axis=axis)
    return found


@op("split")
def _split(e: Exporter, out: Any, x: Any, indices_or_sections: Any, axis: int) -> list[Any]:
    rank, count = len(x.shape), len(out)
    axis %= rank
    if isinstance(x, Value) and x.only_first:
        name, at = e.first(x), {0: 0, rank - 1: 1}.get(axis, axis + 1)
    else:
        name, at = e.name(x), axis
    sizes = [o.shape[axis] for o in out]
    if None in sizes and not isinstance(indices_or_sections, (int, np.integer)):
        ends = [0, *indices_or_sections, 2**62]
        made = tuple(
            e.graph.op("Slice", name, e.size(a), e.size(b), e.graph.ints(at)) for a, b in itertools.pairwise(ends)
        )
        made = made[0] if count == 1 else made
    elif None in sizes:
        made = e.graph.op("Split", name, axis=at, num_outputs=count, outputs=count)
    else:
        made = e.graph.op("Split", name, e.graph.ints(*sizes), axis=at, outputs=count)
    made = (made,) if count == 1 else made
    first = isinstance(x, Value) and x.only_first
    return [Value(o, first=n) if first else n for o, n in zip(out, made)]


@op("unstack")
def _unstack(e: Exporter, out: Any, x: Any, num: int | None, axis: int) -> list[str]:
    g, name = e.graph, e.name(x)
    made = g.op("Split", name, axis=axis, num_outputs=len(out), outputs=len(out))
    made = (made,) if len(out) == 1 else made
    return [g.op("Squeeze", n, g.ints(axis)) for n in made]


@op("flip")
def _flip(e: Exporter, out: Any, x: Any, axis: Any) -> str:
    g, rank = e.graph, len(x.shape)
    axes = list(range(rank)) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    back = [-1] * len(axes)
    found: str = g.op("Slice", e.name(x), g.ints(*back), g.ints(*[-(2**62)] * len(axes)), g.ints(*axes), g.ints(*back))
    return found


@op("tile")
def _tile(e: Exporter, out: Any, x: Any, repeats: Any) -> str:
    times = [repeats] if isinstance(repeats, (int, Size)) else list(repeats)
    rank = max(len(x.shape), len(times))
    times = [1] * (rank - len(times)) + times
    name = e.name(x)
    if rank > len(x.shape):
        name = e.graph.op("Unsqueeze", name, e.graph.ints(*range(rank - len(x.shape))))
    found: str = e.graph.op("Tile", name, e.shape(times))
    return found


@op("repeat")
def _repeat(e: Exporter, out: Any, x: Any, repeats: Any, axis: int | None) -> str:
    """Each entry `repeats` times: a new axis of that size behind the axis, merged with it."""
    if not isinstance(repeats, int) or axis is None:
        raise Unsupported("repeats that differ between entries, or axis=None")
    g, rank = e.graph, len(x.shape)
    axis %= rank
    wide = g.op("Unsqueeze", e.name(x), g.ints(axis + 1))
    times = [1] * (rank + 1)
    times[axis + 1] = repeats
    wide = g.op("Tile", wide, g.ints(*times))
    parts = [e.shape_part(x, i) if i != axis else g.ints(-1) for i in range(rank)]
    found: str = g.op("Reshape", wide, g.op("Concat", *parts, axis=0))
    return found


@op("broadcast_to")
def _broadcast_to(e: Exporter, out: Any, x: Any, shape: Any) -> str:
    found: str = e.graph.op("Expand", e.name(x), e.shape(shape))
    return found


@op("pad")
def _pad(e: Exporter, out: Any, x: Any, pad_width: Any, mode: str, constant_values: Any) -> Any:
    rank = len(x.shape)
    width = np.asarray(pad_width)
    width = np.broadcast_to(width, (rank, 2)) if width.ndim < 2 or len(width) == 1 else width
    kinds = {"constant": "constant", "reflect": "reflect", "edge": "edge", "wrap": "wrap"}
    if mode not in kinds:
        raise Unsupported(f"mode={mode!r}")
    first = isinstance(x, Value) and x.only_first
    if first:
        width = width[to_first(rank)]
    name = e.first(x, out.dtype) if first else e.name(x, out.dtype)
    value = None if mode != "constant" else e.graph.constant(constant_values or 0, out.dtype)
    made = e.graph.op("Pad", name, e.graph.ints(*width[:, 0], *width[:, 1]), value, mode=kinds[mode])
    return Value(out, first=made) if first else made


@op("roll")
def _roll(e: Exporter, out: Any, x: Any, shift: Any, axis: Any) -> str:
    if axis is None:
        raise Unsupported("axis=None")
    g, name = e.graph, e.name(x)
    shifts = [shift] if isinstance(shift, int) else list(shift)
    for s, a in zip(shifts, [axis] if isinstance(axis, int) else list(axis)):
        size = x.shape[a]
        s = s if size is None else s % size
        if s == 0:
            continue
        low = g.op("Slice", name, g.ints(-s), g.ints(2**62), g.ints(a))
        high = g.op("Slice", name, g.ints(0), g.ints(-s), g.ints(a))
        name = g.op("Concat", low, high, axis=a)
    return name


@op("diagonal")
def _diagonal(e: Exporter, out: Any, x: Any, offset: int, axis1: int, axis2: int) -> str:
    rank = len(x.shape)
    a, b = axis1 % rank, axis2 % rank
    n, m = x.shape[a], x.shape[b]
    if n is None or m is None:
        raise Unsupported("axes of unknown size")
    g = e.graph
    rows = np.arange(max(0, -offset), max(0, -offset) + out.shape[-1])
    perm = [i for i in range(rank) if i not in (a, b)] + [a, b]
    name = g.op("Transpose", e.name(x), perm=perm)
    parts = [e.shape_part(x, i) for i in perm[:-2]] + [g.ints(n * m)]
    name = g.op("Reshape", name, g.op("Concat", *parts, axis=0))
    found: str = g.op("Gather", name, g.constant(rows * m + rows + offset, "int64"), axis=-1)
    return found


def _triangular(upper: int) -> Any:
    def convert(e: Exporter, out: Any, x: Any, k: int) -> str:
        found: str = e.graph.op("Trilu", e.name(x), e.graph.constant(k, "int64"), upper=upper)
        return found

    return convert


op("triu")(_triangular(1))
op("tril")(_triangular(0))


@op("depth_to_space")
def _depth_to_space(e: Exporter, out: Any, x: Any, block_size: int, data_format: str | None) -> Value:
    name = image_in(e, x, data_format)
    return image_out(out, e.graph.op("DepthToSpace", name, blocksize=block_size, mode="DCR"), data_format)


@op("space_to_depth")
def _space_to_depth(e: Exporter, out: Any, x: Any, block_size: int, data_format: str | None) -> Value:
    return image_out(out, e.graph.op("SpaceToDepth", image_in(e, x, data_format), blocksize=block_size), data_format)

"""Indexing: x[key], slice, take, take_along_axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...tracing import Size, Varying
from ..exporter import Exporter
from ..registry import Unsupported, op
from ..values import Value

_END = 2**62


@op("getitem")
def _getitem(e: Exporter, out: Any, x: Any, key: Any) -> Any:
    """Slices, integers, new axes and `...` by Slice, Squeeze and Unsqueeze; one array of positions by Gather."""
    items = list(key) if isinstance(key, tuple) else [key]
    if any(isinstance(i, Varying) for i in items):
        raise Unsupported("an array of positions that depends on sizes of the input")
    g, rank = e.graph, len(x.shape)
    arrays = [i for i in items if isinstance(i, (Value, np.ndarray, list)) and not _is_scalar(i)]
    used = sum(1 for i in items if i is not None and i is not Ellipsis)
    items = [i for item in items for i in ([slice(None)] * (rank - used) if item is Ellipsis else [item])]
    items += [slice(None)] * (rank - used) if Ellipsis not in _plain(key) else []
    starts, ends, axes, steps, dropped, added = [], [], [], [], [], []
    gathers = []
    axis = place = 0
    for item in items:
        if item is None:
            added.append(place)
            place += 1
            continue
        if isinstance(item, slice):
            if item != slice(None):
                step = 1 if item.step is None else item.step
                starts.append((0 if step > 0 else -1) if item.start is None else item.start)
                ends.append((_END if step > 0 else -_END) if item.stop is None else item.stop)
                axes.append(axis)
                steps.append(step)
            place += 1
        elif isinstance(item, (int, np.integer)) and not isinstance(item, bool):
            starts.append(int(item))
            ends.append(int(item) + 1 if item != -1 else _END)
            axes.append(axis)
            steps.append(1)
            dropped.append(axis)
        else:
            gathers.append((axis, item))
            place += 1
        axis += 1
    if isinstance(x, Value) and x.only_first and axes and not (gathers or dropped or added):
        at = [{0: 0, rank - 1: 1}.get(a, a + 1) for a in axes]
        sliced = g.op("Slice", e.first(x), e.shape(starts), e.shape(ends), g.ints(*at), g.ints(*steps))
        return Value(out, first=sliced)
    name = e.name(x)
    if len(gathers) > 1 or (gathers and (added or dropped)) or len(arrays) > 1:
        raise Unsupported("a key of arrays and other parts")
    if axes:
        name = g.op("Slice", name, e.shape(starts), e.shape(ends), g.ints(*axes), g.ints(*steps))
    if gathers:
        return g.op("Gather", name, e.name(gathers[0][1], "int64"), axis=gathers[0][0])
    if dropped:
        name = g.op("Squeeze", name, g.ints(*dropped))
    if added:
        name = g.op("Unsqueeze", name, g.ints(*added))
    return name


def _plain(key: Any) -> list[Any]:
    """The parts of a key that can be compared with `...`."""
    return [i for i in (key if isinstance(key, tuple) else (key,)) if i is Ellipsis or i is None]


def _is_scalar(item: Any) -> bool:
    return getattr(item, "shape", None) == ()


@op("slice")
def _slice(e: Exporter, out: Any, inputs: Any, start_indices: Any, shape: Any) -> str:
    """A block, by its ends along each axis."""
    g = e.graph
    starts = list(start_indices)
    if any(isinstance(s, Value) for s in starts):
        begin = e.shape(starts)
        end = g.op("Add", begin, e.shape(shape))
        axes = g.ints(*range(len(starts)))
        return g.op("Slice", e.name(inputs), begin, end, axes)
    ends: list[Any] = []
    for start, n in zip(starts, shape, strict=True):
        ends.append(n + start if isinstance(n, (int, np.integer)) else Size(n.first + start, n.second + start))
    return g.op("Slice", e.name(inputs), e.shape(starts), e.shape(ends), g.ints(*range(len(starts))))


@op("take")
def _take(e: Exporter, out: Any, x: Any, indices: Any, axis: int | None) -> str:
    name = e.name(x)
    if axis is None:
        name, axis = e.graph.op("Reshape", name, e.graph.ints(-1)), 0
    dtype = "int64" if not hasattr(indices, "dtype") or str(indices.dtype) != "int32" else "int32"
    found: str = e.graph.op("Gather", name, e.name(indices, dtype), axis=axis)
    return found


@op("take_along_axis")
def _take_along_axis(e: Exporter, out: Any, x: Any, indices: Any, axis: int | None) -> str:
    if axis is None:
        raise Unsupported("axis=None")
    found: str = e.graph.op("GatherElements", e.name(x), e.name(indices, "int64"), axis=axis)
    return found

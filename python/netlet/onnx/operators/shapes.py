"""Operators that change shapes and choose or join parts: no element is computed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .registry import operator
from .values import constant, is_computed, known_shape


@operator("Identity", any_layout=True)
def identity_operator(node: Node, x: Any) -> Any:
    """x itself."""
    return x


@operator("Shape")
def shape(node: Node, x: Any) -> Any:
    """The dimensions from axis `start` to `end`."""
    return np.array(known_shape(node, x)[node.attribute("start", 0) : node.attribute("end", None)], np.int64)


@operator("Size")
def size(node: Node, x: Any) -> Any:
    """The number of elements."""
    return np.array(math.prod(known_shape(node, x)), np.int64)


def _given(node: Node, value: Any, name: str, what: str) -> list[int] | None:
    """Integers from an input, or in older opsets from the attribute."""
    given = node.attribute(name, None) if value is None else constant(node, value, what).reshape(-1).tolist()
    return None if given is None else [int(i) for i in given]


@operator("Reshape")
def reshape(node: Node, x: Any, shape: Any = None) -> Any:
    """x in another shape. 0 copies a dimension, -1 is computed."""
    dims = _given(node, shape, "shape", "shape") or []
    if not node.attribute("allowzero", 0):
        dims = [x.shape[i] if d == 0 else d for i, d in enumerate(dims)]
    if -1 in dims and 0 not in dims:
        dims[dims.index(-1)] = -1 if None in x.shape else math.prod(x.shape) // -math.prod(dims)
    return ops.reshape(x, tuple(dims))


@operator("Flatten")
def flatten(node: Node, x: Any) -> Any:
    """x as a matrix: the axes before `axis` are its rows."""
    axis = node.attribute("axis", 1)
    axis += len(x.shape) if axis < 0 else 0
    shape = known_shape(node, x)
    return ops.reshape(x, (math.prod(shape[:axis]), math.prod(shape[axis:])))


@operator("Transpose")
def transpose(node: Node, x: Any) -> Any:
    """x with its axes in the order `perm`, by default reversed."""
    return ops.transpose(x, axes=node.attribute("perm", None))


@operator("Squeeze")
def squeeze(node: Node, x: Any, axes: Any = None) -> Any:
    """x without axes of length 1."""
    given = _given(node, axes, "axes", "axes")
    if given is None:
        return ops.squeeze(x)
    dropped = {a % len(x.shape) for a in given}
    for axis in dropped:
        if x.shape[axis] not in (1, None):
            raise node.error(f"expected dimension {axis} to be 1, received shape {tuple(x.shape)}")
    return ops.reshape(x, tuple(d for i, d in enumerate(x.shape) if i not in dropped))


@operator("Unsqueeze")
def unsqueeze(node: Node, x: Any, axes: Any = None) -> Any:
    """x with new axes of length 1, whose places count in the result."""
    given = _given(node, axes, "axes", "axes") or []
    rank = len(x.shape) + len(given)
    for axis in sorted(a % rank for a in given):
        x = ops.expand_dims(x, axis)
    return x


@operator("Concat")
def concat(node: Node, *values: Any) -> Any:
    """The inputs one after the other along an axis."""
    return ops.concatenate(list(values), axis=node.attribute("axis", 1))


@operator("Split")
def split(node: Node, x: Any, sizes: Any = None) -> Any:
    """x in parts along an axis: of the given sizes, or equal ones of which the last may be smaller."""
    axis = node.attribute("axis", 0)
    parts = _given(node, sizes, "split", "split")
    if parts is None:
        count = node.attribute("num_outputs", None) or len(node.outputs)
        node.check_steps(count)
        each = -(-x.shape[axis] // count)
        parts = [min(each, x.shape[axis] - each * i) for i in range(count)]
    return tuple(ops.split(x, [int(end) for end in np.cumsum(parts)[:-1]], axis=axis))


@operator("Expand")
def expand(node: Node, x: Any, shape: Any) -> Any:
    """x broadcast with a shape, where dimensions of 1 leave x's as they are."""
    wanted = tuple(int(d) for d in constant(node, shape, "shape"))
    result = np.broadcast_shapes(tuple(x.shape), wanted)
    if not is_computed(x):
        node.check_size(result)
    return ops.broadcast_to(x, result)


@operator("Tile")
def tile(node: Node, x: Any, repeats: Any) -> Any:
    """x repeated along each axis."""
    times = tuple(int(n) for n in constant(node, repeats, "repeats"))
    if not is_computed(x):
        node.check_size([size * n for size, n in zip(x.shape, times, strict=True)])
    return ops.tile(x, times)


@operator("Slice")
def slice_attributes(node: Node, x: Any) -> Any:
    """A part of x, given by attributes before opset 10."""
    return _slice(x, node.attribute("starts"), node.attribute("ends"), node.attribute("axes", None), None)


@operator("Slice", since=10)
def slice_inputs(node: Node, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Any:
    """A part of x: elements from `starts` to `ends` in `steps`, along `axes`."""
    given = (None if v is None else constant(node, v, n).tolist() for v, n in ((axes, "axes"), (steps, "steps")))
    return _slice(x, constant(node, starts, "starts").tolist(), constant(node, ends, "ends").tolist(), *given)


def _slice(x: Any, starts: list[int], ends: list[int], axes: list[int] | None, steps: list[int] | None) -> Any:
    key = [slice(None)] * len(x.shape)
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis = i if axes is None else axes[i]
        step = 1 if steps is None else steps[i]
        size = x.shape[axis]
        if step < 0 and size is not None:
            # ONNX limits the ends of a backward slice to elements; Python reads -1 as the last one.
            start = min(max(start + size if start < 0 else start, 0), size - 1)
            end = min(max(end + size if end < 0 else end, -1), size - 1)
            key[axis] = slice(start, None if end < 0 else end, step) if size else slice(0, 0)
        else:
            key[axis] = slice(start, end, step)
    return ops.getitem(x, tuple(key))


@operator("Pad")
def pad_attributes(node: Node, x: Any) -> Any:
    """x with a border, given by attributes before opset 11."""
    pads = node.attribute("pads", None) or node.attribute("paddings")
    return _pad(node, x, pads, node.attribute("value", 0.0), range(len(x.shape)))


@operator("Pad", since=11)
def pad(node: Node, x: Any, pads: Any, value: Any = None, axes: Any = None) -> Any:
    """x with a border of `pads`: first those before each axis, then those after."""
    over = range(len(x.shape)) if axes is None else constant(node, axes, "axes").tolist()
    fill = 0 if value is None else constant(node, value, "constant_value").item()
    return _pad(node, x, constant(node, pads, "pads").tolist(), fill, over)


def _pad(node: Node, x: Any, pads: list[int], value: Any, axes: Any) -> Any:
    widths = [(0, 0)] * len(x.shape)
    for axis, before, after in zip(axes, pads[: len(pads) // 2], pads[len(pads) // 2 :], strict=True):
        widths[axis] = (before, after)
    cropped = tuple(slice(max(-b, 0), None if a >= 0 else a) for b, a in widths)
    if any(b < 0 or a < 0 for b, a in widths):
        x = ops.getitem(x, cropped)
    widths = [(max(b, 0), max(a, 0)) for b, a in widths]
    if not is_computed(x):
        node.check_size([size + b + a for size, (b, a) in zip(x.shape, widths, strict=True)])
    mode = node.attribute("mode", "constant")
    if mode == "constant":
        return ops.pad(x, widths, mode, constant_values=value)
    if mode in ("edge", "reflect", "wrap"):
        return ops.pad(x, widths, mode)
    raise node.error(f"expected mode to be constant, reflect, edge or wrap, received {mode!r}.")


@operator("CenterCropPad")
def center_crop_pad(node: Node, x: Any, shape: Any) -> Any:
    """x cropped or padded with zeros around its centre to a shape."""
    axes = node.attribute("axes", None)
    pads: list[tuple[int, int]] = []
    for axis, size in zip(range(len(x.shape)) if axes is None else axes, constant(node, shape, "shape"), strict=True):
        more = int(size) - x.shape[axis]
        before = more // 2 if more > 0 else -(-more // 2)
        pads.append((before, more - before))
    over = range(len(x.shape)) if axes is None else axes
    return _pad(node, x, [b for b, _ in pads] + [a for _, a in pads], 0, over)


@operator("Trilu")
def trilu(node: Node, x: Any, k: Any = None) -> Any:
    """The upper or lower triangle of each matrix; zero elsewhere."""
    rows, columns = x.shape[-2:]
    offset = 0 if k is None else int(constant(node, k, "k").item())
    upper = node.attribute("upper", 1)
    node.check_stated((rows, columns))
    kept = np.subtract.outer(np.arange(rows), np.arange(columns)) * -1
    return ops.where(kept >= offset if upper else kept <= offset, x, ops.zeros_like(x))


@operator("DepthToSpace")
def depth_to_space(node: Node, x: Any) -> Any:
    """Blocks of channels as blocks of pixels."""
    b, c, h, w = x.shape
    n = node.attribute("blocksize")
    if node.attribute("mode", "DCR") == "DCR":
        x = ops.transpose(ops.reshape(x, (b, n, n, c // n**2, h, w)), (0, 3, 4, 1, 5, 2))
    else:
        x = ops.transpose(ops.reshape(x, (b, c // n**2, n, n, h, w)), (0, 1, 4, 2, 5, 3))
    return ops.reshape(x, (b, c // n**2, h * n, w * n))


@operator("SpaceToDepth")
def space_to_depth(node: Node, x: Any) -> Any:
    """Blocks of pixels as blocks of channels."""
    b, c, h, w = x.shape
    n = node.attribute("blocksize")
    x = ops.reshape(x, (b, c, h // n, n, w // n, n))
    order = (0, 1, 3, 5, 2, 4) if node.attribute("mode", "DCR") == "CRD" else (0, 3, 5, 1, 2, 4)
    return ops.reshape(ops.transpose(x, order), (b, c * n**2, h // n, w // n))


@operator("ReverseSequence")
def reverse_sequence(node: Node, x: Any, lengths: Any) -> Any:
    """The first `lengths` steps of each row in reverse order."""
    batch, time = node.attribute("batch_axis", 1), node.attribute("time_axis", 0)
    node.check_stated(x.shape)
    steps = np.arange(x.shape[time])
    known = constant(node, lengths, "sequence_lens").reshape(-1, 1)
    index = np.where(steps < known, known - 1 - steps, steps)  # (rows, steps)
    index = index if batch < time else index.T
    wide = [x.shape[i] if i in (batch, time) else 1 for i in range(len(x.shape))]
    index = np.broadcast_to(index.reshape(wide), tuple(x.shape))
    return ops.take_along_axis(x, index, axis=time)

"""Images read at places between their pixels: GridSample, RoiAlign, DeformConv."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .convolution import with_bias
from .registry import operator
from .values import constant


def _reflected(at: Any, low: float, high: float) -> Any:
    """Places mirrored at both ends until they lie between them."""
    if high <= low:
        return ops.multiply(at, 0.0)
    turn = ops.mod(ops.subtract(at, low), 2 * (high - low))
    return ops.add(ops.minimum(turn, ops.subtract(2 * (high - low), turn)), low)


def _weights(fraction: Any, mode: str) -> list[tuple[int, Any]]:
    """The neighbours of a place, counted from the one before it, with their weights."""
    if mode == "nearest":
        return [(0, None)]
    rest = ops.subtract(1.0, fraction)
    if mode == "linear":
        return [(0, rest), (1, fraction)]
    a = -0.75

    def near(d: Any) -> Any:
        return ops.add(ops.multiply(ops.multiply(d, d), ops.subtract(ops.multiply(d, a + 2), a + 3)), 1.0)

    def far(d: Any) -> Any:
        d = ops.add(d, 1.0)
        return ops.subtract(
            ops.multiply(ops.add(ops.multiply(ops.subtract(ops.multiply(d, a), 5 * a), d), 8 * a), d), 4 * a
        )

    return [(-1, far(fraction)), (0, near(fraction)), (1, near(rest)), (2, far(rest))]


def tap_values(x: Any, at: list[Any], mode: str, padding: str = "zeros", corners: bool = True) -> Iterator[Any]:
    """The weighted neighbours of places in images; their sum is the image there.

    Args:
        x: (N, C, spatial...).
        at: for each spatial axis the places (N, P), in elements.
        mode: "nearest", "linear" or "cubic".
        padding: what lies outside: "zeros", "border" (the last element) or "reflection".
        corners: whether reflection is at the centres of the outer elements instead of at their outer edges.

    Yields:
        (N, P, C) for each neighbour.
    """
    n, channels, *shape = x.shape
    rows = ops.reshape(ops.moveaxis(x, 1, -1), (n * math.prod(shape), channels))
    edges = [(0.0, d - 1.0) if corners else (-0.5, d - 0.5) for d in shape]
    lists = []
    for places, size, (low, high) in zip(at, shape, edges, strict=True):
        places = ops.round(places) if mode == "nearest" else places
        if padding == "border":
            places = ops.clip(places, 0.0, size - 1.0)
        elif padding == "reflection":
            places = _reflected(places, low, high)
        before = ops.floor(places)
        taps = []
        for step, weight in _weights(ops.subtract(places, before), mode):
            index = ops.add(before, float(step))
            if padding == "zeros":
                inside = ops.logical_and(ops.greater_equal(index, 0.0), ops.less_equal(index, size - 1.0))
                weight = ops.cast(inside, str(index.dtype)) if weight is None else ops.multiply(weight, inside)
            elif padding == "reflection":
                index = _reflected(index, low, high)
            taps.append((ops.cast(ops.clip(index, 0.0, size - 1.0), "int64"), weight))
        lists.append(taps)
    first = np.arange(n, dtype=np.int64)[:, None]
    for neighbour in itertools.product(*lists):
        index, weight = first, None
        for (i, w), size in zip(neighbour, shape, strict=True):
            index = ops.add(ops.multiply(index, size), i)
            weight = w if weight is None else weight if w is None else ops.multiply(weight, w)
        values = ops.take(rows, index, axis=0)
        yield values if weight is None else ops.multiply(values, ops.cast(ops.expand_dims(weight, -1), str(x.dtype)))


def sampled(x: Any, at: list[Any], mode: str, padding: str = "zeros", corners: bool = True) -> Any:
    """Images at places: (N, P, C). Arguments as for `tap_values`."""
    return reduce(ops.add, tap_values(x, at, mode, padding, corners))


@operator("GridSample")
def grid_sample(node: Node, x: Any, grid: Any) -> Any:
    """Images at places that a grid (N, places..., axes) gives between -1 and 1, its last axis in reverse order."""
    mode = node.attribute("mode", "linear")
    mode = {"bilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
    corners = bool(node.attribute("align_corners", 0))
    n, *places, rank = grid.shape
    node.check_stated((x.shape[0],))
    at = []
    for i, size in enumerate(x.shape[2:]):
        place = ops.add(ops.reshape(ops.getitem(grid, (..., rank - 1 - i)), (n, math.prod(places))), 1.0)
        at.append(ops.multiply(place, (size - 1) / 2) if corners else ops.subtract(ops.multiply(place, size / 2), 0.5))
    if not math.prod(places):
        return ops.zeros((n, x.shape[1], *places), dtype=str(x.dtype))
    y = sampled(x, at, mode, node.attribute("padding_mode", "zeros"), corners)
    return ops.reshape(ops.transpose(y, (0, 2, 1)), (n, x.shape[1], *places))


@operator("DeformConv")
def deform_conv(node: Node, x: Any, w: Any, offset: Any, bias: Any = None, mask: Any = None) -> Any:
    """A convolution whose every tap is moved by an offset of its own and weighted by a mask."""
    n, channels = x.shape[:2]
    size, places = tuple(w.shape[2:]), tuple(offset.shape[2:])
    rank, taps, count = len(size), math.prod(size), math.prod(places)
    node.check_stated((n,))
    node.check_stated((rank, taps, count))
    strides = node.attribute("strides", None) or [1] * rank
    dilations = node.attribute("dilations", None) or [1] * rank
    pads = node.attribute("pads", None) or [0] * (2 * rank)
    parts, groups = node.attribute("offset_group", 1), node.attribute("group", 1)
    offset = ops.reshape(offset, (n, parts, taps, rank, count))
    mask = None if mask is None else ops.reshape(mask, (n, parts, taps * count, 1))
    starts = np.indices(size).reshape(rank, taps, 1) * np.reshape(dilations, (rank, 1, 1))
    starts = starts + np.indices(places).reshape(rank, 1, count) * np.reshape(strides, (rank, 1, 1))
    starts = (starts - np.reshape(pads[:rank], (rank, 1, 1))).astype(np.float32)
    columns = []
    for part, image in enumerate(ops.split(x, parts, axis=1)):
        at = [
            ops.reshape(ops.add(ops.getitem(offset, (slice(None), part, slice(None), axis)), starts[axis]), (n, -1))
            for axis in range(rank)
        ]
        values = sampled(image, at, "linear")  # (N, taps places, C / parts)
        columns.append(values if mask is None else ops.multiply(values, ops.getitem(mask, (slice(None), part))))
    pixels = ops.reshape(ops.concatenate(columns, axis=-1), (n, taps, count, channels))
    results = []
    for inputs, kernel in zip(ops.split(pixels, groups, axis=-1), ops.split(w, groups, axis=0), strict=True):
        flat = ops.reshape(ops.transpose(inputs, (0, 2, 3, 1)), (n, count, -1))  # (N, places, C / groups taps)
        results.append(ops.matmul(flat, ops.transpose(ops.reshape(kernel, (kernel.shape[0], -1)))))
    y = ops.transpose(ops.concatenate(results, axis=-1), (0, 2, 1))
    return with_bias(ops.reshape(y, (n, w.shape[0], *places)), bias)


@operator("RoiAlign")
def roi_align(node: Node, x: Any, regions: Any, batch_indices: Any) -> Any:
    """The mean, or the largest weighted pixel, in the cells of a grid over each region.

    The number of samples of a cell may depend on its region, so that the regions must be known.
    """
    rows, columns = node.attribute("output_height", 1), node.attribute("output_width", 1)
    boxes = constant(node, regions, "rois").astype(np.float64) * node.attribute("spatial_scale", 1.0)
    half = node.opset >= 16 and node.attribute("coordinate_transformation_mode", "half_pixel") == "half_pixel"
    boxes = boxes - 0.5 if half else boxes
    average = node.attribute("mode", "avg") == "avg"
    results = []
    for (x1, y1, x2, y2), image in zip(boxes, constant(node, batch_indices, "batch_indices"), strict=True):
        ys = _cells(node, y1, y2, rows, half)
        xs = _cells(node, x1, x2, columns, half)
        node.check_size((len(ys), len(xs)))
        at = [a.reshape(1, -1).astype(np.float32) for a in np.meshgrid(ys, xs, indexing="ij")]
        inside = np.ones(at[0].shape, bool)
        for places, size in zip(at, x.shape[2:], strict=True):
            inside &= (places >= -1) & (places <= size)
        of_image = ops.getitem(x, slice(int(image), int(image) + 1))
        one = reduce(ops.add if average else ops.maximum, tap_values(of_image, at, "linear", "border"))
        one = ops.multiply(one, inside[..., None].astype(np.float32).astype(str(x.dtype)))
        cells = ops.reshape(one, (rows, len(ys) // rows, columns, len(xs) // columns, x.shape[1]))
        pooled = ops.mean(cells, axis=(1, 3)) if average else ops.max(cells, axis=(1, 3))
        results.append(ops.transpose(pooled, (2, 0, 1)))
    return ops.stack(results, axis=0)


def _cells(node: Node, start: float, end: float, count: int, half: bool) -> np.ndarray:
    """The samples of the cells of one axis, those of a cell next to each other."""
    length = end - start if half else max(end - start, 1.0)
    each = node.attribute("sampling_ratio", 0) or max(1, math.ceil(length / count))
    node.check_size((count, each))
    return start + (np.arange(count * each) + 0.5) * length / (count * each)

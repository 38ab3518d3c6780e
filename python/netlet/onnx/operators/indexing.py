"""Elements by index: gathering, scattering, the largest k, those that are not zero."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .registry import operator
from .values import constant, is_constant


def _counted_from_start(indices: Any, size: int | None) -> Any:
    """Indices of which those below 0 count from the end."""
    if is_constant(indices) and size is not None:
        return np.where(np.asarray(indices) < 0, np.asarray(indices) + size, indices)
    return ops.where(ops.less(indices, 0), ops.add(indices, size), indices) if size is not None else indices


@operator("Gather")
def gather(node: Node, x: Any, indices: Any) -> Any:
    """Slices of x along an axis."""
    axis = node.attribute("axis", 0)
    return ops.take(x, _counted_from_start(indices, x.shape[axis]), axis=axis)


@operator("GatherElements")
def gather_elements(node: Node, x: Any, indices: Any) -> Any:
    """For each element of indices the element of x whose place along the axis it is."""
    axis = node.attribute("axis", 0) % len(x.shape)
    indices = _counted_from_start(indices, x.shape[axis])
    inside = tuple(slice(None) if i == axis else slice(0, d) for i, d in enumerate(indices.shape))
    return ops.take_along_axis(ops.getitem(x, inside), indices, axis=axis)


@operator("GatherND")
def gather_nd(node: Node, x: Any, indices: Any) -> Any:
    """Slices of x at places that the last axis of indices gives."""
    batch = node.attribute("batch_dims", 0)
    shape, places = tuple(x.shape), tuple(indices.shape)
    depth = places[-1]
    indices = ops.convert_to_tensor(indices)
    rows = math.prod(shape[:batch])
    indices = ops.reshape(indices, (rows, math.prod(places[batch:-1]), depth))
    node.check_stated((rows,))
    flat = ops.reshape(ops.arange(rows, dtype="int64"), (rows, 1))
    for i in range(depth):
        size = shape[batch + i]
        flat = ops.add(ops.multiply(flat, size), _counted_from_start(ops.cast(indices[..., i], "int64"), size))
    slices = ops.reshape(x, (math.prod(shape[: batch + depth]), *shape[batch + depth :]))
    taken = ops.take(slices, ops.reshape(flat, (-1,)), axis=0)
    return ops.reshape(taken, (*places[:-1], *shape[batch + depth :]))


REDUCTIONS = {"none": None, "add": "add", "mul": "mul", "max": "max", "min": "min"}


def _scatter(node: Node, x: Any, places: Any, updates: Any) -> Any:
    """x with updates at places (number of updates, rank of what is indexed)."""
    name = node.attribute("reduction", "none")
    if name not in REDUCTIONS:
        raise node.error(f"expected reduction to be one of {', '.join(REDUCTIONS)}, received {name!r}.")
    return ops.scatter_update(x, places, updates, reduction=REDUCTIONS[name])


@operator("ScatterND")
def scatter_nd(node: Node, x: Any, indices: Any, updates: Any) -> Any:
    """x with slices replaced, or reduced with, at places that the last axis of indices gives."""
    depth = indices.shape[-1]
    columns = [_counted_from_start(ops.getitem(indices, (..., i)), x.shape[i]) for i in range(depth)]
    places = ops.reshape(ops.stack(columns, axis=-1), (-1, depth))
    return _scatter(node, x, places, ops.reshape(updates, (math.prod(indices.shape[:-1]), *x.shape[depth:])))


@operator("Scatter")
@operator("ScatterElements")
def scatter_elements(node: Node, x: Any, indices: Any, updates: Any) -> Any:
    """x with elements replaced, or reduced with, at places along an axis."""
    axis = node.attribute("axis", 0) % len(x.shape)
    shape = tuple(indices.shape)
    node.check_stated((len(shape), *shape))
    columns = [ops.convert_to_tensor(i.astype("int64")) for i in np.indices(shape)]
    columns[axis] = ops.cast(_counted_from_start(indices, x.shape[axis]), "int64")
    places = ops.reshape(ops.stack(columns, axis=-1), (math.prod(shape), len(shape)))
    return _scatter(node, x, places, ops.reshape(updates, (-1,)))


@operator("TensorScatter")
def tensor_scatter(node: Node, cache: Any, update: Any, write_indices: Any = None) -> Any:
    """A cache with an update written from a place of its own in each row of the batch."""
    axis = node.attribute("axis", -2) % len(cache.shape)
    rows, size, steps = cache.shape[0], cache.shape[axis], update.shape[axis]
    node.check_stated((rows, steps))
    node.check_stated((len(update.shape), *update.shape))
    start = np.zeros(rows, np.int64) if write_indices is None else write_indices
    at = ops.add(ops.reshape(ops.cast(start, "int64"), (rows, 1)), np.arange(steps))  # (rows, steps)
    if node.attribute("mode", "linear") == "circular":
        at = ops.mod(at, size)
    wide = [d if i in (0, axis) else 1 for i, d in enumerate(update.shape)]
    columns = [ops.convert_to_tensor(i.astype("int64")) for i in np.indices(tuple(update.shape))]
    columns[axis] = ops.broadcast_to(ops.reshape(at, wide), tuple(update.shape))
    places = ops.reshape(ops.stack(columns, axis=-1), (-1, len(wide)))
    return ops.scatter_update(cache, places, ops.reshape(update, (-1,)))


@operator("OneHot")
def one_hot(node: Node, indices: Any, depth: Any, values: Any) -> Any:
    """values[1] at each index along a new axis, values[0] elsewhere."""
    size = int(constant(node, depth, "depth").item())
    node.check_size([size])
    axis = node.attribute("axis", -1)
    axis += len(indices.shape) + 1 if axis < 0 else 0
    at = ops.expand_dims(_counted_from_start(ops.cast(indices, "int64"), size), axis)
    places = np.arange(size).reshape([-1 if i == axis else 1 for i in range(len(indices.shape) + 1)])
    return ops.where(ops.equal(at, places), ops.getitem(values, 1), ops.getitem(values, 0))


@operator("TopK")
def top_k_attribute(node: Node, x: Any) -> Any:
    """The k largest along an axis, sorted: k is an attribute before opset 10."""
    return _top_k(x, node.attribute("k"), node.attribute("axis", -1), True)


@operator("TopK", since=10)
def top_k(node: Node, x: Any, k: Any) -> Any:
    """The k largest or smallest along an axis and their indices; of equal ones, the first."""
    count = int(constant(node, k, "K").item())
    return _top_k(x, count, node.attribute("axis", -1), bool(node.attribute("largest", 1)))


def _top_k(x: Any, k: int, axis: int, largest: bool) -> Any:
    order = ops.argsort(_descending(x) if largest else x, axis=axis)
    first = tuple(slice(0, k) if i == axis % len(x.shape) else slice(None) for i in range(len(x.shape)))
    order = ops.getitem(order, first)
    return ops.take_along_axis(x, order, axis=axis), ops.cast(order, "int64")


def _descending(x: Any) -> Any:
    """Numbers in the reverse order of x's: bitwise for integers, whose lowest has no negative."""
    return ops.bitwise_not(x) if "int" in str(x.dtype) else ops.negative(x)


@operator("NonZero")
def non_zero(node: Node, x: Any) -> Any:
    """The indices of elements that are not 0: (rank, number of them)."""
    return ops.stack(ops.nonzero(constant(node, x, "X")), axis=0)


@operator("Compress")
def compress(node: Node, x: Any, condition: Any) -> Any:
    """The slices of x where the condition holds; without an axis, elements of the flattened x."""
    axis = node.attribute("axis", None)
    places = np.flatnonzero(constant(node, condition, "condition"))
    return ops.take(x if axis is not None else ops.reshape(x, (-1,)), places, axis=0 if axis is None else axis)


@operator("Unique")
def unique(node: Node, x: Any) -> Any:
    """Elements or slices without repetitions; where each is first; which of them each element is; how often."""
    axis = node.attribute("axis", None)
    values, first, inverse, counts = np.unique(
        constant(node, x, "X"), return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    inverse = inverse.reshape(-1)
    if not node.attribute("sorted", 1):
        order = np.argsort(first)
        values, first, counts = np.take(values, order, axis=axis or 0), first[order], counts[order]
        inverse = np.argsort(order)[inverse]
    return values, first, inverse, counts

"""Operators that change shapes or the order of axes; many of them compute nothing, but change the view of a value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from netlet import layers, ops

from ..deferred import Deferred
from ..node import Node
from ..operators.values import is_constant
from ..views import Flattened, View, as_view, channels_last, common_axes, view
from .convolution import padded
from .registry import layer_of

if TYPE_CHECKING:
    from ..building import Builder


@layer_of("Shape")
def shape(build: Builder, node: Node, x: Any) -> Any:
    if node.attribute("start") is not None or node.attribute("end") is not None:
        return NotImplemented if None not in x.shape else build._deferred(node, [build.plain(x)])
    return build.shape_of(node, x)


@layer_of("Identity")
def identity(build: Builder, node: Node, x: Any) -> Any:
    return x


@layer_of("Transpose")
def transpose(build: Builder, node: Node, x: Any) -> Any:
    if isinstance(x, Flattened):
        return NotImplemented
    order = node.attribute("perm", list(range(len(x.shape)))[::-1])
    if sorted(order) != list(range(len(x.shape))):
        raise node.error(f"expected a permutation of {len(x.shape)} axes, received {order}.")
    return as_view(x).transposed(tuple(order))


@layer_of("Unsqueeze")
def unsqueeze(build: Builder, node: Node, x: Any, axes: Any = None) -> Any:
    axes = node.attribute("axes") if axes is None else axes
    if isinstance(x, Flattened) or not isinstance(axes, (list, np.ndarray)):
        return NotImplemented
    numbers = np.ravel(axes)
    rank = len(x.shape) + len(numbers)
    new, old = {int(a) % rank for a in numbers}, iter(as_view(x).axes)
    return view(as_view(x).tensor, tuple(None if i in new else next(old) for i in range(rank)))


@layer_of("Squeeze")
def squeeze(build: Builder, node: Node, x: Any, axes: Any = None) -> Any:
    axes = node.attribute("axes") if axes is None else axes
    if not isinstance(x, View) or not isinstance(axes, (list, np.ndarray)):
        return NotImplemented
    gone = {int(a) % len(x.axes) for a in np.ravel(axes)}
    if any(x.axes[i] is not None for i in gone):
        return NotImplemented
    return view(x.tensor, tuple(a for i, a in enumerate(x.axes) if i not in gone))


@layer_of("Flatten")
def flatten(build: Builder, node: Node, x: Any) -> Any:
    axis = node.attribute("axis", 1)
    if (axis + len(x.shape) if axis < 0 else axis) != 1:
        return NotImplemented
    return _flat(build, node, x)


def _flat(build: Builder, node: Node, x: Any) -> Any:
    """Each sample of x as one vector."""
    if isinstance(x, View) and x.axes[0] == 0:
        kept = [a for a in x.axes[1:] if a is not None]
        if len(kept) == len(x.tensor.shape) - 1:
            large = [a for a in kept if x.tensor.shape[a] != 1]
            flat = x.tensor if len(kept) == 1 else build.layer(node, layers.Flatten, x.tensor)
            if large == sorted(large):
                return flat
            if x.is_permutation and None not in x.tensor.shape[1:]:
                return Flattened(flat, tuple(x.tensor.shape[1:]), x.axes)  # type: ignore[arg-type]
    tensor = build.plain(x)
    return tensor if len(tensor.shape) == 2 else build.layer(node, layers.Flatten, tensor)


@layer_of("Reshape")
def reshape(build: Builder, node: Node, x: Any, target: Any) -> Any:
    if is_constant(x):
        return NotImplemented
    if isinstance(target, Deferred):
        return _computed_shape(build, node, x, target)
    if not is_constant(target) or node.attribute("allowzero", 0):
        return NotImplemented
    old = tuple(x.shape)
    new = [old[i] if d == 0 and i < len(old) else int(d) for i, d in enumerate(target.tolist())]
    if not new or not old or not _keeps_samples(old, new):
        return NotImplemented
    rest = [-1 if d is None else d for d in new[1:]]
    if rest.count(-1) > 1:
        return NotImplemented
    if len(rest) == 1 and len(old) > 2:
        return _flat(build, node, x)
    return build.layer(node, layers.Reshape, build.plain(x), target_shape=rest)


def _keeps_samples(old: tuple[int | None, ...], new: list[int | None]) -> bool:
    """Whether the first axis stays the batch axis: it is copied, or all other sizes are the same."""
    if new[0] == old[0] and new[0] is not None and new[0] >= 0:
        return True
    if new[0] is None:
        return old[0] is None
    rest, others = new[1:], old[1:]
    known = None not in rest and -1 not in rest and None not in others
    return new[0] == -1 and known and math.prod(rest) == math.prod(others)  # type: ignore[arg-type]


def _computed_shape(build: Builder, node: Node, x: Any, target: Deferred) -> Any:
    """A Reshape to a shape that depends on shapes. One unknown size of each sample follows from the others."""
    x = build.plain(x)
    y = build.operator(node, [x, target])[0]
    sizes = [-1 if d is None else d for d in y.shape]
    if y.shape[0] is None and sizes.count(-1) <= 2 and build.keeps_batch(node):
        return build.layer(node, layers.Reshape, x, target_shape=sizes[1:])
    old, new = (math.prod(d for d in shape if d is not None and d > 0) for shape in (x.shape, sizes))
    return ops.reshape(x, sizes) if sizes.count(-1) <= 1 and old % new == 0 else y  # whatever the free sizes are


@layer_of("Concat")
def concat(build: Builder, node: Node, *values: Any) -> Any:
    if any(is_constant(v) or isinstance(v, (Deferred, list)) for v in values) or len(values) < 2:
        return NotImplemented
    axis = node.attribute("axis") % len(values[0].shape)
    axes = common_axes(list(values))
    tensors = [build.held(v, axes) for v in values]
    if str(tensors[0].dtype).startswith(("int", "bool", "uint")):
        return view(ops.concatenate(tensors, axes[axis]), axes)
    return view(build.layer(node, layers.Concatenate, tensors, axis=axes[axis]), axes)


@layer_of("Add", "Mul")
def merge(build: Builder, node: Node, a: Any, b: Any) -> Any:
    """The sum or product of two values of one shape."""
    if is_constant(a) or is_constant(b) or isinstance(a, Deferred) or isinstance(b, Deferred):
        return NotImplemented
    if tuple(a.shape) != tuple(b.shape) or a.dtype != "float32" or len(a.shape) < 2:
        return NotImplemented
    axes = common_axes([a, b])
    tensors = [build.held(a, axes), build.held(b, axes)]
    return view(build.layer(node, layers.Add if node.op_type == "Add" else layers.Multiply, tensors), axes)


@layer_of("Pad")
def pad(build: Builder, node: Node, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    """Zeros around an image."""
    pads = node.attribute("pads") if pads is None else pads
    number = node.attribute("value", 0.0) if value is None else value
    known = isinstance(pads, (list, np.ndarray)) and isinstance(number, (float, np.ndarray)) and axes is None
    if not known or not isinstance(x, View) or x.axes != channels_last(len(x.shape)) or np.any(number):
        return NotImplemented
    rank = len(x.shape)
    ends = [(int(low), int(high)) for low, high in zip(pads[:rank], pads[rank:], strict=True)]
    spatial = ends[:2] == [(0, 0)] * 2 and min(min(pair) for pair in ends) >= 0 and 3 <= rank <= 5
    if not spatial or node.attribute("mode", "constant") != "constant":
        return NotImplemented
    return view(padded(build, node, x.tensor, ends[2:]), x.axes)


@layer_of("Resize")
def resize(build: Builder, node: Node, x: Any, roi: Any = None, scales: Any = None, sizes: Any = None) -> Any:
    """An image that is enlarged by whole factors."""
    if sizes is not None or not is_constant(scales) or len(x.shape) != 4 or scales.size != 4 or x.dtype != "float32":
        return NotImplemented
    factors = tuple(int(s) for s in scales[2:])
    if list(scales) != [1, 1, *factors] or min(factors) < 1 or node.attribute("antialias", 0) or node.attribute("axes"):
        return NotImplemented
    mode = node.attribute("mode", "nearest")
    where = node.attribute("coordinate_transformation_mode", "half_pixel")
    rounding = node.attribute("nearest_mode", "round_prefer_floor")
    copies = (where, rounding) in (("asymmetric", "floor"), ("half_pixel", "round_prefer_floor"))
    if not ((mode == "nearest" and copies) or (mode == "linear" and where == "half_pixel")):
        return NotImplemented
    interpolation = "nearest" if mode == "nearest" else "bilinear"
    y = build.layer(node, layers.UpSampling2D, build.image(x), size=factors, interpolation=interpolation)
    return view(y, channels_last(4))


@layer_of("Dropout")
def dropout(build: Builder, node: Node, x: Any, ratio: Any = None, training: Any = None) -> Any:
    """A Dropout that the exporter left in the graph: it drops again when the Model is trained."""
    active = training is not None and not (is_constant(training) and not training.any())
    if active or any(node.outputs[1:]) or not (ratio is None or is_constant(ratio)) or x.dtype != "float32":
        return NotImplemented
    rate = float(node.attribute("ratio", 0.5) if ratio is None else ratio)
    return build.elementwise(x, lambda t: build.layer(node, layers.Dropout, t, rate=rate))

"""Resize and Upsample: each new element is a weighted sum of a few along each axis, one axis after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .element_types import is_integer, type_of
from .registry import operator
from .values import constant, known_shape

NEAREST: dict[str, Callable[[np.ndarray], Any]] = {
    "round_prefer_floor": lambda at: np.ceil(at - 0.5),
    "round_prefer_ceil": lambda at: np.floor(at + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


def _places(node: Node, count: int, size: int, scale: float, region: tuple[float, float]) -> np.ndarray:
    """Where in the old axis (of `size` elements) each of `count` new ones lies."""
    new = np.arange(count)
    length = scale * size
    mode = node.attribute("coordinate_transformation_mode", "half_pixel")
    if mode == "half_pixel":
        return (new + 0.5) / scale - 0.5
    if mode == "half_pixel_symmetric":
        return size / 2 * (1 - count / length) + (new + 0.5) / scale - 0.5
    if mode == "pytorch_half_pixel":
        return (new + 0.5) / scale - 0.5 if count > 1 else np.zeros(count)
    if mode == "asymmetric":
        return new / scale
    if mode == "align_corners":
        return np.zeros(count) if length == 1 else new * (size - 1) / (length - 1)
    if mode == "tf_crop_and_resize":
        start, end = region
        if length == 1:
            return np.full(count, (start + end) * (size - 1) / 2)
        return start * (size - 1) + new * (end - start) * (size - 1) / (length - 1)
    raise node.error(f"expected a coordinate_transformation_mode of ONNX, received {mode!r}.")


def _kernel(node: Node, distance: np.ndarray) -> np.ndarray:
    """The weight of an element at a distance."""
    d = np.abs(distance)
    if node.attribute("mode", "nearest") == "linear":
        return np.clip(1 - d, 0, None)
    a = node.attribute("cubic_coeff_a", -0.75)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def _taps(node: Node, at: np.ndarray, scale: float, size: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Indices and weights (new elements, taps) of the old elements that each new one is made of."""
    mode = node.attribute("mode", "nearest")
    if mode == "nearest":
        rounding = node.attribute("nearest_mode", "round_prefer_floor")
        if rounding not in NEAREST:
            raise node.error(f"expected nearest_mode to be one of {', '.join(NEAREST)}, received {rounding!r}.")
        return np.clip(NEAREST[rounding](at), 0, size - 1).astype(np.int64)[:, None], None
    if mode not in ("linear", "cubic"):
        raise node.error(f"expected mode to be nearest, linear or cubic, received {mode!r}.")
    shrinking = min(scale, 1.0) if node.attribute("antialias", 0) else 1.0
    reach = (1 if mode == "linear" else 2) / shrinking
    first = int(np.floor(-reach)) + 1
    index = np.floor(at)[:, None] + np.arange(first, 2 - first)
    weights = _kernel(node, (index - at[:, None]) * shrinking)
    if node.attribute("exclude_outside", 0):
        weights = weights * ((index >= 0) & (index < size))
    total = weights.sum(axis=1, keepdims=True)
    return np.clip(index, 0, size - 1).astype(np.int64), weights / np.where(total == 0, 1, total)


def _resized(node: Node, x: Any, axis: int, count: int, scale: float, region: tuple[float, float]) -> Any:
    """x with another number of elements along one axis."""
    size = x.shape[axis]
    at = _places(node, count, size, scale, region)
    index, weights = _taps(node, at, scale, size)
    along = [-1 if i == axis else 1 for i in range(len(x.shape))]
    y: Any = None
    for tap in range(index.shape[1]):
        part = ops.take(x, index[:, tap], axis=axis)
        if weights is not None:
            part = ops.multiply(part, weights[:, tap].reshape(along).astype(np.float32).astype(_number(x)))
        y = part if y is None else ops.add(y, part)
    outside = (at < 0) | (at > size - 1)
    if node.attribute("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize" and outside.any():
        y = ops.where(outside.reshape(along), node.attribute("extrapolation_value", 0.0), y)
    return y


def _number(x: Any) -> Any:
    """The NumPy dtype of weights for x."""
    return np.float64 if type_of(x) == "float64" else np.float32


def _all_axes(node: Node, x: Any, counts: list[int], scales: list[float], regions: list[tuple[float, float]]) -> Any:
    """x resized along all axes that change."""
    kind = type_of(x)
    computes = node.attribute("mode", "nearest") != "nearest"
    y = ops.cast(x, "float32") if computes and kind not in ("float32", "float64") else x
    for axis, (count, scale, region) in enumerate(zip(counts, scales, regions, strict=True)):
        if count != x.shape[axis] or scale != 1 or region != (0.0, 1.0):
            y = _resized(node, y, axis, count, scale, region)
    if computes and is_integer(x):
        limits = np.iinfo(np.dtype(kind))
        y = ops.clip(ops.round(y), float(limits.min), float(limits.max))
    return y if type_of(y) == kind or kind not in ("float16", "bfloat16") else ops.cast(y, kind)


@operator("Upsample")
def upsample_attribute(node: Node, x: Any) -> Any:
    """x enlarged by scales that are an attribute before opset 9."""
    return upsample(node, x, np.array(node.attribute("scales"), np.float32))


@operator("Upsample", since=9)
@operator("Resize", since=10)
def upsample(node: Node, x: Any, scales: Any) -> Any:
    """x enlarged by scales; the first element stays the first."""
    return resize(_asymmetric(node), x, None, scales)


def _asymmetric(node: Node) -> Node:
    """The node with what is fixed before opset 11: new element i lies at i / scale, and nearest is the one before."""
    return node.with_defaults(coordinate_transformation_mode="asymmetric", nearest_mode="floor")


@operator("Resize", since=11)
def resize(node: Node, x: Any, region: Any = None, scales: Any = None, sizes: Any = None) -> Any:
    """x in another size, given by scales or sizes of all or of some axes."""
    shape = known_shape(node, x)
    axes = [a % len(shape) for a in node.attribute("axes", None) or range(len(shape))]
    counts, factors = list(shape), [1.0] * len(shape)
    regions = [(0.0, 1.0)] * len(shape)
    if region is not None and region.shape and region.shape[0]:
        given = constant(node, region, "roi").astype(np.float64).tolist()
        for axis, start, end in zip(axes, given[: len(axes)], given[len(axes) :], strict=True):
            regions[axis] = (start, end)
    if sizes is not None and sizes.shape[0]:
        _by_sizes(node, shape, axes, constant(node, sizes, "sizes").tolist(), counts, factors)
    elif scales is not None:
        for axis, scale in zip(axes, constant(node, scales, "scales").tolist(), strict=True):
            factors[axis], counts[axis] = float(scale), int(float(scale) * shape[axis])
    else:
        raise node.error("expected scales or sizes, received neither.")
    node.check_size(counts)
    return _all_axes(node, x, counts, factors, regions)


def _by_sizes(
    node: Node, shape: tuple[int, ...], axes: list[int], sizes: list[int], counts: list[int], factors: list[float]
) -> None:
    """Fills in counts and factors of the axes whose sizes are given."""
    policy = node.attribute("keep_aspect_ratio_policy", "stretch")
    ratios = [size / shape[axis] for axis, size in zip(axes, sizes, strict=True)]
    for axis, size, ratio in zip(axes, sizes, ratios, strict=True):
        if policy == "stretch":
            counts[axis], factors[axis] = size, ratio
        else:
            factors[axis] = min(ratios) if policy == "not_larger" else max(ratios)
            counts[axis] = int(factors[axis] * shape[axis] + 0.5)

"""Poolings: the largest, the mean and the norm of each window of (N, C, spatial...)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .element_types import is_integer
from .registry import operator
from .values import constant
from .windows import Windows, attribute_windows, check_places, gathered, padded, spatial_shape


def _over_windows(
    node: Node, x: Any, windows: Windows, kernel: Callable[..., Any], reduction: Callable[..., Any]
) -> Any:
    """A pooling of padded images: by netlet's kernel, or from gathered windows where that has no such windows."""
    if len(windows.size) <= 3 and set(windows.dilations) == {1}:
        return kernel(x, windows.size, strides=windows.strides, data_format="channels_first")
    axes = tuple(3 + 2 * i for i in range(len(windows.size)))
    return reduction(gathered(node, x, windows), axis=axes)


@operator("MaxPool")
def max_pool(node: Node, x: Any) -> Any:
    """The largest element of each window, and with a second output its place in the flattened x."""
    windows = attribute_windows(node, x, tuple(node.attribute("kernel_shape")))
    values = ops.cast(x, "float32") if is_integer(x) else x
    values = padded(values, windows, -np.inf)
    if len(node.outputs) < 2 or not node.outputs[1]:
        return _over_windows(node, values, windows, ops.max_pool, ops.max)
    return _with_places(node, values, windows, tuple(x.shape))


def _with_places(node: Node, x: Any, windows: Windows, shape: tuple[int, ...]) -> tuple[Any, Any]:
    rank = len(windows.size)
    order = (0, 1, *range(2, 2 + 2 * rank, 2), *range(3, 3 + 2 * rank, 2))
    rows = (*shape[:2], *windows.places, math.prod(windows.size))
    elements = ops.reshape(ops.transpose(gathered(node, x, windows), order), rows)
    # The place of each element of a padded image, counted in the image without its padding.
    spatial = shape[2:]
    steps = [np.arange(-a, n + b + c) for a, n, b, c in
             zip(windows.low, spatial, windows.high, windows.beyond, strict=True)]  # fmt: skip
    units = np.cumprod([1, *(spatial[:-1] if node.attribute("storage_order", 0) else spatial[:0:-1])])
    units = units if node.attribute("storage_order", 0) else units[::-1]
    places = sum(s.reshape([-1 if i == j else 1 for j in range(rank)]) * int(u)
                 for i, (s, u) in enumerate(zip(steps, units, strict=True)))  # fmt: skip
    node.check_stated(shape)
    node.check_stated(rows)
    first = np.arange(shape[0] * shape[1]).reshape(shape[:2] + (1,) * rank) * math.prod(spatial)
    of_windows = ops.reshape(ops.transpose(gathered(node, first + places, windows), order), rows)
    best = ops.expand_dims(ops.argmax(elements, axis=-1), -1)
    at = ops.squeeze(ops.take_along_axis(of_windows, best, axis=-1), axis=-1)
    return ops.max(elements, axis=-1), ops.cast(at, "int64")


def _counts(node: Node, windows: Windows, shape: tuple[int, ...], with_padding: bool) -> np.ndarray:
    """How many elements of each window count: those in the image, or in the image and its padding."""
    check_places(node, windows)
    counts: Any = np.ones(())
    for n, k, s, d, a, b, p in zip(
        shape, windows.size, windows.strides, windows.dilations, windows.low, windows.high, windows.places, strict=True
    ):
        places = np.arange(p)[:, None] * s + np.arange(k) * d - a
        inside = (places < n + b) if with_padding else (places >= 0) & (places < n)
        counts = np.multiply.outer(counts, inside.sum(axis=1))
    return np.asarray(counts, np.float32)


@operator("AveragePool")
def average_pool(node: Node, x: Any) -> Any:
    """The mean of each window, over the elements in the image or with the padding."""
    windows = attribute_windows(node, x, tuple(node.attribute("kernel_shape")))
    counts = _counts(node, windows, spatial_shape(node, x), bool(node.attribute("count_include_pad", 0)))
    means = _over_windows(node, padded(x, windows), windows, ops.average_pool, ops.mean)
    size = math.prod(windows.size)
    if (counts == size).all():
        return means
    return ops.multiply(means, (size / np.maximum(counts, 1)).astype(np.float32).astype(_number(x)))


def _number(x: Any) -> Any:
    return np.float32 if str(x.dtype) == "bfloat16" else np.dtype(str(x.dtype))


@operator("LpPool")
def lp_pool(node: Node, x: Any) -> Any:
    """The p-norm of each window."""
    windows = attribute_windows(node, x, tuple(node.attribute("kernel_shape")))
    p = node.attribute("p", 2)
    means = _over_windows(node, padded(ops.power(ops.abs(x), p), windows), windows, ops.average_pool, ops.mean)
    return ops.power(ops.multiply(means, math.prod(windows.size)), 1 / p)


def _all_places(x: Any) -> tuple[int, ...]:
    return tuple(range(2, len(x.shape)))


@operator("GlobalAveragePool")
def global_average_pool(node: Node, x: Any) -> Any:
    """The mean over all places."""
    return ops.mean(x, axis=_all_places(x), keepdims=True)


@operator("GlobalMaxPool")
def global_max_pool(node: Node, x: Any) -> Any:
    """The largest element of all places."""
    return ops.max(x, axis=_all_places(x), keepdims=True)


@operator("GlobalLpPool")
def global_lp_pool(node: Node, x: Any) -> Any:
    """The p-norm over all places."""
    p = node.attribute("p", 2)
    return ops.power(ops.sum(ops.power(ops.abs(x), p), axis=_all_places(x), keepdims=True), 1 / p)


@operator("MaxUnpool")
def max_unpool(node: Node, x: Any, places: Any, shape: Any = None) -> Any:
    """Elements back at their places in an image of zeros."""
    size = node.attribute("kernel_shape")
    strides = node.attribute("strides", None) or [1] * len(size)
    pads = node.attribute("pads", None) or [0] * (2 * len(size))
    image = [(n - 1) * s + k - a - b for n, s, k, a, b in
             zip(x.shape[2:], strides, size, pads[: len(size)], pads[len(size) :], strict=True)]  # fmt: skip
    small = (*x.shape[:2], *image)
    node.check_stated(small)
    at = ops.reshape(places, (-1, 1))
    y = ops.reshape(ops.scatter(at, ops.reshape(x, (-1,)), (math.prod(small),)), small)
    if shape is None:
        return y
    wanted = constant(node, shape, "output_shape").tolist()
    node.check_size(wanted)
    return ops.pad(y, [(0, n - m) for n, m in zip(wanted, small, strict=True)])

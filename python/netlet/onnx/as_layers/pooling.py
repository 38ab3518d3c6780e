"""Pooling over windows, and over all of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netlet import layers, ops

from ..node import Node
from ..views import View, channels_last, view
from .convolution import padded
from .registry import layer_of
from .windows import padding_of, per_rank, window_of

if TYPE_CHECKING:
    from ..building import Builder


def _pool(build: Builder, node: Node, x: Any, classes: tuple[Any, ...], pad: Any, pads_count: bool) -> Any:
    """A pooling layer. `pad(image, pads)` pads explicitly; `pads_count`: padded elements count in the result."""
    rank = len(x.shape) - 2
    window = window_of(node, node.attribute("kernel_shape"))
    cls = per_rank(rank, *classes)
    if cls is None or len(window.size) != rank or node.attribute("ceil_mode", 0) or max(window.dilation) > 1:
        return NotImplemented
    padding = padding_of(node, window, x.shape[2:])
    if padding is None or padding[0] == "causal":
        return NotImplemented
    mode, pads = padding
    explicit = any(low or high for low, high in pads)
    if (pad is None and explicit) or (mode == "same" and pads_count):
        return NotImplemented
    image = pad(build.image(x), pads) if explicit else build.image(x)
    y = build.layer(node, cls, image, pool_size=window.size, strides=window.strides, padding=mode)
    return view(y, channels_last(rank + 2))


@layer_of("MaxPool")
def max_pool(build: Builder, node: Node, x: Any) -> Any:
    if len(node.outputs) > 1 and node.outputs[1]:
        return NotImplemented

    def pad(image: Any, pads: list[tuple[int, int]]) -> Any:
        return ops.pad(image, [(0, 0), *pads, (0, 0)], constant_values=-np.inf)

    return _pool(build, node, x, (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D), pad, False)


@layer_of("AveragePool")
def average_pool(build: Builder, node: Node, x: Any) -> Any:
    counts = bool(node.attribute("count_include_pad", 0))

    def pad(image: Any, pads: list[tuple[int, int]]) -> Any:
        return padded(build, node, image, pads)

    classes = (layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D)
    return _pool(build, node, x, classes, pad if counts else None, counts)


@layer_of("GlobalAveragePool")
def global_average_pool(build: Builder, node: Node, x: Any) -> Any:
    classes = (layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D)
    return _global(build, node, x, classes)


@layer_of("GlobalMaxPool")
def global_max_pool(build: Builder, node: Node, x: Any) -> Any:
    classes = (layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D)
    return _global(build, node, x, classes)


def _global(build: Builder, node: Node, x: Any, classes: tuple[Any, ...]) -> Any:
    rank = len(x.shape) - 2
    cls = per_rank(rank, *classes)
    if cls is None:
        return NotImplemented
    return View(build.layer(node, cls, build.image(x)), (0, 1, *(None,) * rank))


@layer_of("ReduceMean")
def mean_over_axes(build: Builder, node: Node, x: Any, axes: Any = None) -> Any:
    """A mean over the steps of a sequence (N, T, C), or over the pixels of an image that is held channels last."""
    if axes is None:
        axes = node.attribute("axes")
    if axes is None or not isinstance(axes, (list, np.ndarray)):
        return NotImplemented
    rank, over = len(x.shape), sorted(int(a) % len(x.shape) for a in np.ravel(axes))
    keep: tuple[int | None, ...] = (None,) * (rank - 2) if node.attribute("keepdims", 1) else ()
    classes = (layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D)
    if rank == 3 and over == [1] and not str(x.dtype).startswith(("int", "uint")):
        y = build.layer(node, layers.GlobalAveragePooling1D, build.plain(x))
        return View(y, (0, None, 1)) if keep else y
    cls = per_rank(rank - 2, *classes)
    if cls is None or over != list(range(2, rank)) or not isinstance(x, View) or x.axes != channels_last(rank):
        return NotImplemented
    return view(build.layer(node, cls, x.tensor), (0, 1, *keep))

"""Conv and ConvTranspose with constant kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netlet import layers
from netlet.ops.spatial.windows import Window

from ..node import Node
from ..operators.values import is_constant
from ..views import channels_last, view
from .registry import layer_of
from .windows import padding_of, per_rank, window_of

if TYPE_CHECKING:
    from ..building import Builder


def _is_layer(x: Any, kernel: Any, bias: Any) -> bool:
    constants = is_constant(kernel) and (bias is None or is_constant(bias))
    return constants and not is_constant(x) and 3 <= kernel.ndim <= 5 and len(x.shape) == kernel.ndim


@layer_of("Conv")
def conv(build: Builder, node: Node, x: Any, w: Any, b: Any = None) -> Any:
    if not _is_layer(x, w, b):
        return NotImplemented
    rank, group = w.ndim - 2, node.attribute("group", 1)
    if group < 1:
        raise node.error(f"expected a positive number of groups, received {group}.")
    window = window_of(node, w.shape[2:])
    padding = padding_of(node, window, x.shape[2:])
    strided = max(window.strides) > 1 and max(window.dilation) > 1
    if padding is None or strided or x.shape[1] != w.shape[1] * group or w.shape[0] % group:
        return NotImplemented
    mode, pads = padding
    image = padded(build, node, build.image(x), pads)
    arguments: dict[str, Any] = {
        "kernel_size": window.size,
        "strides": window.strides,
        "dilation_rate": window.dilation,
        "padding": mode,
        "use_bias": b is not None,
    }
    depthwise = per_rank(rank, layers.DepthwiseConv1D, layers.DepthwiseConv2D)
    if group > 1 and w.shape[1] == 1 and depthwise is not None and mode != "causal":
        times = w.shape[0] // group
        kernel = w.reshape(group, times, *window.size).transpose(*range(2, rank + 2), 0, 1)
        cls, arguments["depth_multiplier"] = depthwise, times
    else:
        kernel = w.transpose(*range(2, rank + 2), 1, 0)
        cls = per_rank(rank, layers.Conv1D, layers.Conv2D, layers.Conv3D)
        arguments |= {"filters": w.shape[0], "groups": group}
    weights = [np.ascontiguousarray(kernel), *([] if b is None else [b])]
    return view(build.layer(node, cls, image, weights, **arguments), channels_last(rank + 2))


@layer_of("ConvTranspose")
def conv_transpose(build: Builder, node: Node, x: Any, w: Any, b: Any = None) -> Any:
    plain = node.attribute("auto_pad", "NOTSET") == "NOTSET" and not node.attribute("output_shape")
    if not _is_layer(x, w, b) or not plain or node.attribute("group", 1) != 1 or x.shape[1] != w.shape[0]:
        return NotImplemented
    rank = w.ndim - 2
    window = window_of(node, w.shape[2:])
    extra = tuple(node.attribute("output_padding", [0] * rank))
    given = node.attribute("pads", [0] * (2 * rank))
    pads = list(zip(given[:rank], given[rank:]))
    strided = max(window.strides) > 1 and max(window.dilation) > 1
    if strided or min(given) < 0 or any(e >= s for e, s in zip(extra, window.strides)):
        return NotImplemented
    mode = "valid"
    output_padding: tuple[int, ...] | None = extra
    same = Window(window.size, window.strides, window.dilation, "same")
    # ONNX's size is (n - 1) s + span + extra - pads; the layer with "same" and no output_padding makes n s.
    sizes = all(
        span + e - low - high == s for span, e, s, (low, high) in zip(window.spans, extra, window.strides, pads)
    )
    if sizes and [low for low, _ in same.transposed([5] * rank)[1]] == [low for low, _ in pads]:
        mode, output_padding, pads = "same", None, [(0, 0)] * rank
    y = build.layer(
        node,
        per_rank(rank, layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose),
        build.image(x),
        [np.ascontiguousarray(w.transpose(*range(2, rank + 2), 1, 0)), *([] if b is None else [b])],
        filters=w.shape[1],
        kernel_size=window.size,
        strides=window.strides,
        dilation_rate=window.dilation,
        padding=mode,
        output_padding=output_padding,
        use_bias=b is not None,
    )
    if any(low or high for low, high in pads):
        cls = per_rank(rank, layers.Cropping1D, layers.Cropping2D, layers.Cropping3D)
        y = build.layer(node, cls, y, cropping=pads[0] if rank == 1 else tuple(pads))
    return view(y, channels_last(rank + 2))


def padded(build: Builder, node: Node, image: Any, pads: list[tuple[int, int]]) -> Any:
    """An image, channels last, with zeros around it.

    Args:
        build: the builder.
        node: the node that needs them.
        image: KerasTensor.
        pads: numbers of zeros (before, after) along each spatial axis.
    """
    if not any(low or high for low, high in pads):
        return image
    cls = per_rank(len(pads), layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
    name = build.unique(f"{node.name}_padding")
    return cls(pads[0] if len(pads) == 1 else tuple(pads), dtype=image.dtype, name=name)(image)

"""Convolutions: Conv, ConvTranspose, CausalConvWithState by its definition. ONNX's images are (N, C, spatial...)."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..node import Node
from .element_types import type_of
from .registry import operator
from .windows import attribute_windows, padded, spatial_shape


def channels_last_kernel(w: Any) -> Any:
    """A kernel (F, C, K...) as netlet has it, (K..., C, F)."""
    return ops.transpose(w, (*range(2, len(w.shape)), 1, 0))


def with_bias(y: Any, bias: Any) -> Any:
    """y (N, C, spatial...) plus a number for each channel."""
    return y if bias is None else ops.add(y, ops.reshape(bias, (1, -1) + (1,) * (len(y.shape) - 2)))


def convolve(node: Node, x: Any, w: Any, bias: Any = None) -> Any:
    """The convolution of x (N, C, spatial...) with w (F, C / group, K...) by the node's attributes."""
    windows = attribute_windows(node, x, tuple(w.shape[2:]))
    y = ops.conv(
        padded(x, windows), channels_last_kernel(w), strides=windows.strides, dilation_rate=windows.dilations,
        data_format="channels_first",
    )  # fmt: skip
    return with_bias(y, bias)


@operator("Conv")
def conv(node: Node, x: Any, w: Any, bias: Any = None) -> Any:
    """The convolution, computed in float32 for halves."""
    if type_of(x) in ("float16", "bfloat16"):
        x, w = ops.cast(x, "float32"), ops.cast(w, "float32")
        bias = None if bias is None else ops.cast(bias, "float32")
    return convolve(node, x, w, bias)


@operator("ConvTranspose")
def conv_transpose(node: Node, x: Any, w: Any, bias: Any = None) -> Any:
    """The transposed convolution of x (N, C, spatial...) with w (C, F / group, K...)."""
    shape, size = spatial_shape(node, x), tuple(w.shape[2:])
    rank, groups = len(size), node.attribute("group", 1)
    strides = node.attribute("strides", None) or [1] * rank
    dilations = node.attribute("dilations", None) or [1] * rank
    more = node.attribute("output_padding", None) or [0] * rank
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, size, strict=True)]
    whole = [s * (n - 1) + w for s, n, w in zip(strides, shape, spans, strict=True)]
    node.check_size(whole)
    low, wanted = _cropping(node, shape, whole, strides, more)
    parts = []
    for xs, ws in zip(ops.split(x, groups, axis=1), ops.split(w, groups, axis=0), strict=True):
        y = ops.conv_transpose(
            xs, channels_last_kernel(ws), strides=tuple(strides), dilation_rate=tuple(dilations),
            data_format="channels_first",
        )  # fmt: skip
        parts.append(y)
    y = ops.concatenate(parts, axis=1) if groups > 1 else parts[0]
    lacking = [max(0, a + n - h) for a, n, h in zip(low, wanted, y.shape[2:], strict=True)]
    if any(lacking):
        y = ops.pad(y, [(0, 0), (0, 0), *((0, n) for n in lacking)])
    inside = tuple(slice(a, a + n) for a, n in zip(low, wanted, strict=True))
    return with_bias(ops.getitem(y, (slice(None), slice(None), *inside)), bias)


def _cropping(
    node: Node, shape: tuple[int, ...], whole: list[int], strides: list[int], more: list[int]
) -> tuple[list[int], list[int]]:
    """How much is cut at the low end of each axis, and the length that remains."""
    rank = len(whole)
    wanted = node.attribute("output_shape", None)
    auto = node.attribute("auto_pad", "NOTSET")
    if wanted is None and not auto.startswith("SAME"):
        pads = node.attribute("pads", None) or [0] * (2 * rank)
        return pads[:rank], [w + m - a - b for w, m, a, b in zip(whole, more, pads[:rank], pads[rank:], strict=True)]
    wanted = [n * s for n, s in zip(shape, strides, strict=True)] if wanted is None else wanted[-rank:]
    cut = [max(0, w + m - n) for w, m, n in zip(whole, more, wanted, strict=True)]
    return [c // 2 if auto == "SAME_UPPER" else c - c // 2 for c in cut], list(wanted)

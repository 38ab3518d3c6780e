"""Convolutions. ONNX's are channels first; their results stay in that layout (see `values.Value`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.ops.spatial.data_format import standardize
from netlet.ops.spatial.windows import Window, per_axis

from ..exporter import Exporter
from ..registry import op
from ..values import Value
from .activations import activated


def image_in(e: Exporter, x: Any, data_format: str | None, dtype: str | None = None) -> str:
    """The name of an image with its channels behind the batch."""
    return e.first(x, dtype) if standardize(data_format) == "channels_last" else e.name(x, dtype)


def image_out(out: Any, name: str, data_format: str | None) -> Value:
    """The Value of a result of an operator that writes channels first."""
    return Value(out, first=name) if standardize(data_format) == "channels_last" else Value(out, name)


def spatial(x: Any, data_format: str | None) -> tuple[int | None, ...]:
    """The sizes of the spatial axes."""
    return tuple(x.shape[1:-1] if standardize(data_format) == "channels_last" else x.shape[2:])


def placement(window: Window, sizes: tuple[int | None, ...]) -> dict[str, Any]:
    """The attributes of ONNX's padding: numbers where the sizes are known or do not matter."""
    if window.padding == "same" and any(n is None for n in sizes) and max(window.spans) > 1:
        if max(window.strides) > 1:
            return {"auto_pad": "SAME_UPPER"}
        sizes = tuple(span + 1 for span in window.spans)  # without strides the padding is the same for every size
    elif any(n is None for n in sizes):
        sizes = tuple(span for span in window.spans)
    pads = window.pads([int(n) for n in sizes])  # type: ignore[arg-type]
    return {"pads": [low for low, _ in pads] + [high for _, high in pads]}


@op("conv")
def _conv(
    e: Exporter, out: Any, inputs: Any, kernel: Any, strides: Any, padding: str, dilation_rate: Any, **ending: Any
) -> Value:
    window = window_of(kernel, strides, dilation_rate, padding)
    channels = inputs.shape[-1 if standardize(ending["data_format"]) == "channels_last" else 1]
    weights = e.weight(kernel, out.dtype, filters_first)
    return convolved(e, out, inputs, weights, window, channels // kernel.shape[-2], **ending)


def window_of(kernel: Any, strides: Any, dilation: Any, padding: str) -> Window:
    """The window of a kernel (K..., ., .)."""
    rank = len(kernel.shape) - 2
    sizes = tuple(int(n) for n in kernel.shape[:rank])
    return Window(sizes, per_axis(strides, rank, "strides"), per_axis(dilation, rank, "dilation_rate"), padding)


def filters_first(array: np.ndarray) -> np.ndarray:
    """A kernel (K..., A, B) as (B, A, K...)."""
    return array.transpose(array.ndim - 1, array.ndim - 2, *range(array.ndim - 2))


def depthwise_first(array: np.ndarray) -> np.ndarray:
    """A depthwise kernel (K..., C, M) as (C M, 1, K...)."""
    rank = array.ndim - 2
    return array.transpose(rank, rank + 1, *range(rank)).reshape(-1, 1, *array.shape[:rank])


def convolved(
    e: Exporter,
    out: Any,
    x: Any,
    weights: str,
    window: Window,
    groups: int,
    *,
    data_format: str | None,
    bias: Any,
    activation: str,
    alpha: float,
) -> Value:
    """Adds a Conv with weights (filters, channels / groups, K...). The arguments with names are those of the ops."""
    y = e.graph.op(
        "Conv",
        image_in(e, x, data_format, out.dtype),
        weights,
        None if bias is None else e.name(bias, out.dtype),
        kernel_shape=window.size,
        strides=window.strides,
        dilations=window.dilation,
        group=groups,
        **placement(window, spatial(x, data_format)),
    )
    return image_out(out, activated(e, y, activation, alpha, out.dtype), data_format)


@op("depthwise_conv")
def _depthwise_conv(
    e: Exporter, out: Any, inputs: Any, kernel: Any, strides: Any, padding: str, dilation_rate: Any, **ending: Any
) -> Value:
    window = window_of(kernel, strides, dilation_rate, padding)
    weights = e.weight(kernel, out.dtype, depthwise_first)
    return convolved(e, out, inputs, weights, window, kernel.shape[-2], **ending)


@op("separable_conv")
def _separable_conv(
    e: Exporter,
    out: Any,
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any,
    padding: str,
    dilation_rate: Any,
    **ending: Any,
) -> Value:
    between = {**ending, "bias": None, "activation": "linear", "alpha": 0.0}
    deep = _depthwise_conv(e, out, inputs, depthwise_kernel, strides, padding, dilation_rate, **between)
    ones = (1,) * (len(depthwise_kernel.shape) - 2)
    weights = e.weight(pointwise_kernel, out.dtype, filters_first)
    return convolved(e, out, deep, weights, Window(ones, ones, ones, "valid"), 1, **ending)


@op("conv_transpose")
def _conv_transpose(
    e: Exporter,
    out: Any,
    inputs: Any,
    kernel: Any,
    strides: Any,
    padding: str,
    output_padding: Any,
    data_format: str | None,
    dilation_rate: Any,
    bias: Any,
    activation: str,
    alpha: float,
) -> Value:
    window = window_of(kernel, strides, dilation_rate, padding)
    rank = len(window.size)
    extra = None if output_padding is None else per_axis(output_padding, rank, "output_padding", least=0)
    places = [8] * rank  # any size: padding and size are linear in it, with the same factor
    extents, pads = window.transposed(places, extra)
    more = [
        n - ((p - 1) * s + span - low - high)
        for n, p, s, span, (low, high) in zip(extents, places, window.strides, window.spans, pads)
    ]
    y = e.graph.op(
        "ConvTranspose",
        image_in(e, inputs, data_format, out.dtype),
        e.weight(kernel, out.dtype, filters_first),
        None if bias is None else e.name(bias, out.dtype),
        kernel_shape=window.size,
        strides=window.strides,
        dilations=window.dilation,
        pads=[low for low, _ in pads] + [high for _, high in pads],
        output_padding=more if any(more) else None,
    )
    return image_out(out, activated(e, y, activation, alpha, out.dtype), data_format)

"""Products of codes, composed of the ops on integers: the formula of csrc/ops/quant/requantize_args.h."""

from __future__ import annotations

from typing import Any

from netlet import _core, ops
from netlet import activations as activation_functions


def convolution_product(
    kind: str,
    x: Any,
    x_scale: Any,
    x_zero: Any,
    kernel: tuple[Any, Any, Any],
    bias: Any,
    activation: tuple[str, float],
    out_scale: Any,
    out_zero: Any,
    strides: Any,
    pads: Any,
    dilation: Any,
    sizes: Any = None,
) -> Any:
    """activation(x_hat * kernel_hat + bias) of codes, `*` being a convolution. Channels last.

    Args:
        kind: "conv", "depthwise_conv" or "conv_transpose".
        x: uint8 codes (N, spatial..., C), with x_scale and x_zero of one number, or one an image.
        kernel: (int8 codes of the float op's shape, scale (channels,) or (), zero point likewise or None).
        bias: float32 (channels,) or None.
        activation: (name, alpha) of an activation that `ops.conv` fuses.
        out_scale, out_zero: of the uint8 codes to return; None: return float32.
        strides, pads, dilation: those of the native op.
        sizes: spatial sizes of the result of "conv_transpose".
    """
    codes, scale, zero = kernel

    def number(q: Any) -> Any:
        return _core.cast(q, "float64")  # sums of products of codes are exact

    weights = number(codes)
    if zero is not None:
        shape = {"conv": (-1,), "depthwise_conv": tuple(codes.shape)[-2:], "conv_transpose": (-1, 1)}[kind]
        weights = _core.subtract(weights, ops.reshape(number(zero), shape) if len(zero.shape) else number(zero))
    shifted = _core.subtract(number(x), number(x_zero))
    more = (strides, pads, dilation) if sizes is None else (strides, pads, sizes, dilation)
    sums = ops.round(getattr(_core, kind)(shifted, weights, None, *more, "linear", 0.0))
    y = _core.multiply(_core.cast(sums, "float32"), _core.multiply(x_scale, scale))
    y = _activated(y if bias is None else _core.add(y, bias), *activation)
    return y if out_scale is None else _core.quantize_with(y, out_scale, out_zero)


def _activated(y: Any, name: str, alpha: float) -> Any:
    if name == "leaky_relu":
        return ops.leaky_relu(y, alpha)
    if name == "elu":
        return ops.elu(y, alpha)
    return activation_functions.get(name)(y)

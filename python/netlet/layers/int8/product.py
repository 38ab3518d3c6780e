"""Products of codes, composed of the ops on integers: the formula of csrc/ops/quant/requantize_args.h."""

from __future__ import annotations

from typing import Any

from netlet import _core, ops
from netlet import activations as activation_functions


def quantize_with(x: Any, scale: Any, zero: Any) -> Any:
    """uint8 codes of x for a given scale and zero point: clamp(round(x / scale) + zero); NaN becomes code 0.

    Args:
        x: float32.
        scale: float32, one number.
        zero: uint8, one number.
    """
    code = _core.add(ops.round(_core.divide(x, scale)), _core.cast(zero, "float32"))
    kept = ops.minimum(ops.maximum(ops.where(ops.isnan(code), 0.0, code), 0.0), 255.0)
    return _core.cast(kept, "uint8")


def dense_product(
    x: Any,
    x_scale: Any,
    x_zero: Any,
    kernel: Any,
    kernel_scale: Any,
    kernel_zero: Any,
    bias: Any,
    activation: str = "linear",
    alpha: float = 0.0,
    out_scale: Any = None,
    out_zero: Any = None,
) -> Any:
    """activation(x_hat @ kernel_hat + bias) of codes.

    Args:
        x: uint8 codes (..., K), with x_scale and x_zero of one number, or one a row.
        kernel: int8 codes (K, N), with kernel_scale (N,) or (), kernel_zero likewise or None.
        bias: float32 (N,) or None.
        activation: name of an activation that `ops.dense` fuses, with its alpha.
        out_scale, out_zero: of the uint8 codes to return; None: return float32 (..., N).
    """

    def integers(q: Any) -> Any:
        return _core.cast(q, "int32")

    sums = _core.matmul(x, kernel)
    weights = integers(kernel)
    s = _core.subtract(sums, _core.multiply(integers(x_zero), ops.sum(weights, 0)))
    if kernel_zero is not None:
        rows = _core.subtract(ops.sum(integers(x), -1, keepdims=True), _core.multiply(integers(x_zero), x.shape[-1]))
        s = _core.subtract(s, _core.multiply(rows, integers(kernel_zero)))
    y = _core.multiply(_core.cast(s, "float32"), _core.multiply(x_scale, kernel_scale))
    y = y if bias is None else _core.add(y, bias)
    y = _activated(y, activation, alpha)
    return y if out_scale is None else quantize_with(y, out_scale, out_zero)


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
    return y if out_scale is None else quantize_with(y, out_scale, out_zero)


def _activated(y: Any, name: str, alpha: float) -> Any:
    if name == "leaky_relu":
        return ops.leaky_relu(y, alpha)
    if name == "elu":
        return ops.elu(y, alpha)
    return activation_functions.get(name)(y)

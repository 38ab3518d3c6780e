"""Codes of few bits with scales: QuantizeLinear, DequantizeLinear, and products of codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .convolution import convolve
from .element_types import attribute_type, cast, is_integer, onnx_type, type_of
from .registry import operator
from .values import is_computed

BITS = {"uint8": 8, "int8": 8, "uint16": 16, "int16": 16, "uint4": 4, "int4": 4, "uint2": 2, "int2": 2}


def _limits(name: str) -> tuple[int, int]:
    """The lowest and highest code of an integer type."""
    bits = BITS[name]
    return (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _spread(node: Node, scale: Any, x: Any) -> Any:
    """A scale or zero point in a shape that broadcasts with x: one number, one for each slice or one for each block."""
    if scale is None or not scale.shape or (tuple(scale.shape) == (1,) and len(x.shape) != 1):
        return scale if scale is None or not scale.shape else ops.reshape(scale, ())
    axis = node.attribute("axis", 1) % len(x.shape)
    block = node.attribute("block_size", 0)
    if block:
        if not is_computed(scale):
            node.check_size((*scale.shape, block))
        repeated = ops.repeat(scale, block, axis=axis)
        inside = tuple(slice(0, x.shape[axis]) if i == axis else slice(None) for i in range(len(x.shape)))
        return ops.getitem(repeated, inside)
    return ops.reshape(scale, tuple(-1 if i == axis else 1 for i in range(len(x.shape))))


@operator("QuantizeLinear")
def quantize_linear(node: Node, x: Any, scale: Any, zero_point: Any = None) -> Any:
    """round(x / scale) + zero point, in the range of the codes' type."""
    name = attribute_type(node, "output_dtype") or ("uint8" if zero_point is None else onnx_type(zero_point))
    number = attribute_type(node, "precision") or ("float32" if is_integer(x) else type_of(scale))
    ratio = ops.divide(ops.cast(x, number), _spread(node, ops.cast(scale, number), x))
    if name not in BITS:
        return cast(node, ratio, name, bool(node.attribute("saturate", 1)))
    codes = ops.round(ops.cast(ratio, "float32"))
    if zero_point is not None:
        codes = ops.add(codes, _spread(node, widened(zero_point), x))
    return cast(node, ops.clip(codes, *_limits(name)), name)


def widened(x: Any) -> Any:
    """Codes as float32, which holds them exactly; types that netlet lacks go through NumPy."""
    return ops.cast(np.asarray(x).astype(np.float32) if _is_foreign(x) else x, "float32")


def _is_foreign(x: Any) -> bool:
    return onnx_type(x).startswith(("float8", "float4", "int4", "uint4", "int2", "uint2"))


@operator("DequantizeLinear")
def dequantize_linear(node: Node, x: Any, scale: Any, zero_point: Any = None) -> Any:
    """(x - zero point) scale."""
    codes = widened(x)
    if zero_point is not None and is_integer(zero_point):
        codes = ops.subtract(codes, _spread(node, widened(zero_point), x))
    values = ops.multiply(codes, _spread(node, ops.cast(scale, "float32"), x))
    return cast(node, values, attribute_type(node, "output_dtype") or type_of(scale))


def _centred(x: Any, zero_point: Any) -> Any:
    """Codes minus their zero point, as int32."""
    x = ops.cast(x, "int32")
    return x if zero_point is None else ops.subtract(x, ops.cast(zero_point, "int32"))


def _for_rows(zero_point: Any) -> Any:
    """A zero point or scale for each row of the left operand, as a column."""
    return zero_point if zero_point is None or len(zero_point.shape) != 1 else ops.expand_dims(zero_point, -1)


@operator("MatMulInteger")
def matmul_integer(node: Node, a: Any, b: Any, a_zero: Any = None, b_zero: Any = None) -> Any:
    """The product of codes minus their zero points, in int32."""
    return ops.matmul(_centred(a, _for_rows(a_zero)), _centred(b, b_zero))


def _requantized(node: Node, total: Any, scale: Any, zero_point: Any) -> Any:
    """Sums of products as codes."""
    name = onnx_type(zero_point)
    codes = ops.add(ops.multiply(ops.cast(total, "float32"), scale), ops.cast(zero_point, "float32"))
    return cast(node, ops.clip(ops.round(codes), *_limits(name)), name)


@operator("QLinearMatMul")
def qlinear_matmul(
    node: Node, a: Any, a_scale: Any, a_zero: Any, b: Any, b_scale: Any, b_zero: Any, y_scale: Any, y_zero: Any
) -> Any:
    """The product of codes, as codes."""
    total = matmul_integer(node, a, b, a_zero, b_zero)
    a_scale, b_scale, y_scale = (ops.cast(s, "float32") for s in (_for_rows(a_scale), b_scale, _for_rows(y_scale)))
    return _requantized(node, total, ops.divide(ops.multiply(a_scale, b_scale), y_scale), _for_rows(y_zero))


def _for_filters(w: Any, zero_point: Any) -> Any:
    """A zero point for each filter, in a shape that broadcasts with the kernel."""
    if zero_point is None or not zero_point.shape:
        return zero_point
    return ops.reshape(zero_point, (-1,) + (1,) * (len(w.shape) - 1))


def _convolved(node: Node, x: Any, w: Any, x_zero: Any, w_zero: Any, bias: Any = None) -> Any:
    """The convolution of codes minus their zero points. float64 holds each sum exactly."""
    x, w = _centred(x, x_zero), _centred(w, _for_filters(w, w_zero))
    bias = None if bias is None else ops.cast(bias, "float64")
    return ops.cast(convolve(node, ops.cast(x, "float64"), ops.cast(w, "float64"), bias), "int32")


@operator("ConvInteger")
def conv_integer(node: Node, x: Any, w: Any, x_zero: Any = None, w_zero: Any = None) -> Any:
    """The convolution of codes minus their zero points, in int32."""
    return _convolved(node, x, w, x_zero, w_zero)


@operator("QLinearConv")
def qlinear_conv(
    node: Node, x: Any, x_scale: Any, x_zero: Any, w: Any, w_scale: Any, w_zero: Any, y_scale: Any, y_zero: Any,
    bias: Any = None,
) -> Any:  # fmt: skip
    """The convolution of codes, as codes."""
    total = _convolved(node, x, w, x_zero, w_zero, bias)
    scale = ops.divide(ops.multiply(x_scale, w_scale), y_scale)
    if len(scale.shape) == 1 and scale.shape[0] > 1:
        scale = ops.reshape(scale, (1, -1) + (1,) * (len(x.shape) - 2))
    return _requantized(node, total, scale, y_zero)


@operator("DynamicQuantizeLinear")
def dynamic_quantize_linear(node: Node, x: Any) -> Any:
    """x as uint8 codes, with the scale and zero point of its own range, which includes 0."""
    low, high = ops.minimum(ops.min(x), 0.0), ops.maximum(ops.max(x), 0.0)
    width = ops.subtract(high, low)
    scale = ops.divide(ops.where(ops.equal(width, 0), ops.ones_like(width), width), 255.0)
    zero_point = ops.round(ops.clip(ops.divide(ops.negative(low), scale), 0, 255))
    codes = ops.clip(ops.add(ops.round(ops.divide(x, scale)), zero_point), 0, 255)
    return ops.cast(codes, "uint8"), scale, ops.cast(zero_point, "uint8")

"""Layers of 8-bit codes: QuantizeLinear and DequantizeLinear around float products, or products of integers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import activations, ops
from netlet.engine.graph import KerasTensor
from netlet.layers.fusable import LINEAR
from netlet.layers.quantized.int8 import convolution as int8
from netlet.layers.quantized.int8.dense import Int8Dense
from netlet.layers.quantized.int8.einsum_dense import Int8EinsumDense
from netlet.layers.quantized.weight_only.embedding import WeightOnlyEmbedding
from netlet.ops.spatial.windows import Window

from ..exporter import Exporter
from ..input_codes import Codes, input_codes
from ..ops.activations import activated
from ..ops.convolution import depthwise_first, filters_first, image_in, image_out, placement, spatial
from ..registry import layer
from ..values import CodedValue, Value


def finished(e: Exporter, layer: Any, out: Any, y: Value) -> Any:
    """The layer's activation of a product."""
    fused = activations.fused(layer.activation)
    if fused is None:
        return e.run_traced(layer.name, layer.activation, (y,), {}, [])
    if fused == LINEAR:
        return y
    if y.only_first:
        return Value(out, first=activated(e, e.first(y), *fused, out.dtype))
    return activated(e, e.name(y), *fused, out.dtype)


# ---- matrix products -------------------------------------------------------------------------------------------------
@layer(Int8Dense)
def _dense(e: Exporter, layer: Any, out: Any, inputs: Any, **_: Any) -> Any:
    rows = _rows(e, inputs, [inputs.shape[-1]])
    y = _product(e, layer, rows, None)
    return finished(e, layer, out, Value(out, _apart(e, y, inputs, out, 1)))


@layer(Int8EinsumDense)
def _einsum_dense(e: Exporter, layer: Any, out: Any, inputs: Any, **_: Any) -> Any:
    """The axes that are summed become one, and so do those that the kernel adds."""
    bound = layer._bound
    shape = tuple(int(n) for n in layer.kernel.shape)
    terms, units = math.prod(shape[:bound]), math.prod(shape[bound:])
    rows = _rows(e, inputs, [terms])
    y = _product(e, layer, rows, (terms, units))
    return finished(e, layer, out, Value(out, _apart(e, y, inputs, out, bound)))


def _rows(e: Exporter, x: Value, last: list[int]) -> Value:
    """x as a matrix of rows."""
    if len(x.shape) == 2:
        return x
    name = e.graph.op("Reshape", e.name(x), e.graph.ints(-1, *last))
    return Value(KerasTensor((None, *last), x.dtype), name)


def _apart(e: Exporter, y: str, x: Value, out: Any, bound: int) -> str:
    """The rows of a product as the tensor `out`: its first axes are those of x that are not summed."""
    lead = len(x.shape) - bound
    if lead == 1 and len(out.shape) == 2:
        return y
    parts = [e.shape_part(x, i) for i in range(lead)] + [e.graph.ints(*out.shape[lead:])]
    found: str = e.graph.op("Reshape", y, e.graph.op("Concat", *parts, axis=0))
    return found


def _product(e: Exporter, layer: Any, x: Value, matrix: tuple[int, int] | None) -> str:
    """Adds x kernel + bias for rows x; `matrix` is the kernel's shape as a matrix, if that is not its own."""
    arrange = (lambda a: a) if matrix is None else (lambda a: a.reshape(matrix))
    codes = input_codes(e, layer, x, e.name(x, "float32"), 2)
    bias = None if layer.bias is None else _flat_bias(e, layer)
    return product_of_codes(e, codes, e.coded(layer, "kernel"), arrange, bias)


def product_of_codes(e: Exporter, codes: Codes, kernel: CodedValue, arrange: Any, bias: Any = None) -> str:
    """Adds the product of rows with a coded kernel.

    Args:
        e: the exporter.
        codes: of the rows (B, K).
        kernel: the weight.
        arrange: makes a matrix (K, N) of it.
        bias: (values (N,), dtype, name); None: nothing is added.

    Returns:
        The name of the float32 product (B, N).
    """
    g = e.graph
    added = None if bias is None else g.constant(*bias)
    if e.quantized == "qdq":
        found: str = g.op("Gemm", codes.floats(e), e.weight(kernel, "float32", arrange), added)
        return found
    whole = arrange(kernel.codes)
    scale = arrange(kernel.scale)[0]
    zero = None if kernel.zero is None else arrange(kernel.zero)[0]
    centred = whole.astype(np.int32) if zero is None else whole.astype(np.int32) - zero.astype(np.int32)
    zeros = None if zero is None else g.constant(zero, "int8", f"{kernel.hint}_zero_point")
    weights = g.constant(whole, "int8", kernel.hint)
    if codes.static:
        sums = g.op("MatMulInteger", codes.name, weights, codes.zero, zeros)
    else:  # the zero point of a row times the sum of a column
        sums = g.op("MatMulInteger", codes.name, weights, None, zeros)
        shift = g.op("Unsqueeze", e.cast_name(codes.zero, "uint8", "int32"), g.ints(1))
        sums = g.op("Sub", sums, g.op("Mul", shift, g.constant(centred.sum(0, dtype=np.int32))))
    y = _scaled(e, sums, codes, g.constant(scale, "float32", f"{kernel.hint}_scale"), [1])
    if added is not None:
        y = g.op("Add", y, added)
    return y


def _flat_bias(e: Exporter, layer: Any) -> tuple[np.ndarray, str, str]:
    """(the bias with one axis, its dtype, its name)."""
    array, hint = e.constant_of(layer.bias)
    return array.ravel(), "float32", hint


def _scaled(e: Exporter, sums: str, codes: Codes, scale: str, axes: list[int]) -> str:
    """float32(sums) times the scale of the input and that of the weights, multiplied first, as netlet does."""
    g = e.graph
    of_input = codes.scale if codes.static else g.op("Unsqueeze", codes.scale, g.ints(*axes))
    found: str = g.op("Mul", e.cast_name(sums, "int32", "float32"), g.op("Mul", of_input, scale))
    return found


# ---- convolutions ----------------------------------------------------------------------------------------------------
@layer(int8.QuantizedConv, int8.QuantizedDepthwise)
def _conv(e: Exporter, layer: Any, out: Any, inputs: Any, **_: Any) -> Any:
    depthwise = isinstance(layer, int8.QuantizedDepthwise)
    name = image_in(e, inputs, layer.data_format, "float32")
    codes = input_codes(e, layer, inputs, name, layer.rank + 2)
    sizes = spatial(inputs, layer.data_format)
    y = _convolved(e, layer, codes, "kernel", layer._window, sizes, depthwise, layer.bias)
    return finished(e, layer, out, image_out(out, y, layer.data_format))


@layer(int8.QuantizedSeparable)
def _separable(e: Exporter, layer: Any, out: Any, inputs: Any, **_: Any) -> Any:
    """The depthwise result gets a scale for each image."""
    rank = layer.rank
    name = image_in(e, inputs, layer.data_format, "float32")
    sizes = spatial(inputs, layer.data_format)
    codes = input_codes(e, layer, inputs, name, rank + 2)
    deep = _convolved(e, layer, codes, "depthwise_kernel", layer._window, sizes, True, None)
    middle = Codes.dynamic(e, deep, rank + 2)
    ones = Window((1,) * rank, (1,) * rank, (1,) * rank, "valid")
    y = _convolved(e, layer, middle, "pointwise_kernel", ones, spatial(out, layer.data_format), False, layer.bias)
    return finished(e, layer, out, image_out(out, y, layer.data_format))


def _convolved(
    e: Exporter, layer: Any, codes: Codes, name: str, window: Window, sizes: Any, depthwise: bool, bias: Any
) -> str:
    """Adds the convolution of channels-first codes with a coded kernel, plus the layer's bias or None."""
    g, kernel = e.graph, e.coded(layer, name)
    arrange = depthwise_first if depthwise else filters_first
    attributes: dict[str, Any] = {
        "kernel_shape": window.size,
        "strides": window.strides,
        "dilations": window.dilation,
        "group": kernel.codes.shape[-2] if depthwise else getattr(layer, "groups", 1),
        **placement(window, sizes),
    }
    # ConvInteger of ONNX Runtime takes one zero point for all weights, and images of two axes.
    if e.quantized == "qdq" or kernel.zero is not None or layer.rank != 2:
        added = None if bias is None else g.constant(*_flat_bias(e, layer))
        return g.op("Conv", codes.floats(e), e.weight(kernel, "float32", arrange), added, **attributes)
    weights = g.constant(arrange(kernel.codes), "int8", kernel.hint)
    ones = [1] * layer.rank
    if codes.static:
        sums = g.op("ConvInteger", codes.name, weights, codes.zero, **attributes)
    else:  # the zero point of an image times the sum of the weights that are inside of it
        sums = g.op("ConvInteger", codes.name, weights, **attributes)
        there = g.op("Concat", g.ints(1), g.op("Shape", codes.name, start=1), axis=0)
        inside = g.op("ConvInteger", g.op("Expand", g.constant(1, "uint8"), there), weights, **attributes)
        shift = g.op("Unsqueeze", e.cast_name(codes.zero, "uint8", "int32"), g.ints(1, *range(2, layer.rank + 2)))
        sums = g.op("Sub", sums, g.op("Mul", shift, inside))
    scales = arrange(kernel.scale)
    per_filter = scales.reshape(len(scales), -1)[:, 0]
    wide = g.constant(per_filter.reshape(-1, *ones), "float32", f"{kernel.hint}_scale")
    y = _scaled(e, sums, codes, wide, [*range(1, layer.rank + 2)])
    if bias is None:
        return y
    array, dtype, hint = _flat_bias(e, layer)
    return g.op("Add", y, g.constant(array.reshape(-1, *ones), dtype, hint))


@layer(int8.QuantizedConvTranspose)
def _conv_transpose(e: Exporter, layer: Any, out: Any, inputs: Any, **_: Any) -> Any:
    """ONNX has no transposed convolution of integers: a float one of the values of the codes."""
    name = image_in(e, inputs, layer.data_format, "float32")
    codes = input_codes(e, layer, inputs, name, layer.rank + 2)
    values = image_out(KerasTensor(inputs.shape, "float32"), codes.floats(e), layer.data_format)

    def call(x: Any, kernel: Any) -> Any:
        return ops.conv_transpose(x, kernel, output_padding=layer.output_padding, bias=layer.bias, **layer._placement())

    y = e.run_traced(layer.name, call, (values, e.coded(layer, "kernel")), {}, [])
    return finished(e, layer, out, y)


# ---- tables ----------------------------------------------------------------------------------------------------------
@layer(WeightOnlyEmbedding)
def _embedding(e: Exporter, layer: Any, out: Any, inputs: Any) -> str:
    """The codes of the rows that are looked up become floats; with 4 bits, which Gather has not, the whole table."""
    g, table = e.graph, e.coded(layer, "embeddings")
    at = e.name(inputs, inputs.dtype if inputs.dtype in ("int32", "int64") else "int32")
    if table.bits == 4:
        return g.op("Gather", e.weight(table, out.dtype), at, axis=0)
    rows = e.cast_name(g.op("Gather", g.constant(table.codes, "int8", table.hint), at, axis=0), "int8", "float32")
    if table.zero is not None:
        zero = g.op("Gather", g.constant(table.zero[:, :1], "int8"), at, axis=0)
        rows = g.op("Sub", rows, e.cast_name(zero, "int8", "float32"))
    scale = g.op("Gather", g.constant(table.scale[:, :1], "float32", f"{table.hint}_scale"), at, axis=0)
    return e.cast_name(g.op("Mul", rows, scale), "float32", out.dtype)

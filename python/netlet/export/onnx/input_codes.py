"""8-bit codes of what a quantized layer reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .exporter import Exporter


@dataclass(frozen=True)
class Codes:
    """uint8 codes, by the names of tensors.

    Attributes:
        name: the codes.
        scale, zero: one number each if `static`; else one for each entry of axis 0.
        static: whether scale and zero point are constants.
    """

    name: str
    scale: str
    zero: str
    static: bool

    def floats(self, e: Exporter) -> str:
        """Adds a DequantizeLinear: the values of the codes."""
        found: str = e.graph.op("DequantizeLinear", self.name, self.scale, self.zero, axis=None if self.static else 0)
        return found

    @staticmethod
    def dynamic(e: Exporter, x: str, rank: int) -> Codes:
        """Adds the codes of float32 x with a scale and a zero point for each entry of axis 0.

        scale = (max - min) / 255 and zero = round(-min / scale), where max and min include 0, as in
        `ops.quantize_zeropoint`. ONNX's DynamicQuantizeLinear would have one scale for the whole batch.
        """
        g = e.graph
        axes = g.ints(*range(1, rank))
        zero, one = g.constant(0.0, "float32"), g.constant(1.0, "float32")
        low = g.op("Min", g.op("ReduceMin", x, axes, keepdims=0), zero)
        high = g.op("Max", g.op("ReduceMax", x, axes, keepdims=0), zero)
        span = g.op("Sub", high, low)
        step = g.op("Max", g.op("Div", span, g.constant(255.0, "float32")), g.constant(np.finfo("float32").tiny))
        scale = g.op("Where", g.op("Equal", span, zero), one, step)
        at = g.op("Round", g.op("Neg", g.op("Div", low, scale)))
        at = e.cast_name(g.op("Clip", at, zero, g.constant(255.0, "float32")), "float32", "uint8")
        return Codes(g.op("QuantizeLinear", x, scale, at, axis=0), scale, at, False)


def input_codes(e: Exporter, layer: Any, x: Any, name: str, rank: int) -> Codes:
    """The codes of an input of a quantized layer.

    Args:
        e: the exporter.
        layer: the layer, which has a static scale, or none.
        x: the input.
        name: of its float32 values, in the layout that the product reads.
        rank: number of axes; dynamic scales are for each entry of axis 0.
    """
    if layer.input_scale is None:
        return Codes.dynamic(e, name, rank)
    path = layer.path or layer.name
    scale = e.graph.constant(layer.input_scale.numpy(), "float32", f"{path}/input_scale")
    zero = e.graph.constant(layer.input_zero_point.numpy(), "uint8", f"{path}/input_zero_point")
    return Codes(e.graph.op("QuantizeLinear", name, scale, zero), scale, zero, True)

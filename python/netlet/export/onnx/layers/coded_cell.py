"""Recurrent cells of 8-bit codes inside of a Scan: the float cell's `call`, whose products multiply codes."""

from __future__ import annotations

import copy
from typing import Any

from netlet.base import tree
from netlet.engine.graph import KerasTensor
from netlet.layers.base.layer import Layer
from netlet.layers.quantized.base.quantized_layer import QuantizedLayer
from netlet.layers.quantized.int8.recurrent import Int8Cell

from ..exporter import Exporter
from ..input_codes import Codes, input_codes
from ..registry import layer
from .quantized import product_of_codes


class ProductOfCodes(Layer):
    """The product of rows with columns of a coded kernel of a cell, as a layer, so that a trace has it as one call.

    Args:
        cell: the Int8Cell.
        weight: "kernel", or "recurrent_kernel", for which each row has its own scale in each step.
        columns: of the kernel.
    """

    def __init__(self, cell: Any, weight: str, columns: slice) -> None:
        super().__init__(name=weight, autocast=False)
        self.weight, self.columns = weight, columns
        object.__setattr__(self, "cell", cell)

    def compute_output_spec(self, x: Any) -> KerasTensor:
        return KerasTensor((*x.shape[:-1], self.columns.stop - self.columns.start), "float32")

    def call(self, x: Any) -> KerasTensor:
        return self.compute_output_spec(x)


@layer(ProductOfCodes)
def _product(e: Exporter, layer: Any, out: Any, x: Any) -> str:
    name = e.name(x, "float32")
    of_state = layer.weight == "recurrent_kernel"
    codes = Codes.dynamic(e, name, 2) if of_state else input_codes(e, layer.cell, x, name, 2)
    return product_of_codes(e, codes, e.coded(layer.cell, layer.weight), lambda a: a[:, layer.columns])


@layer(Int8Cell)
def _int8_cell(e: Exporter, layer: Any, out: Any, inputs: Any, states: Any, **_: Any) -> Any:
    """The float class's `call` on a copy of the cell with other products."""
    units, every = layer.units, int(layer.kernel.shape[1])
    of_x = ProductOfCodes(layer, "kernel", slice(0, every))
    of_h = {  # by the number of columns: all gates, or those before and after the reset of a GRU
        every: ProductOfCodes(layer, "recurrent_kernel", slice(0, every)),
        every - units: ProductOfCodes(layer, "recurrent_kernel", slice(0, every - units)),
        units: ProductOfCodes(layer, "recurrent_kernel", slice(every - units, every)),
    }
    cell = copy.copy(layer)

    def product(x: Any, kernel: Any, *_: Any) -> Any:
        return (of_x if kernel is layer.kernel else of_h[int(kernel.shape[1])])(x)

    object.__setattr__(cell, "_product", product)
    float_class: Any = next(c for c in type(layer).__mro__ if "call" in vars(c) and not issubclass(c, QuantizedLayer))
    return tree.flatten(e.run_traced(layer.name, lambda *x: float_class.call(cell, *x), (inputs, states), {}, []))

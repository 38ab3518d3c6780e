"""Int8EinsumDense: an EinsumDense of 8-bit codes."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core, ops

from ...base.quantization.quantized_classes import quantizes
from ...core.einsum_dense import EinsumDense
from ..base.quantized_layer import QuantizedLayer


@quantizes(EinsumDense)
class Int8EinsumDense(QuantizedLayer, EinsumDense):
    """An EinsumDense whose equation is a plain matrix product, with 8-bit codes; see `Int8Dense`.

    In a plain matrix product the last axes of the input are the first of the kernel. Dynamic activations share a scale
    along these axes. The projections of MultiHeadAttention are such layers.

    Args:
        *args: those of `EinsumDense`.
        quantization_config: a `quantizers.Int8Config` with activations.
        **kwargs: those of `EinsumDense`.
    """

    def build(self, input_shape: Any) -> None:
        self._bound = self._parts(input_shape).bound
        super().build(input_shape)

    @property
    def _row_axes(self) -> tuple[int, ...]:  # type: ignore[override]
        return tuple(range(-self._bound, 0))

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(range(self._bound))

    def _on_codes(
        self, x: Any, x_scale: Any, x_zero: Any, activation: tuple[str, float], out_scale: Any, out_zero: Any
    ) -> Any:
        bound, shape = self._bound, tuple(x.shape)
        parts = self._parts(shape)
        rows, terms, units = (
            shape[:-bound],
            math.prod(parts.kernel_shape[:bound]),
            math.prod(parts.kernel_shape[bound:]),
        )
        kernel, scale, zero = self._codes_of("kernel")
        bias = None if self.bias is None else ops.reshape(self.bias, (units,))
        if len(x_scale.shape):
            x_scale, x_zero = (ops.reshape(v, (*rows, 1)) for v in (x_scale, x_zero))
        y = _core.quantized_dense(
            ops.reshape(x, (*rows, terms)),
            x_scale,
            x_zero,
            ops.reshape(kernel, (terms, units)),
            scale,
            zero,
            bias,
            *activation,
            out_scale,
            out_zero,
        )
        return ops.reshape(y, parts.output_shape)

    @classmethod
    def why_not(cls, layer: Any, config: Any) -> str | None:
        parts = layer._parts(layer._build_arguments["input_shape"])
        if not parts.bound or parts.bias_shape not in (None, parts.kernel_shape[parts.bound :]):
            return f"'{layer.equation}' is not a matrix product over the last axes"
        return super().why_not(layer, config)

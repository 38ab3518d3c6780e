"""Int8Dense: a dense layer of 8-bit codes."""

from __future__ import annotations

from typing import Any

from netlet import _core

from ...base.quantization.quantized_classes import quantizes
from ...core.dense import Dense
from ..base.quantized_layer import QuantizedLayer


@quantizes(Dense)
class Int8Dense(QuantizedLayer, Dense):
    """A Dense with an 8-bit kernel that multiplies codes: y = activation(x_hat @ kernel_hat + bias).

    x_hat and kernel_hat are the values of the codes of x and of the kernel. The product of the codes is exact. Dynamic
    activations have one scale for each row of x.

    Args:
        *args: those of `Dense`.
        quantization_config: a `quantizers.Int8Config` with activations.
        **kwargs: those of `Dense`.

    Source: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
    inference", 2018.
    """

    _row_axes = (-1,)

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (0,)

    def _on_codes(
        self, x: Any, x_scale: Any, x_zero: Any, activation: tuple[str, float], out_scale: Any, out_zero: Any
    ) -> Any:
        kernel, scale, zero = self._codes_of("kernel")
        return _core.quantized_dense(
            x, x_scale, x_zero, kernel, scale, zero, self.bias, *activation, out_scale, out_zero
        )

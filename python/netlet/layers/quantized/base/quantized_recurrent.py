"""QuantizedRecurrent: recurrent layers, of which only the cell has codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...rnn.recurrent import CellLayer
from .made_from_float import MadeFromFloat


class QuantizedRecurrent(MadeFromFloat, CellLayer):
    """Base of the layers that create a quantized cell, in front of the float class.

    Args:
        *args: those of the float layer.
        quantization_config: a config, for the cell.
        **kwargs: those of the float layer.
    """

    _saves_its_layers = True  # its config has that of the cell

    @property
    def quantization_config(self) -> Any:
        """That of the cell."""
        return self.cell.quantization_config

    @classmethod
    def why_not(cls, layer: Any, config: Any) -> str | None:
        why: str | None = cls._cell_class.why_not(layer.cell, config)  # type: ignore[attr-defined]
        return why

    @classmethod
    def _float_weights(cls, layer: Any) -> dict[str, Any]:
        found: dict[str, Any] = cls._cell_class._float_weights(layer.cell)  # type: ignore[attr-defined]
        return found

    def _set_weights(self, values: Mapping[str, Any]) -> None:
        self.cell._set_weights(values)

    def _set_input_range(self, low: float, high: float) -> None:
        self.cell._set_input_range(low, high)

"""What quantization did with each layer of a model, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netlet.layers.base.quantization.quantizable import own_variables


@dataclass
class LayerRecord:
    """One layer.

    Args:
        layer: the layer.
        done: what was done with it, or why it stays float.
        quantized: whether its weights are codes now.
        bytes_before: size of its own weights before.
        bytes_after: and after.
        input_range: smallest and largest value of its input with codes of their own, of static activations; else None.
        saturated: fraction of the calibration data's inputs beyond that range; None without it.
        seconds_before: time of the float layer, where it was measured; else None.
        seconds_after: time of the quantized layer, likewise.
    """

    layer: Any
    done: str
    quantized: bool
    bytes_before: int
    bytes_after: int
    input_range: tuple[float, float] | None = None
    saturated: float | None = None
    seconds_before: float | None = None
    seconds_after: float | None = None

    def stay_float(self, why: str) -> None:
        """Changes the record into that of a layer which is not quantized after all; measured times stay.

        Args:
            why: the reason, as the end of a sentence.
        """
        self.done, self.quantized, self.bytes_after = f"float: {why}", False, self.bytes_before
        self.input_range = self.saturated = None


def own_bytes(layer: Any) -> int:
    """The size of a layer's own weights in bytes, with those of the sub-layers that are quantized as a part of it.

    >>> from netlet import layers
    >>> own_bytes(layers.ReLU())
    0
    """
    return sum(int(v.numpy().nbytes) for v in own_variables(layer))

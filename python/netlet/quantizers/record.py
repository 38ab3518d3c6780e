"""What quantization did with each layer of a model, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
    """

    layer: Any
    done: str
    quantized: bool
    bytes_before: int
    bytes_after: int
    input_range: tuple[float, float] | None = None


def own_bytes(layer: Any) -> int:
    """The size of a layer's own weights in bytes.

    >>> from netlet import layers
    >>> own_bytes(layers.ReLU())
    0
    """
    return sum(int(v.numpy().nbytes) for v in layer._all_own_variables())

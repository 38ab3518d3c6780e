"""Int4Config: layers whose weights are stored in 4 bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .quantization import quantization_mode


class Int4Config:
    """How `quantize("int4")` turns layers into layers with 4-bit weights. They compute with floats.

    The weights of an output are cut into groups. Each group has a scale and a zero point: weight = (code - zero_point)
    * scale, with codes from -8 to 7. Two codes share a byte.

    Args:
        group_size: weights in a group; 128 by default. Smaller groups are more accurate and take more memory: a group
            adds 5 bytes. None: all weights of an output are one group.

    Attributes:
        mode: "int4".
        scheme: "int4_weights".
        activations: None; inputs stay float.

    Raises:
        ValueError: group_size is neither a positive integer nor None.

    Source: Keras 3, `Int4QuantizationConfig(block_size)`; Frantar et al., "GPTQ", 2022, section 4, for groups.

    >>> Int4Config(group_size=64)
    Int4Config(group_size=64)
    """

    mode = "int4"
    scheme = "int4_weights"
    activations = None

    def __init__(self, group_size: int | None = 128) -> None:
        whole = isinstance(group_size, int) and not isinstance(group_size, bool)
        if group_size is not None and not (whole and group_size > 0):
            raise ValueError(
                f"Int4Config: expected `group_size` to be a positive integer or None, received {group_size!r}."
            )
        self.group_size = group_size

    def get_config(self) -> dict[str, Any]:
        """The arguments as plain values."""
        return {"group_size": self.group_size}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Makes the config again from the values of `get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"Int4Config(group_size={self.group_size})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash(self.group_size)


quantization_mode(Int4Config.mode, Int4Config)

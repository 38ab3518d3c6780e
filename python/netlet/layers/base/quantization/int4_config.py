"""Int4Config: layers whose weights are stored in 4 bits."""

from __future__ import annotations

from .quantization_config import QuantizationConfig


class Int4Config(QuantizationConfig):
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
    _arguments = ("group_size",)

    def __init__(self, group_size: int | None = 128) -> None:
        whole = isinstance(group_size, int) and not isinstance(group_size, bool)
        if group_size is not None and not (whole and group_size > 0):
            raise ValueError(
                f"Int4Config: expected `group_size` to be a positive integer or None, received {group_size!r}."
            )
        self.group_size = group_size

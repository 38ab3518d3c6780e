"""KerasConfig: how Keras quantized a layer."""

from __future__ import annotations

from .quantization_config import QuantizationConfig


class KerasConfig(QuantizationConfig):
    """How a layer of a Keras file was quantized. `model.quantize` does not take it.

    Keras's scales are reciprocal: x is close to code / scale. Only with groups of 4-bit weights, x is close to (code -
    zero_point) * scale.

    Args:
        mode: "int8" (the default) or "int4".
        activations: "dynamic" (the default): the inputs of a layer become codes, with a scale for each row. None: only
            its weights are codes.
        highest: the largest code of inputs; 127 by default.
        lowest: the smallest code of inputs; -127 by default.
        epsilon: added to the largest magnitude of a row; 1e-7 by default.
        group_size: 4 bits: weights that share a scale and a zero point; None (the default): all weights of an output
            share a scale, without a zero point.

    Raises:
        ValueError: an unknown mode, codes outside of int8, or a group_size that is not positive.
        NotImplementedError: activations other than None in mode "int4", or than "dynamic" and None in mode "int8".

    Source: Keras 3, `Int8QuantizationConfig` and `Int4QuantizationConfig`.

    >>> KerasConfig("int4", None, group_size=128).scheme
    'keras'
    """

    scheme = "keras"
    weights = "absmax"
    per_channel = True
    _arguments = ("mode", "activations", "highest", "lowest", "epsilon", "group_size")

    def __init__(
        self,
        mode: str = "int8",
        activations: str | None = "dynamic",
        highest: int = 127,
        lowest: int = -127,
        epsilon: float = 1e-7,
        group_size: int | None = None,
    ) -> None:
        if mode not in ("int8", "int4"):
            raise ValueError(f"KerasConfig: expected `mode` 'int8' or 'int4', received {mode!r}.")
        if activations not in ("dynamic", None) or (activations and mode == "int4"):
            raise NotImplementedError(
                f"KerasConfig: expected activations=None in mode 'int4', or 'dynamic' or None in mode 'int8', received "
                f"{activations!r} in mode {mode!r}."
            )
        if not -128 <= lowest < highest <= 127:
            raise ValueError(f"KerasConfig: expected codes of int8, received {lowest} to {highest}.")
        self.mode, self.activations = mode, activations
        self.highest, self.lowest, self.epsilon = int(highest), int(lowest), float(epsilon)
        self.group_size = None if group_size is None else int(group_size)
        if self.group_size is not None and not 0 < self.group_size < 2**31:
            raise ValueError(f"KerasConfig: expected a positive `group_size` or None, received {group_size!r}.")

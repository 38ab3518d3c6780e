"""QuantizationConfig: what all configs of quantized layers share."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar


class QuantizationConfig:
    """Base of `Int8Config`, `Int4Config`, `AwareConfig` and `KerasConfig`.

    Attributes:
        mode: the name of the mode of `quantize` that it belongs to.
        scheme: the column of the table of quantized classes that it uses.
        activations: how the inputs of a layer become codes: "dynamic", "static", or None for float inputs.
        calibration: typical inputs of a model, for static activations. No layer stores them.
    """

    mode: str
    scheme: Any  # str; a property of some subclasses
    activations: str | None = None
    calibration: Any = None
    _arguments: ClassVar[tuple[str, ...]] = ()  # those that are saved, with attributes of the same names

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value}, without calibration data.
        """
        return {name: getattr(self, name) for name in self._arguments}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Makes the config from its config.

        Args:
            config: what `get_config` returned.

        Returns:
            An object of this class.
        """
        return cls(**config)

    def without_data(self) -> Any:
        """The config for a layer to store: without calibration data.

        Returns:
            A copy, or the config itself if it has no data.
        """
        if self.calibration is None:
            return self
        config = copy.copy(self)
        config.calibration = None
        return config

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_config().items())})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash(tuple(self.get_config().items()))

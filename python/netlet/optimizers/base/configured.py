"""The config of an optimizer, from which an equal one is made."""

from __future__ import annotations

from typing import Any

from netlet.saving.serialization import deserialize_object, serialize_object

from .learning_rate import LearningRate
from .options import OPTIONS


class Configured:
    """The part of an optimizer with `get_config` and `from_config`."""

    name: str
    state_dtype: str | None
    _rate: LearningRate
    _multipliers: Any

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value}; a schedule is a config dict.

        Raises:
            ValueError: an argument that has no config, such as a lambda.
        """
        rate = float(self._rate.cell) if self._rate.source is None else serialize_object(self._rate.source)
        return {
            "name": self.name,
            "learning_rate": rate,
            **{option: getattr(self, option) for option in OPTIONS},
            **({"state_dtype": self.state_dtype} if self.state_dtype else {}),
            **({"multipliers": {k: dict(v) for k, v in self._multipliers.items()}} if self._multipliers else {}),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Makes the optimizer from its config.

        Args:
            config: what `get_config` returned.
            custom_objects: {name: class}, in addition to netlet's own and registered ones; None by default.

        Returns:
            Optimizer of this class, not built.

        Raises:
            ValueError: the config names something unknown.
        """
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize_object(config["learning_rate"], custom_objects)
        multipliers = config.pop("multipliers", None)
        optimizer: Any = cls(**config)
        if multipliers:
            optimizer.set_multipliers(multipliers)
        return optimizer

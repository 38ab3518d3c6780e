"""OptimizerMap: which optimizer updates a variable, by the variable's path."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from netlet.engine.variable import Variable
from netlet.saving.serialization import deserialize_object, serialize_object

from .base.optimizer import Optimizer
from .base.wrapper import Wrapper


class OptimizerMap(MutableMapping[str, Any]):
    """A dict from paths of variables, or regular expressions that match whole paths, to optimizers.

    Args:
        default_optimizer: the optimizer of variables that no key matches.
        optimizer_map: dict of the first entries; None (the default): none.

    Raises:
        TypeError: the arguments are not an Optimizer and a dict.
        ValueError: a key that exists already or is no string; a value that `MultiOptimizer` cannot use; when a path is
            looked up, more than one expression matches it.

    Source: Keras 3 `keras.optimizers.OptimizerMap`.

    Example:

    >>> from netlet.optimizers import SGD, Adam
    >>> optimizers = OptimizerMap(SGD(), {"encoder/.*": Adam()})
    >>> type(optimizers["encoder/dense/kernel"]).__name__, type(optimizers["head/kernel"]).__name__
    ('Adam', 'SGD')
    """

    def __init__(self, default_optimizer: Any, optimizer_map: Any = None) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"default_optimizer must be an Optimizer instance. Received: {default_optimizer!r}")
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"optimizer_map must be a dictionary. Received: {optimizer_map!r}")
        self._default_optimizer = default_optimizer
        self._optimizer_map: dict[str, Any] = optimizer_map or {}

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer of variables that no key matches."""
        return self._default_optimizer

    def __call__(self, variable: Variable) -> Optimizer:
        """Returns the optimizer of a variable."""
        return self[variable.path]

    def __getitem__(self, key: str) -> Any:
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        matching = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ValueError(f"Multiple optimizers assigned to variable {key}: by {matching}.")
        return self._optimizer_map[matching[0]] if matching else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Any) -> None:
        if key in self._optimizer_map:
            raise ValueError(
                f"'{key}' already exists in the OptimizerMap with value {self._optimizer_map[key]}. Please make sure "
                "to not use duplicated keys."
            )
        if not isinstance(key, str):
            raise ValueError(f"key must be a string. Received: {key!r}")
        if not isinstance(optimizer, Optimizer):
            raise ValueError(f"optimizer must be an Optimizer instance. Received: {optimizer!r}")
        if isinstance(optimizer, Wrapper):
            raise ValueError(f"optimizer cannot be {type(optimizer).__name__}.")
        self._optimizer_map[key] = optimizer

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {"default_optimizer": config, "optimizer_map": configs by key}.

        Raises:
            ValueError: an argument that has no config, such as a lambda.
        """
        return {
            "default_optimizer": serialize_object(self._default_optimizer),
            "optimizer_map": serialize_object(self._optimizer_map),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> OptimizerMap:
        """Makes the map from its config.

        Args:
            config: what `get_config` returned.
            custom_objects: {name: class}, in addition to netlet's own and registered ones; None by default.

        Returns:
            An object of this class.

        Raises:
            ValueError: the config names something unknown.
        """
        return cls(*(deserialize_object(config[key], custom_objects) for key in ("default_optimizer", "optimizer_map")))

"""Lambda: a layer that calls a Python function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from netlet.base.tree import is_shape
from netlet.saving.serialization import deserialize_object

from ..base.layer import Layer


class Lambda(Layer):
    """Wraps a function of the input as a layer.

    A model file contains no code: the function is saved by its name, so it must have one (a lambda has none), and be
    registered or in `custom_objects` where the model is loaded.

    Args:
        function: `function(inputs, **arguments)`, written with ops. If it has parameters `mask` or `training`, they are
            passed too.
        output_shape: accepted as in Keras and not used; the output's shape is found by calling the function.
        mask: the output's mask, or a function `mask(inputs, mask)` that returns it; None (the default): no mask.
        arguments: dict of further keyword arguments of `function`; None by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        TypeError: `function` cannot be called.

    >>> import numpy as np
    >>> Lambda(lambda x: x * 2.0)(np.ones((1, 2), "float32")).numpy()
    array([[2., 2.]], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"Layer '{self.name}': expected a function for `function`, received {function!r}.")
        self.function = function
        self.arguments = arguments or {}
        self._output_shape = output_shape
        self.mask = mask
        self.supports_masking = mask is not None
        self._passed_on = [name for name in ("mask", "training") if name in _parameters(function)]

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: given[name] for name in self._passed_on})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """The arguments. The functions are themselves in it; where it is saved, their names take their place."""
        config = {**super().get_config(), "function": self.function, "arguments": self.arguments}
        if self._output_shape is not None:
            config["output_shape"] = self._output_shape
        if self.mask is not None:
            config["mask"] = self.mask
        return config

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Any:
        """Makes the layer from what `get_config` returned or a file holds.

        Args:
            config: the dict.
            custom_objects: {name: function} for functions that are not registered.
            safe_mode: accepted for compatibility with Keras; no code is loaded in any mode.

        Raises:
            ValueError: a lambda in place of the name of a function, or an unknown name.
        """
        function = config["function"]
        if not callable(function) and not (isinstance(function, dict) and "class_name" in function):
            raise ValueError(
                f"A Lambda layer's `function`: expected the config of a function, received {function!r}. netlet never "
                "loads code from a file."
            )
        given = {name: deserialize_object(value, custom_objects) for name, value in config.items()}
        shape = given.get("output_shape")
        if shape is not None and is_shape(shape):
            given["output_shape"] = tuple(shape)  # JSON has no tuples
        return cls(**given)


def _parameters(function: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions written in C have no signature
        return ()

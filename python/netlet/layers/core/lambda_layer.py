"""A function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..base.layer import Layer


class Lambda(Layer):
    """A function of the input as a layer. It cannot be saved: a file holds no code.

    A function with a parameter `mask` or `training` is told what they are. The argument `mask` of the layer is what its
    output's mask is, or a function `mask(inputs, mask)` that gives it.

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
        raise ValueError(
            f"Layer '{self.name}' is a Lambda: its function is code, which a netlet file never holds. Write a subclass "
            "of `layers.Layer` and register it with `saving.register_keras_serializable`."
        )


def _parameters(function: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions written in C have none
        return ()

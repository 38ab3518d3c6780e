"""Lambda: a layer that calls a Python function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..base.layer import Layer


class Lambda(Layer):
    """Wraps a function of the input as a layer. It cannot be saved, since a model file contains no code.

    Args:
        function: `function(inputs, **arguments)`, written with ops. If it has parameters `mask` or `training`, they are
            passed too.
        output_shape: accepted as in Keras and not used; the output's shape is found by calling the function.
        mask: the output's mask, or a function `mask(inputs, mask)` that returns it; None (the default): no mask.
        arguments: dict of further keyword arguments of `function`; None by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: `get_config` was called, e.g. to save the layer.

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
            f"Layer '{self.name}' is a Lambda and cannot be saved: a netlet file contains no code. Write a subclass of "
            "`layers.Layer` and register it with `saving.register_keras_serializable`."
        )


def _parameters(function: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions written in C have no signature
        return ()

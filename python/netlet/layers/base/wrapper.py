"""Wrapper: base of layers around another layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.saving.serialization import deserialize_object, serialize_object

from .layer import Layer


class Wrapper(Layer):
    """Base of layers that contain one other layer and change its inputs, outputs or weights.

    `build` builds the inner layer for the same input shape, and the config contains the inner layer's. A subclass
    defines `call`; its input and output shapes follow from that.

    Args:
        layer: the inner layer, a Layer.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Attributes:
        layer: the inner layer.

    Raises:
        ValueError: `layer` is not a Layer.

    Source: Keras 3, `keras.layers.Wrapper`.

    >>> import numpy as np
    >>> from netlet.layers import Dense
    >>> class Twice(Wrapper):
    ...     def call(self, inputs):
    ...         return self.layer(self.layer(inputs))
    >>> Twice(Dense(3, kernel_initializer="ones"))(np.ones((1, 3), "float32")).numpy()
    array([[9., 9., 9.]], dtype=float32)
    """

    _saves_its_layers = True

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"{type(self).__name__}: expected a layer, received {type(layer).__name__}: {layer!r}.")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        config = dict(config)
        layer = deserialize_object(config.pop("layer"), custom_objects)
        return cls(layer, **config)

"""Pipeline: a series of preprocessing layers as one layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.saving.serialization import deserialize_object, serialize_object

from ..base.layer import Layer


class Pipeline(Layer):
    """Calls layers one after another, e.g. the augmentations of images.

    Unlike a Sequential model it is a plain layer. Its input is that of the first layer, its output that of the last;
    they may be dicts, if the layers take them.

    Args:
        layers: list of layers, of which each takes what the one before returns.
        name: name of the layer; None (the default): "pipeline", numbered.

    Raises:
        ValueError: `layers` is no list, or holds something that is no layer.

    >>> import numpy as np
    >>> from netlet.layers import AutoContrast, Rescaling
    >>> Pipeline([AutoContrast(), Rescaling(1 / 255)])(np.array([[[100.0], [150.0], [200.0]]])).numpy()[0, :, 0]
    array([0. , 0.5, 1. ], dtype=float32)
    """

    _saves_its_layers = True

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        if not isinstance(layers, (list, tuple)):
            raise ValueError(f"Pipeline: expected a list of layers, received {type(layers).__name__}: {layers!r}.")
        for layer in layers:
            if not isinstance(layer, Layer):
                raise ValueError(f"Pipeline: expected layers, received {type(layer).__name__}: {layer!r}.")
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Any]:
        """The layers, in order."""
        return list(self._pipeline_layers)

    def call(self, inputs: Any, training: bool = True) -> Any:
        for layer in self._pipeline_layers:
            inputs = layer(inputs, training=training)
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {"layers": [serialize_object(layer) for layer in self._pipeline_layers], "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        config = dict(config)
        given = config.pop("layers", None)
        if not isinstance(given, (list, tuple)):
            raise ValueError(f"Pipeline: expected a config with a list `layers`, received {given!r}.")
        return cls([deserialize_object(layer, custom_objects) for layer in given], **config)

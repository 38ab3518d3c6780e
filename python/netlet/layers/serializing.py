"""`layers.serialize` and `layers.deserialize`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.saving.serialization import deserialize_object, find_builtin, serialize_object

from .base.layer import Layer


def serialize(layer: Layer) -> Any:
    """Returns the config dict of a layer, from which `deserialize` makes it again.

    Args:
        layer: the layer.

    Returns:
        {"module": ..., "class_name": ..., "config": the result of `get_config`, ...}, plain values that JSON can store.
            Weights are not included.

    Raises:
        ValueError: an argument that has no config, such as a lambda.
        TypeError: a `get_config` that returns no dict.

    >>> from netlet.layers import Dense
    >>> serialize(Dense(3))["config"]["units"]
    3
    """
    return serialize_object(layer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """Returns a new layer of a config dict.

    Args:
        config: what `serialize` returned, or the short form {"class_name": "Dense", "config": {...}}.
        custom_objects: {name: class}, in addition to netlet's own and registered ones; None (the default): no others.

    Returns:
        Layer, unbuilt unless the config has a "build_config".

    Raises:
        ValueError: an unknown class, or one that is no layer.

    >>> deserialize({"class_name": "Dense", "config": {"units": 3}}).units
    3
    """
    if isinstance(config, dict) and "module" not in config and "class_name" in config:
        known = find_builtin("netlet.layers", config["class_name"], function=False)
        config = {**config, "module": "netlet.layers" if known else None, "registered_name": config["class_name"]}
    layer = deserialize_object(config, custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(f"layers.deserialize: expected the config of a layer, received {config!r}.")
    return layer


__all__ = ["deserialize", "serialize"]

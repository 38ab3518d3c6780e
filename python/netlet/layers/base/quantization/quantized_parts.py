"""Quantized layers inside of layers that make their sub-layers themselves: how files and copies remember them.

The config of such a layer (MultiHeadAttention, a subclassed model) does not have its sub-layers, so it makes float
ones, which are replaced after they are built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.base.naming import name_scope
from netlet.saving.serialization import deserialize_object, serialize_object

from .adopting import adopt_all


def quantized_parts(layer: Any) -> dict[str, Any]:
    """{position among all layers inside of a layer: config} of those that `quantize` changed."""
    inside = layer._flatten_layers(include_self=False)
    return {str(i): _config(part) for i, part in enumerate(inside) if part.made_by_quantize}


def _config(part: Any) -> dict[str, Any]:
    config = serialize_object(part)
    return {key: value for key, value in config.items() if key not in ("build_config", "shared_object_id")}


def restore_parts(layer: Any, parts: Mapping[str, Any]) -> None:
    """Makes the layers inside of a layer what they were.

    Args:
        layer: the layer, built from its config.
        parts: what `quantized_parts` returned.

    Raises:
        ValueError: `parts` does not fit the layer.
    """
    if not isinstance(parts, Mapping):
        raise ValueError(f"Layer '{layer.name}': expected a dict of quantized layers, received {parts!r}.")
    inside = layer._flatten_layers(include_self=False)
    changes = []
    for place, config in parts.items():
        if not str(place).isdecimal() or int(place) >= len(inside):
            raise ValueError(f"Layer '{layer.name}': expected {len(inside)} layers inside, received number {place}.")
        part, twin = inside[int(place)], deserialize_object(config)
        if type(part) is type(twin):
            continue  # it is in the layer's own config
        if not (getattr(twin, "made_by_quantize", False) and isinstance(twin, type(part)) and part.built):
            raise ValueError(
                f"Layer '{layer.name}': expected a quantized {type(part).__name__} for '{part.name}', received "
                f"{type(twin).__name__}."
            )
        object.__setattr__(twin, "name", part.name)  # the code of the outer layer may have chosen another one
        with name_scope((part.path or part.name).rpartition("/")[0], part):
            twin.build_from_config(part.get_build_config())
        changes.append((part, twin))
    adopt_all(changes)

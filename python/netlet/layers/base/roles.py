"""Weight roles: role "kernel" has the arguments kernel_initializer, kernel_regularizer and kernel_constraint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet import constraints, initializers, regularizers

KINDS: dict[str, Any] = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}


def taken(roles: Sequence[str], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Removes these roles' arguments from `kwargs` and returns them, names and configs resolved to objects."""
    names = [(f"{role}_{kind}", module) for role in roles for kind, module in KINDS.items()]
    return {name: module.get(kwargs.pop(name)) for name, module in names}


def add(layer: Any, role: str, name: str, shape: tuple[int, ...], **other: Any) -> Any:
    """Adds a weight with this role's initializer, regularizer and constraint to `layer`; `other` overrides them."""
    arguments = {kind: getattr(layer, f"{role}_{kind}") for kind in KINDS}
    return layer.add_weight(name=name, shape=shape, **{**arguments, **other})


def config(layer: Any, roles: Sequence[str]) -> dict[str, Any]:
    """These roles' arguments, serialized for `get_config`."""
    return {
        f"{role}_{kind}": module.serialize(getattr(layer, f"{role}_{kind}"))
        for role in roles
        for kind, module in KINDS.items()
    }

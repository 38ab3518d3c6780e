"""Quantizers by name and by config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.saving.identifiers import Table, names_of

from .abs_max import AbsMaxQuantizer, Quantizer

OBJECTS = names_of([Quantizer, AbsMaxQuantizer])
_table = Table("quantizer", OBJECTS)


def serialize(initializer: Any) -> Any:
    """Returns the config dict of a quantizer.

    Args:
        initializer: the quantizer (the name is Keras's).

    >>> serialize(AbsMaxQuantizer(axis=0))["config"]["axis"]
    (0,)
    """
    return _table.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the quantizer of a config dict or name.

    Args:
        config: what `serialize` returned.
        custom_objects: classes and functions by name, in addition to netlet's own and registered ones; default none.

    Raises:
        ValueError: an unknown name, or a damaged config.

    >>> deserialize(serialize(AbsMaxQuantizer(axis=0))).axis
    (0,)
    """
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """Returns a quantizer.

    Args:
        identifier: a name ("abs_max_quantizer"), a config dict, a class, a callable, or None.

    Returns:
        A quantizer or callable; None for None.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> type(get("AbsMaxQuantizer")).__name__
    'AbsMaxQuantizer'
    """
    return _table.get(identifier)

"""Tables of objects by name, which implement `get`, `serialize` and `deserialize` of a module."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from netlet.base.naming import to_snake_case
from netlet.base.suggest import unknown

from .serialization import deserialize_object, get_registered_object, serialize_object


def names_of(objects: Iterable[Any], **aliases: Any) -> dict[str, Any]:
    """Returns {name: object} with the name of each object, its name in snake case, and the aliases.

    >>> sorted(names_of([ValueError]))
    ['ValueError', 'value_error']
    """
    table: dict[str, Any] = {}
    for o in objects:
        table[o.__name__] = o
        table.setdefault(to_snake_case(o.__name__), o)
    return {**table, **aliases}


class Table:
    """The objects of one kind, by name.

    Args:
        kind: used in errors, e.g. "initializer".
        objects: name -> class or function.
    """

    def __init__(self, kind: str, objects: dict[str, Any]) -> None:
        self.kind, self.objects = kind, objects

    def serialize(self, obj: Any) -> Any:
        """Returns a dict {"module", "class_name", "config", "registered_name"} that JSON can hold; None for None."""
        return serialize_object(obj)

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Returns the object of a config dict (of `serialize` or Keras) or of a name; None for None.

        Raises:
            ValueError: the name is neither netlet's nor registered. The message has the nearest known names.
        """
        if config is None:
            return None
        if isinstance(config, dict):
            name = config.get("class_name")
            if isinstance(name, str) and name != "function" and "module" not in config:
                # The short form {"class_name": ..., "config": ...} of scripts.
                found = self.deserialize(name, custom_objects)
                return found.from_config(dict(config.get("config") or {}))
            return deserialize_object(config, custom_objects)
        if not isinstance(config, str):
            raise ValueError(f"Could not interpret {self.kind}: {config!r}.")
        found = get_registered_object(config, custom_objects, self.objects)
        if found is None:
            raise unknown(self.kind, config, self.objects)
        return found

    def get(self, identifier: Any) -> Any:
        """Returns the object for a name, a config dict, a class or an object; None for None.

        Raises:
            ValueError: the name is unknown, or the object cannot be called.
        """
        if identifier is None:
            return None
        obj = self.deserialize(identifier) if isinstance(identifier, (str, dict)) else identifier
        if inspect.isclass(obj):
            obj = obj()
        if not callable(obj):
            raise ValueError(f"Could not interpret {self.kind}: {identifier!r}.")
        return obj

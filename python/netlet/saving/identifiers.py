"""Tables of things that are named by strings: what `get`, `serialize` and `deserialize` of a module share."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from netlet.base.naming import to_snake_case
from netlet.base.suggest import unknown

from .serialization import deserialize_object, get_registered_object, serialize_object


def names_of(objects: Iterable[Any], **aliases: Any) -> dict[str, Any]:
    """Name -> object: each under its own name and in snake case, and the aliases.

    >>> sorted(names_of([ValueError]))
    ['ValueError', 'value_error']
    """
    table: dict[str, Any] = {}
    for o in objects:
        table[o.__name__] = o
        table.setdefault(to_snake_case(o.__name__), o)
    return {**table, **aliases}


class Table:
    """The objects of one kind.

    Args:
        kind: as an error names it, e.g. "initializer".
        objects: name -> class or function.
    """

    def __init__(self, kind: str, objects: dict[str, Any]) -> None:
        self.kind, self.objects = kind, objects

    def serialize(self, obj: Any) -> Any:
        """A dict {"module", "class_name", "config", "registered_name"} that JSON can hold; None for None."""
        return serialize_object(obj)

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object of a dict that `serialize` made (or Keras), of a name, or None.

        Raises:
            ValueError: a name that is neither the library's nor registered; the message has the nearest ones.
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
        """An object from its name, config dict, class or itself; None stays None.

        Raises:
            ValueError: no such name, or something that cannot be called.
        """
        if identifier is None:
            return None
        obj = self.deserialize(identifier) if isinstance(identifier, (str, dict)) else identifier
        if inspect.isclass(obj):
            obj = obj()
        if not callable(obj):
            raise ValueError(f"Could not interpret {self.kind}: {identifier!r}.")
        return obj

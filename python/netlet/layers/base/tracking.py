"""Lists and dicts that track the weights and sub-layers in them when they are attributes of a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, SupportsIndex

Track = Callable[[Any], Any]


def flatten_layers(layer: Any, include_self: bool = True, recursive: bool = True) -> list[Any]:
    """The layer and all layers below it, each once, depth first."""
    found: list[Any] = [layer] if include_self else []
    seen: set[int] = set()
    stack = list(reversed(layer._layers))
    while stack:
        below = stack.pop()
        if id(below) in seen:
            continue
        seen.add(id(below))
        found.append(below)
        if recursive:
            stack.extend(reversed(below._layers))
    return found


class TrackedList(list[Any]):
    """A list attribute of a layer: weights and layers added to it are tracked by the layer.

    Args:
        values: the initial items.
        track: the layer's function that tracks an item and returns it.
    """

    def __init__(self, values: Iterable[Any], track: Track) -> None:
        self._track = track
        super().__init__(track(v) for v in values)

    def shallow_copy(self) -> TrackedList:
        """A new list with the same items, tracked by the same layer."""
        other = TrackedList((), self._track)
        list.extend(other, self)
        return other

    def append(self, value: Any) -> None:
        super().append(self._track(value))

    def insert(self, index: SupportsIndex, value: Any) -> None:
        super().insert(index, self._track(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._track(v) for v in values])

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, [self._track(v) for v in value] if isinstance(index, slice) else self._track(value))

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __reduce__(self) -> Any:
        return list, (list(self),)


class TrackedDict(dict[Any, Any]):
    """A dict attribute of a layer: weights and layers added to it are tracked by the layer.

    Args:
        values: the initial items.
        track: the layer's function that tracks a value and returns it.
    """

    def __init__(self, values: dict[Any, Any], track: Track) -> None:
        self._track = track
        super().__init__({k: track(v) for k, v in values.items()})

    def shallow_copy(self) -> TrackedDict:
        """A new dict with the same items, tracked by the same layer."""
        other = TrackedDict({}, self._track)
        dict.update(other, self)
        return other

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, self._track(value))

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def wrap(value: Any, track: Track) -> Any:
    """Returns lists, tuples and plain dicts with their contents tracked, and any other value unchanged."""
    if type(value) is list:
        return TrackedList(value, track)
    if type(value) is tuple:
        return tuple(track(v) for v in value)
    if type(value) is dict:
        return TrackedDict(value, track)
    return value

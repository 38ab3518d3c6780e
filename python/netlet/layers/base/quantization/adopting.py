"""Changes a layer in place into another: the object stays, its class, weights and fields become those of a twin."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from netlet.base.fork import fork_safe_lock
from netlet.engine.storage import moved

from ..tracking import TrackedDict, TrackedList

_KEPT = ("_inbound_nodes", "_outbound_nodes", "_path", "_parent_path", "_metrics")  # a layer's place in graphs
one_at_a_time = fork_safe_lock()  # held by each `quantize`, as models may share layers
_lock = fork_safe_lock()
_changes = 0


def changes() -> int:
    """How many times layers were changed in place, in the whole process. Waits for a change in another thread to end.

    A step that is recorded while this number changes may have read some layers before the change and some after it.
    """
    with _lock:
        return _changes


def adopt(layer: Any, twin: Any) -> None:
    """Makes `layer` what `twin` is; see `adopt_all`."""
    adopt_all([(layer, twin)])


def adopt_all(pairs: Sequence[tuple[Any, Any]]) -> None:
    """Makes each layer what its twin is. Graphs and users keep their objects; if it is interrupted, nothing changes.

    Plans that were recorded before are recorded again at their next use.

    Args:
        pairs: (layer, twin). A twin is not used afterwards.
    """
    global _changes
    with _lock:
        _changes += 1
        before = [(layer, type(layer), layer.__dict__) for layer, _ in pairs]
        try:
            for layer, twin in pairs:
                fields = _fields(layer, twin)
                object.__setattr__(layer, "__class__", type(twin))
                object.__setattr__(layer, "__dict__", fields)
        except BaseException:
            for layer, cls, fields in before:
                object.__setattr__(layer, "__class__", cls)
                object.__setattr__(layer, "__dict__", fields)
            raise
        finally:
            moved()


def _fields(layer: Any, twin: Any) -> dict[str, Any]:
    """The twin's attributes, with the layer's place in graphs and the attributes that a user added to it."""
    old = {name: value for name, value in layer.__dict__.items() if not _is_cached(type(layer), name)}
    new = {name: value for name, value in twin.__dict__.items() if not _is_cached(type(twin), name)}
    for value in new.values():
        if isinstance(value, (TrackedList, TrackedDict)):
            value._track = layer._track
    return {**old, **new, **{name: old[name] for name in _KEPT if name in old}}


def _is_cached(cls: type, name: str) -> bool:
    """Whether an attribute is the cached value of a property, which depends on the class."""
    return isinstance(getattr(cls, name, None), functools.cached_property)

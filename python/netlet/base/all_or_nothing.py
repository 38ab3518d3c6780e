"""Undoing a change to objects that fails, for any reason: an error, Ctrl-C or lack of memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

# For the running changes: objects and copies of their attributes before the change, oldest first.
_before: ContextVar[list[tuple[Any, dict[str, Any]]] | None] = ContextVar("netlet_before", default=None)


def all_or_nothing(objects: Iterable[Any], change: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls `change(*args, **kwargs)`. If it raises, the attributes of `objects` are restored.

    A nested change is also undone if an outer one fails later. The contents of lists, dicts and sets that are
    attributes are restored, but not objects inside of them.

    Args:
        objects: the objects that `change` changes.
        change: the function.
        args, kwargs: its arguments.

    Returns:
        The result of `change`.

    >>> class Box: pass
    >>> box = Box()
    >>> box.items = [1]
    >>> def fill():
    ...     box.items.append(2)
    ...     raise KeyboardInterrupt
    >>> try:
    ...     all_or_nothing([box], fill)
    ... except KeyboardInterrupt:
    ...     print(box.items)
    [1]
    """
    outer = _before.get()
    entries = [] if outer is None else outer
    first = len(entries)
    token = None if outer is not None else _before.set(entries)
    try:
        entries.extend((o, {name: _copied(value) for name, value in vars(o).items()}) for o in objects)
        return change(*args, **kwargs)
    except BaseException:
        for o, attributes in reversed(entries[first:]):
            object.__setattr__(o, "__dict__", attributes)
        del entries[first:]
        raise
    finally:
        if token is not None:
            _before.reset(token)


def _copied(value: Any) -> Any:
    if type(value) in (list, dict, set):
        return value.copy()
    shallow = getattr(value, "shallow_copy", None)  # a list or dict that tracks its items
    return value if shallow is None or isinstance(value, type) else shallow()

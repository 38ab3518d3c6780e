"""Changes to objects that are made whole or not at all, also where Ctrl-C or a lack of memory ends them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

# What the running changes may have to undo: objects with their attributes as they were, oldest first.
_before: ContextVar[list[tuple[Any, dict[str, Any]]] | None] = ContextVar("netlet_before", default=None)


def all_or_nothing(objects: Iterable[Any], change: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`change(*args, **kwargs)`; if it raises, the attributes of `objects` are again what they were.

    A change inside of another one is undone too where the outer one fails later. Lists, dicts and sets that are
    attributes get their contents back; what lies deeper is the business of whoever holds it.

    Args:
        objects: what `change` is about to change.

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
    shallow = getattr(value, "shallow_copy", None)  # a list or dict that tracks what is put into it
    return value if shallow is None or isinstance(value, type) else shallow()

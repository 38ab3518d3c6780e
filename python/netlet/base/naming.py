"""Names of layers and variables: Keras's rules ("dense", "dense_1", path "sequential/dense/kernel")."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from .fork import fork_safe_lock

_uids: defaultdict[str, int] = defaultdict(int)
_lock = fork_safe_lock()
_scopes = threading.local()


def to_snake_case(name: str) -> str:
    """Converts a class name to snake case.

    >>> to_snake_case("LeakyReLU"), to_snake_case("GlorotUniform")
    ('leaky_re_lu', 'glorot_uniform')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def uniquify(name: str) -> str:
    """Returns a unique name: the name itself, then name_1, name_2, ... `clear_session` resets the counters."""
    with _lock:
        count = _uids[name]
        _uids[name] = count + 1
    return f"{name}_{count}" if count else name


def auto_name(prefix: str) -> str:
    """Returns a unique name in snake case, for a class name."""
    return uniquify(to_snake_case(prefix))


def get_uid(prefix: str = "") -> int:
    """Returns a number that the prefix has not had before: 1, 2, 3, ... for each prefix.

    `utils.clear_session` starts again at 1.

    Args:
        prefix: any string, such as the name of a class; "" by default.

    Returns:
        int.

    >>> get_uid("an example of get_uid"), get_uid("an example of get_uid")
    (1, 2)
    """
    with _lock:
        _uids[prefix] += 1
        return _uids[prefix]


def reset_uids() -> None:
    """Resets the counters of all names."""
    with _lock:
        _uids.clear()


@contextmanager
def name_scope(name: str, caller: object = None, parent: str | None = None) -> Iterator[None]:
    """Context manager: the paths of variables created inside begin with `name/`.

    Args:
        name: the scope's name.
        caller: the object that enters the scope, e.g. a layer: entering the innermost scope of the same caller again
            has no effect. None (the default): each entry counts.
        parent: path that takes the place of the enclosing scopes, "" for none; None (the default): these.

    Yields:
        None.

    >>> with name_scope("model"), name_scope("dense"):
    ...     current_path()
    'model/dense'
    """
    stack = scopes()
    again = caller is not None and bool(stack) and stack[-1][1] is caller
    if not again:
        stack.append((name, caller, parent))
    try:
        yield
    finally:
        if not again:
            stack.pop()


def current_path() -> str:
    """The names of the current scopes, joined by "/"."""
    parts: list[str] = []
    for name, _, parent in scopes():
        if parent is not None:
            parts = [parent] if parent else []
        parts.append(name)
    return "/".join(parts)


def scopes() -> list[tuple[str, object, str | None]]:
    """The current scopes of this thread, from the outermost on: (name, caller, parent)."""
    stack: list[tuple[str, object, str | None]] | None = getattr(_scopes, "stack", None)
    if stack is None:
        stack = _scopes.stack = []
    return stack

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
    """
    >>> to_snake_case("LeakyReLU"), to_snake_case("GlorotUniform")
    ('leaky_re_lu', 'glorot_uniform')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def uniquify(name: str) -> str:
    """The name itself the first time it is asked for, then name_1, name_2, ... until `clear_session`."""
    with _lock:
        count = _uids[name]
        _uids[name] = count + 1
    return f"{name}_{count}" if count else name


def auto_name(prefix: str) -> str:
    return uniquify(to_snake_case(prefix))


def get_uid(prefix: str = "") -> int:
    with _lock:
        _uids[prefix] += 1
        return _uids[prefix]


def reset_uids() -> None:
    with _lock:
        _uids.clear()


@contextmanager
def name_scope(name: str, caller: object = None) -> Iterator[None]:
    """Variables made inside have `name/` in front of their path. A caller that is innermost already adds nothing."""
    stack = _stack()
    again = caller is not None and bool(stack) and stack[-1][1] is caller
    if not again:
        stack.append((name, caller))
    try:
        yield
    finally:
        if not again:
            stack.pop()


def current_path() -> str:
    return "/".join(name for name, _ in _stack())


def _stack() -> list[tuple[str, object]]:
    stack: list[tuple[str, object]] | None = getattr(_scopes, "stack", None)
    if stack is None:
        stack = _scopes.stack = []
    return stack

"""Eager steps for one thread, while other threads use the recorded steps of the same model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_here: ContextVar[bool] = ContextVar("netlet_eager_here", default=False)


@contextlib.contextmanager
def eager_here() -> Iterator[None]:
    """A context in which all models of this thread run as with `run_eagerly=True`: their layers are called.

    >>> with eager_here():
    ...     is_eager_here()
    True
    """
    token = _here.set(True)
    try:
        yield
    finally:
        _here.reset(token)


def is_eager_here() -> bool:
    """Whether this thread is in `eager_here`."""
    return _here.get()

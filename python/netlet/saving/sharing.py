"""Objects that occur several times in one save or load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class Sharing:
    """Finds objects that occur twice in one save or load, so that a layer that two sub-models share stays shared."""

    def __init__(self) -> None:
        self.numbers: dict[int, tuple[Any, int]] = {}  # id -> (the object, which keeps the id valid; its number)
        self.objects: dict[int, tuple[str, Any]] = {}  # number -> (its class's name, the rebuilt object)


current_sharing: ContextVar[Sharing | None] = ContextVar("netlet_sharing", default=None)


@contextmanager
def sharing_scope() -> Iterator[None]:
    """Context manager: an object that is serialized twice inside is restored as one object."""
    token = current_sharing.set(Sharing())
    try:
        yield
    finally:
        current_sharing.reset(token)

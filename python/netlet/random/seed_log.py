"""SeedLog: lets a function that runs again draw the seeds that it drew before."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any


class SeedLog:
    """Context manager: the first time it notes the seeds that are drawn inside, afterwards it returns them again.

    Args:
        seeds: a list that several logs share: each begins with the seeds that others have noted; None for its own.

    >>> from netlet.random import make_seed
    >>> log = SeedLog()
    >>> with log:
    ...     first = make_seed()
    >>> with log:
    ...     again = make_seed()
    >>> first == again
    True
    """

    _outer: SeedLog | None
    _token: Token[Any]

    def __init__(self, seeds: list[int] | None = None) -> None:
        self._seeds: list[int] = [] if seeds is None else seeds
        self._runs = self._at = 0

    def __enter__(self) -> SeedLog:
        self._outer, self._at = _current.get(), 0
        self._runs += 1
        self._token = _current.set(self)
        return self

    def __exit__(self, *error: object) -> None:
        _current.reset(self._token)

    def draw(self, fresh: Callable[[], int]) -> int:
        """The next noted seed, or a fresh one."""
        if self._at < len(self._seeds):
            self._at += 1
            return self._seeds[self._at - 1]
        seed = fresh() if self._outer is None else self._outer.draw(fresh)
        if self._runs == 1:
            self._seeds.append(seed)
            self._at += 1
        return seed


_current: ContextVar[SeedLog | None] = ContextVar("netlet_seed_log", default=None)


def drawn(fresh: Callable[[], int]) -> int:
    """A seed: `fresh()`, unless a SeedLog returns one that it noted."""
    log = _current.get()
    return fresh() if log is None else log.draw(fresh)

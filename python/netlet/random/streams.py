"""Streams: draws that depend on seeds and a place, not on the draws before them or in other threads."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from netlet.base.fork import fork_safe_lock

_lock = fork_safe_lock()


def hashed_seed(*numbers: int, key: tuple[int, ...] = ()) -> int:
    """A seed of 53 bits (a float64 can hold it) from numbers of at least 0 and NumPy's `spawn_key`."""
    return int(np.random.SeedSequence(numbers, spawn_key=key).generate_state(1, np.uint64)[0]) >> 11


class SeedSource:
    """A sequence of seeds: the global one, or a SeedGenerator.

    Attributes:
        streams: number of streams that have drawn from it.
    """

    streams = 0


class Stream:
    """The draws of one function that is called for many items, such as the function of a `map` of a data set.

    Two streams draw different numbers from the same sequence of seeds. A sequence numbers its streams in the order in
    which they first draw from it. A stream that is made in a call of `drawing_at` belongs to that call's stream and
    place.
    """

    def __init__(self) -> None:
        outer = current_place.get()
        self._outer = None if outer is None else outer.stream
        self.path: tuple[int, ...] = () if outer is None else (*outer.path, next(outer.draws))
        self._numbers: WeakKeyDictionary[SeedSource, int] = WeakKeyDictionary()

    def number_in(self, sequence: SeedSource) -> int:
        """The number of this stream among those that draw from a sequence."""
        if self._outer is not None:
            return self._outer.number_in(sequence)
        with _lock:
            if sequence not in self._numbers:
                self._numbers[sequence] = sequence.streams
                sequence.streams += 1
            return self._numbers[sequence]

    def __getstate__(self) -> dict[str, Any]:
        return {"_outer": self._outer, "path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._numbers = WeakKeyDictionary()


class Place(NamedTuple):
    """Where a call of `drawing_at` draws: `draws` yields their numbers."""

    stream: Stream | None
    path: tuple[int, ...]
    draws: itertools.count[int]

    def seed(self, seed: int, sequence: SeedSource) -> int:
        """The next seed here of a sequence that starts with `seed`."""
        number = 0 if self.stream is None else self.stream.number_in(sequence)
        key = (number, *self.path, next(self.draws))
        return hashed_seed(seed & (2**64 - 1), key=key)


current_place: ContextVar[Place | None] = ContextVar("netlet_place", default=None)  # None outside of `drawing_at`


def drawing_at(
    place: tuple[int, ...], function: Callable[[Any], Any], argument: Any, stream: Stream | None = None
) -> Any:
    """Calls a function whose draws depend on seeds and a place only, not on draws before it or in other threads.

    `netlet.data` maps each item so: its random numbers are the same for any number of threads.

    Args:
        place: integers, such as the number of the pass and of the item.
        function: what is called. The seeds of its draws come from the place and the draw's number in this call; the
            global sequence and SeedGenerators do not advance.
        argument: its argument.
        stream: what distinguishes these draws from those of other functions at the same place; None (the default):
            nothing does.

    Returns:
        What the function returns.

    >>> from netlet.random import SeedGenerator
    >>> generator = SeedGenerator(1)
    >>> drawing_at((0, 5), lambda _: generator.next(), None) == drawing_at((0, 5), lambda _: generator.next(), None)
    True
    """
    path = place if stream is None else (*stream.path, *place)
    token = current_place.set(Place(stream, path, itertools.count()))
    try:
        return function(argument)
    finally:
        current_place.reset(token)

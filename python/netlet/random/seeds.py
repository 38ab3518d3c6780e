"""Seeds: the global one and its sequence, and sequences of their own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from netlet import _core
from netlet.base.fork import fork_safe_lock

from .seed_log import drawn

_lock = fork_safe_lock()
_seed: int | None = None
_drawn = 0


def hashed_seed(*numbers: int, key: tuple[int, ...] = ()) -> int:
    """A seed of 53 bits (a float64 can hold it) from numbers of at least 0 and NumPy's `spawn_key`."""
    return int(np.random.SeedSequence(numbers, spawn_key=key).generate_state(1, np.uint64)[0]) >> 11


class _Sequence:
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
        outer = _place.get()
        self._outer = None if outer is None else outer.stream
        self.path: tuple[int, ...] = () if outer is None else (*outer.path, next(outer.draws))
        self._numbers: WeakKeyDictionary[_Sequence, int] = WeakKeyDictionary()

    def number_in(self, sequence: _Sequence) -> int:
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


class _Place(NamedTuple):
    """Where a call of `drawing_at` draws: `draws` yields their numbers."""

    stream: Stream | None
    path: tuple[int, ...]
    draws: itertools.count[int]

    def seed(self, seed: int, sequence: _Sequence) -> int:
        """The next seed here of a sequence that starts with `seed`."""
        number = 0 if self.stream is None else self.stream.number_in(sequence)
        key = (number, *self.path, next(self.draws))
        return hashed_seed(seed & (2**64 - 1), key=key)


_place: ContextVar[_Place | None] = ContextVar("netlet_place", default=None)  # None outside of `drawing_at`
_global = _Sequence()


class _Own(NamedTuple):
    """What `seeded` puts in the place of the global seed: `draws` yields the numbers of its seeds."""

    seed: int
    draws: itertools.count[int]


_own: ContextVar[_Own | None] = ContextVar("netlet_own_seed", default=None)  # None outside of `seeded`


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Context manager: seeds come from a seed of its own; the global sequence does not advance.

    It holds for this thread only, so estimators that are trained in several threads do not draw from each other's.

    Args:
        seed: integer of at least 0.

    >>> with seeded(4):
    ...     a = make_seed()
    >>> with seeded(4):
    ...     a == make_seed()
    True
    """
    token = _own.set(_Own(int(seed), itertools.count()))
    try:
        yield
    finally:
        _own.reset(token)


def set_seed(seed: int) -> None:
    """Sets the global seed and restarts its sequence. `utils.set_random_seed` also seeds NumPy and Python.

    Args:
        seed: integer.
    """
    global _seed, _drawn, _global
    _core.reset_eager_streams()
    with _lock:
        _seed, _drawn, _global = int(seed), 0, _Sequence()


def make_seed() -> int:
    """Returns the next seed of the global sequence, in [0, 2**53) so that JSON stores it exactly.

    >>> set_seed(1); a = make_seed(), make_seed(); set_seed(1); a == (make_seed(), make_seed())
    True
    """
    return drawn(_next_of_global)


def _next_of_global() -> int:
    global _seed, _drawn
    place, own = _place.get(), _own.get()
    if place is not None:
        return place.seed(_base_seed(), _global)
    if own is not None:
        return hashed_seed(own.seed, next(own.draws))
    with _lock:
        if _seed is None:
            _seed = int.from_bytes(os.urandom(6), "little")
        seed, number = _seed, _drawn
        _drawn += 1
    return hashed_seed(seed, number)


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

    >>> generator = SeedGenerator(1)
    >>> drawing_at((0, 5), lambda _: generator.next(), None) == drawing_at((0, 5), lambda _: generator.next(), None)
    True
    """
    path = place if stream is None else (*stream.path, *place)
    token = _place.set(_Place(stream, path, itertools.count()))
    try:
        return function(argument)
    finally:
        _place.reset(token)


def get_state() -> dict[str, int]:
    """Returns the state of the global sequence, for `set_state`.

    >>> state = get_state()
    >>> a = make_seed()
    >>> set_state(state)
    >>> make_seed() == a
    True
    """
    make_seed_if_unset()
    with _lock:
        assert _seed is not None
        return {"seed": _seed, "drawn": _drawn}


def set_state(state: dict[str, int]) -> None:
    """Restores a state of the global sequence.

    Args:
        state: a result of `get_state`.
    """
    global _seed, _drawn
    with _lock:
        _seed, _drawn = int(state["seed"]), int(state["drawn"])


def make_seed_if_unset() -> None:
    """Draws the global seed from the operating system if `set_seed` was not called."""
    global _seed
    with _lock:
        if _seed is None:
            _seed = int.from_bytes(os.urandom(6), "little")


class SeedGenerator(_Sequence):
    """A sequence of seeds that is independent of the global one.

    Args:
        seed: integer, or None for the next seed of the global sequence.
        name: default "seed_generator".

    Attributes:
        state: array [seed, number of seeds drawn so far].

    Raises:
        ValueError: `seed` is not an integer.

    Example:

    >>> g = SeedGenerator(3)
    >>> g.next() != g.next()
    True
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer))):
            raise ValueError(f"SeedGenerator: expected an integer or None as `seed`, received {seed!r}.")
        self.name = name or "seed_generator"
        self._initial_seed = seed
        self.seed = make_seed() if seed is None else int(seed)
        self.drawn = 0

    @property
    def state(self) -> np.ndarray:
        return np.array([self.seed, self.drawn])

    def next(self, ordered: bool = True) -> int:
        """Returns the next seed, in [0, 2**53).

        Args:
            ordered: accepted for compatibility with Keras.
        """
        return drawn(self._next)

    def _next(self) -> int:
        place = _place.get()
        if place is not None:
            return place.seed(self.seed, self)
        number = self.drawn
        self.drawn += 1
        return hashed_seed(self.seed & (2**64 - 1), number)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as a dict."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Makes a SeedGenerator from the dict that `get_config` returned."""
        return cls(**config)


def generator(seed: int | SeedGenerator | None = None) -> np.random.Generator:
    """Returns a NumPy generator.

    Args:
        seed: an integer gives the same numbers each time, a SeedGenerator its next seed, None the next global seed.
    """
    if seed is None:
        seed = make_seed()
    elif isinstance(seed, SeedGenerator):
        seed = seed.next()
    return np.random.default_rng(integer_seed(seed))


def global_seed_of_steps() -> int:
    """Returns the seed of recorded steps if no seed is given: it depends on the global seed only."""
    return hashed_seed(_base_seed())


def _base_seed() -> int:
    """The seed at which the sequence of this thread starts: that of `seeded`, else the global one."""
    own = _own.get()
    if own is not None:
        return own.seed
    make_seed_if_unset()
    return _seed or 0


def integer_seed(seed: Any) -> int:
    """An integer seed as the 64 bits of the native ops.

    Raises:
        ValueError: it is no integer.
    """
    try:
        return int(seed) & (2**64 - 1)
    except (TypeError, ValueError):
        raise ValueError(f"random: expected an integer or a SeedGenerator as `seed`, received {seed!r}.") from None


def native_seed(seed: int | SeedGenerator | None) -> tuple[int, bool]:
    """Returns (seed of the native op, whether each run of a recorded step draws new numbers).

    An integer gives the same numbers at each call and each run. With None or a SeedGenerator, an unrecorded call takes
    the next seed. A recorded call uses the seed of the whole sequence, so that the numbers do not depend on how often
    the step was recorded.
    """
    if seed is not None and not isinstance(seed, SeedGenerator):
        return integer_seed(seed), False
    if _core.recording():
        return (global_seed_of_steps() if seed is None else seed.seed & (2**64 - 1)), True
    return (make_seed() if seed is None else seed.next()), False

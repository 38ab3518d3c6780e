"""Seeds: the global one and its sequence, and sequences of their own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.fork import fork_safe_lock

from .seed_log import drawn

_lock = fork_safe_lock()
_seed: int | None = None
_drawn = 0
# Place of an item in its data set and the numbers of its draws; None outside of `drawing_at`.
_place: ContextVar[tuple[tuple[int, ...], itertools.count[int]] | None] = ContextVar("netlet_place", default=None)


def set_seed(seed: int) -> None:
    """Sets the global seed and restarts its sequence. `utils.set_random_seed` also seeds NumPy and Python.

    Args:
        seed: integer.
    """
    global _seed, _drawn
    _core.reset_eager_streams()
    with _lock:
        _seed, _drawn = int(seed), 0


def make_seed() -> int:
    """Returns the next seed of the global sequence, in [0, 2**53) so that JSON stores it exactly.

    >>> set_seed(1); a = make_seed(), make_seed(); set_seed(1); a == (make_seed(), make_seed())
    True
    """
    return drawn(_next_of_global)


def _next_of_global() -> int:
    global _seed, _drawn
    place = _place.get()
    if place is not None:
        make_seed_if_unset()
        return _seed_at(_seed or 0, place)
    with _lock:
        if _seed is None:
            _seed = int.from_bytes(os.urandom(6), "little")
        seed, number = _seed, _drawn
        _drawn += 1
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0]) >> 11


def drawing_at(place: tuple[int, ...], function: Callable[[Any], Any], argument: Any) -> Any:
    """Calls a function whose draws depend on seeds and a place only, not on draws before it or in other threads.

    `netlet.data` maps each item so: its random numbers are the same for any number of threads.

    Args:
        place: integers, such as the number of the pass and of the item.
        function: what is called. The seeds of its draws come from the place and the draw's number in this call; the
            global sequence and SeedGenerators do not advance.
        argument: its argument.

    Returns:
        What the function returns.

    >>> generator = SeedGenerator(1)
    >>> drawing_at((0, 5), lambda _: generator.next(), None) == drawing_at((0, 5), lambda _: generator.next(), None)
    True
    """
    token = _place.set((place, itertools.count()))
    try:
        return function(argument)
    finally:
        _place.reset(token)


def _seed_at(seed: int, place: tuple[tuple[int, ...], itertools.count[int]]) -> int:
    key = (*place[0], next(place[1]))
    sequence = np.random.SeedSequence(seed & (2**64 - 1), spawn_key=key)
    return int(sequence.generate_state(1, np.uint64)[0]) >> 11


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


class SeedGenerator:
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
            return _seed_at(self.seed, place)
        number = self.drawn
        self.drawn += 1
        return int(np.random.SeedSequence([self.seed & (2**64 - 1), number]).generate_state(1, np.uint64)[0]) >> 11

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
    return np.random.default_rng(int(seed) & (2**64 - 1))


def global_seed_of_steps() -> int:
    """Returns the seed of recorded steps if no seed is given: it depends on the global seed only."""
    make_seed_if_unset()
    return int(np.random.SeedSequence([_seed or 0]).generate_state(1, np.uint64)[0]) >> 11


def native_seed(seed: int | SeedGenerator | None) -> tuple[int, bool]:
    """Returns (seed of the native op, whether each run of a recorded step draws new numbers).

    An integer gives the same numbers at each call and each run. With None or a SeedGenerator, an unrecorded call takes
    the next seed. A recorded call uses the seed of the whole sequence, so that the numbers do not depend on how often
    the step was recorded.
    """
    if seed is not None and not isinstance(seed, SeedGenerator):
        return int(seed) & (2**64 - 1), False
    if _core.recording():
        return (global_seed_of_steps() if seed is None else seed.seed & (2**64 - 1)), True
    return (make_seed() if seed is None else seed.next()), False

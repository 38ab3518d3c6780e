"""Seeds: the global one and its sequence, and sequences of their own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from netlet import _core
from netlet.base.fork import fork_safe_lock

from .seed_log import drawn
from .streams import SeedSource, current_place, hashed_seed

_lock = fork_safe_lock()
_seed: int | None = None
_drawn = 0
_global = SeedSource()


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

    Yields:
        None.

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
        seed: integer of at least 0.

    >>> set_seed(1)
    >>> first = make_seed()
    >>> set_seed(1)
    >>> make_seed() == first
    True
    """
    global _seed, _drawn, _global
    _core.reset_eager_streams()
    with _lock:
        _seed, _drawn, _global = int(seed), 0, SeedSource()


def make_seed() -> int:
    """Returns the next seed of the global sequence, in [0, 2**53) so that JSON stores it exactly.

    >>> set_seed(1); a = make_seed(), make_seed(); set_seed(1); a == (make_seed(), make_seed())
    True
    """
    return drawn(_next_of_global)


def _next_of_global() -> int:
    global _seed, _drawn
    place, own = current_place.get(), _own.get()
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


def get_state() -> dict[str, int]:
    """Returns the state of the global sequence, for `set_state`.

    Returns:
        dict of two integers: "seed", the global seed, and "drawn", the number of seeds drawn since it was set.

    >>> set_seed(7)
    >>> seed = make_seed()
    >>> get_state()
    {'seed': 7, 'drawn': 1}
    """
    make_seed_if_unset()
    with _lock:
        assert _seed is not None
        return {"seed": _seed, "drawn": _drawn}


def set_state(state: dict[str, int]) -> None:
    """Restores a state of the global sequence: `make_seed` then returns what it returned after that state.

    Args:
        state: a result of `get_state`.

    Raises:
        KeyError: it is another dict.

    >>> state = get_state()
    >>> first = make_seed()
    >>> set_state(state)
    >>> make_seed() == first
    True
    """
    global _seed, _drawn
    with _lock:
        _seed, _drawn = int(state["seed"]), int(state["drawn"])


def make_seed_if_unset() -> None:
    """Draws the global seed from the operating system if `set_seed` was not called.

    >>> make_seed_if_unset()
    >>> isinstance(get_state()["seed"], int)
    True
    """
    global _seed
    with _lock:
        if _seed is None:
            _seed = int.from_bytes(os.urandom(6), "little")


class SeedGenerator(SeedSource):
    """A sequence of seeds that is independent of the global one.

    Args:
        seed: integer, or None (the default) for the next seed of the global sequence.
        name: its name; None (the default): "seed_generator".

    Attributes:
        state: array [seed, number of seeds drawn so far].

    Raises:
        ValueError: `seed` is not an integer.

    Source: Keras 3, `keras.random.SeedGenerator`.

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
        """An int64 array [seed, number of seeds drawn so far]."""
        return np.array([self.seed, self.drawn])

    def next(self, ordered: bool = True) -> int:
        """Returns the next seed, in [0, 2**53).

        Args:
            ordered: accepted for compatibility with Keras; True by default.

        Returns:
            int.
        """
        return drawn(self._next)

    def _next(self) -> int:
        place = current_place.get()
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
        """Makes a SeedGenerator from the dict that `get_config` returned.

        Args:
            config: the arguments by name.

        Returns:
            A SeedGenerator at the start of its sequence.
        """
        return cls(**config)


def generator(seed: int | SeedGenerator | None = None) -> np.random.Generator:
    """Returns a NumPy generator.

    Args:
        seed: an integer gives the same numbers each time, a SeedGenerator its next seed, None (the default) the next
            global seed.

    Returns:
        numpy.random.Generator, seeded.

    Raises:
        ValueError: `seed` is none of these.

    >>> bool(generator(1).integers(10) == generator(1).integers(10))
    True
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

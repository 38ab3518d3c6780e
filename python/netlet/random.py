"""Random numbers: one global seed, a counter, and generators derived from the two.

Every seed that netlet draws (initializers, dropout, shuffling) is `make_seed()`: a hash of (global seed, how many were
drawn before), so that a program after `utils.set_random_seed(s)` repeats to the bit.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from .config import numpy_dtype, standardize_dtype

_lock = threading.Lock()
_seed: int | None = None
_drawn = 0


def set_seed(seed: int) -> None:
    """Sets the global seed and begins its sequence again (`utils.set_random_seed` also seeds NumPy and Python)."""
    global _seed, _drawn
    from . import _core

    _core.reset_eager_streams()
    with _lock:
        _seed, _drawn = int(seed), 0


def make_seed() -> int:
    """The next seed of the global sequence, in [0, 2**53) so that JSON keeps it.

    >>> set_seed(1); a = make_seed(), make_seed(); set_seed(1); a == (make_seed(), make_seed())
    True
    """
    global _seed, _drawn
    with _lock:
        if _seed is None:
            _seed = int.from_bytes(os.urandom(6), "little")
        seed, number = _seed, _drawn
        _drawn += 1
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0]) >> 11


def get_state() -> dict[str, int]:
    """Where the global sequence stands, for saving; `set_state` continues from there."""
    make_seed_if_unset()
    with _lock:
        assert _seed is not None
        return {"seed": _seed, "drawn": _drawn}


def set_state(state: dict[str, int]) -> None:
    global _seed, _drawn
    with _lock:
        _seed, _drawn = int(state["seed"]), int(state["drawn"])


def make_seed_if_unset() -> None:
    global _seed
    with _lock:
        if _seed is None:
            _seed = int.from_bytes(os.urandom(6), "little")


class SeedGenerator:
    """A sequence of seeds of its own.

    Args:
        seed: integer, or None for the next seed of the global sequence.

    Example:

    >>> g = SeedGenerator(3)
    >>> g.next() != g.next()
    True
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer))):
            raise ValueError(f"Argument `seed` must be an integer. Received: seed={seed!r}")
        self.name = name or "seed_generator"
        self._initial_seed = seed
        self.seed = make_seed() if seed is None else int(seed)
        self.drawn = 0

    def next(self, ordered: bool = True) -> int:
        number = self.drawn
        self.drawn += 1
        return int(np.random.SeedSequence([self.seed & (2**64 - 1), number]).generate_state(1, np.uint64)[0]) >> 11

    def get_config(self) -> dict[str, Any]:
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        return cls(**config)


def generator(seed: int | SeedGenerator | None = None) -> np.random.Generator:
    """NumPy's generator for a seed: an integer repeats itself, a SeedGenerator moves on, None draws a global seed."""
    if seed is None:
        seed = make_seed()
    elif isinstance(seed, SeedGenerator):
        seed = seed.next()
    return np.random.default_rng(int(seed) & (2**64 - 1))


def _refuse_in_recording(name: str) -> None:
    from . import _core

    if _core.recording():
        raise NotImplementedError(
            f"netlet.random.{name} draws its numbers once, in Python: inside a layer's `call` they would repeat at "
            "every training step. Use `layers.Dropout` or `random.dropout` there."
        )


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> np.ndarray:
    """Array of the given shape from the normal distribution.

    >>> normal((2, 3), seed=1).shape
    (2, 3)
    """
    _refuse_in_recording("normal")
    return generator(seed).normal(mean, stddev, tuple(shape)).astype(numpy_dtype(dtype))


def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> np.ndarray:
    """Array of the given shape, uniform in [minval, maxval); integers for an integer dtype."""
    _refuse_in_recording("uniform")
    dtype = standardize_dtype(dtype)
    if dtype.startswith(("int", "uint")):
        return generator(seed).integers(int(minval), int(maxval), tuple(shape)).astype(numpy_dtype(dtype))
    return generator(seed).uniform(minval, maxval, tuple(shape)).astype(numpy_dtype(dtype))


def randint(
    shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None
) -> np.ndarray:
    """Integers of the given shape in [minval, maxval)."""
    return uniform(shape, minval, maxval, standardize_dtype(dtype), seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> np.ndarray:
    """Normal values redrawn until they lie within two standard deviations of the mean."""
    _refuse_in_recording("truncated_normal")
    rng = generator(seed)
    values = rng.standard_normal(tuple(shape))
    while np.any(outside := np.abs(values) > 2):
        values[outside] = rng.standard_normal(int(outside.sum()))
    return (values * stddev + mean).astype(numpy_dtype(dtype))


def shuffle(x: Any, axis: int = 0, seed: int | SeedGenerator | None = None) -> np.ndarray:
    """A copy of x with its slices along `axis` in random order."""
    _refuse_in_recording("shuffle")
    return generator(seed).permutation(np.asarray(x), axis=axis)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: int | SeedGenerator | None = None) -> Any:
    """Zeroes each element with probability `rate` and scales the rest by 1 / (1 - rate); differentiable."""
    from . import _core

    if noise_shape is not None:
        raise NotImplementedError("random.dropout: `noise_shape` is not supported yet.")
    number = make_seed() if seed is None else seed.next() if isinstance(seed, SeedGenerator) else int(seed)
    return _core.dropout(inputs, rate, number)

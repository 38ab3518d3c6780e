"""Random numbers: one global seed, a counter, and generators derived from the two.

Every seed that netlet draws (initializers, dropout, shuffling) is `make_seed()`: a hash of (global seed, how many were
drawn before), so that a program after `utils.set_random_seed(s)` repeats to the bit.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from . import _core
from .base.fork import fork_safe_lock
from .config import standardize_dtype
from .engine.tensor import Tensor

_lock = fork_safe_lock()
_seed: int | None = None
_drawn = 0


def set_seed(seed: int) -> None:
    """Sets the global seed and begins its sequence again (`utils.set_random_seed` also seeds NumPy and Python)."""
    global _seed, _drawn
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


def _global_seed() -> int:
    """One number for the whole program after `set_seed`: what recorded steps draw with where no seed is given."""
    make_seed_if_unset()
    return int(np.random.SeedSequence([_seed or 0]).generate_state(1, np.uint64)[0]) >> 11


def _number(seed: int | SeedGenerator | None) -> tuple[int, bool]:
    """(seed of the native op, whether it draws other numbers at each run of a recording).

    An integer gives the same numbers at each call and each run. Outside a recording the others move on by themselves;
    inside one they name their sequence, so that it does not depend on how often a step was recorded.
    """
    if seed is not None and not isinstance(seed, SeedGenerator):
        return int(seed) & (2**64 - 1), False
    if _core.recording():
        return (_global_seed() if seed is None else seed.seed & (2**64 - 1)), True
    return (make_seed() if seed is None else seed.next()), False


def _draw(distribution: str, shape: Any, a: float, b: float, dtype: str, seed: int | SeedGenerator | None) -> Tensor:
    """Numbers of the distribution; types other than float32 and float64 are rounded from float32."""
    drawn = dtype if dtype in ("float32", "float64") else "float32"
    number, fresh = _number(seed)
    y = _core.random(distribution, tuple(shape), drawn, float(a), float(b), number, fresh)
    return y if drawn == dtype else _core.cast(y, dtype)


def _shape_of(x: Any) -> tuple[int, ...]:
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Tensor of the given shape from the normal distribution.

    Inside a layer's `call` that is recorded for training: a Tensor of other numbers at each step, unless `seed` is an
    integer, which gives the same numbers always. That holds for all functions here.

    >>> normal((2, 3), seed=1).shape
    (2, 3)
    """
    return _draw("normal", shape, mean, stddev, standardize_dtype(dtype), seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Normal values restricted to within two standard deviations of the mean."""
    return _draw("truncated_normal", shape, mean, stddev, standardize_dtype(dtype), seed)


def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Tensor of the given shape, uniform in [minval, maxval); integers for an integer dtype.

    >>> bool((uniform((1000,), 2.0, 3.0, seed=1) >= 2.0).all())
    True
    """
    dtype = standardize_dtype(dtype)
    if dtype.startswith(("int", "uint")):
        return randint(shape, int(minval), int(maxval), dtype, seed)
    return _draw("uniform", shape, minval, maxval, dtype, seed)


def randint(
    shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None
) -> Tensor:
    """Integers of the given shape in [minval, maxval).

    They come from 53 random bits, so that among more than some 2**50 integers not all are equally likely.

    >>> sorted({int(i) for i in randint((100,), 3, 6, seed=1)})
    [3, 4, 5]
    """
    if not minval < maxval:
        raise ValueError(f"random.randint: expected minval < maxval, got minval={minval} and maxval={maxval}.")
    dtype = standardize_dtype(dtype)
    return _core.cast(_core.floor(_draw("uniform", shape, minval, maxval, "float64", seed)), dtype)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None) -> Tensor:
    """Classes drawn with probability softmax(logits): (B, classes) -> (B, num_samples). By the Gumbel-max trick.

    >>> categorical(np.array([[0.0, -1e9]]), 3, seed=1).numpy()
    array([[0, 0, 0]], dtype=int32)
    """
    shape = _shape_of(logits)
    if len(shape) != 2:
        raise ValueError(f"random.categorical: expected logits (batch, classes), received shape {shape}.")
    batch, classes = shape
    u = _draw("uniform", (batch, int(num_samples), classes), 0.0, 1.0, "float32", seed)
    gumbel = _core.negative(_core.log(_core.negative(_core.log(u))))
    y = _core.argmax(_core.add(_core.reshape(logits, (batch, 1, classes)), gumbel), 2)
    return _core.cast(y, standardize_dtype(dtype))


def shuffle(x: Any, axis: int = 0, seed: int | SeedGenerator | None = None) -> Tensor:
    """A copy of x with its slices along `axis` in random order.

    >>> sorted(shuffle(np.arange(5), seed=1).tolist())
    [0, 1, 2, 3, 4]
    """
    order = _core.argsort(_draw("uniform", (_shape_of(x)[axis],), 0.0, 1.0, "float64", seed))
    return _core.take(x, order, axis)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: int | SeedGenerator | None = None) -> Tensor:
    """Zeroes each element with probability `rate` and scales the rest by 1 / (1 - rate); differentiable.

    Args:
        noise_shape: shape of the mask, None entries as the input; 1 shares the decision along an axis.
    """
    number = make_seed() if seed is None else seed.next() if isinstance(seed, SeedGenerator) else int(seed)
    return masked_dropout(inputs, float(rate), noise_shape, number)


def masked_dropout(inputs: Any, rate: float, noise_shape: Any, number: int) -> Tensor:
    """`dropout` for the seed of the native op, which draws other numbers at each call."""
    if noise_shape is None:
        return _core.dropout(inputs, rate, number)
    shape = concrete_noise_shape(inputs, noise_shape)
    ones = _core.full(shape, standardize_dtype(inputs.dtype), 1.0)
    return _core.multiply(inputs, _core.dropout(ones, rate, number))


def concrete_noise_shape(inputs: Any, noise_shape: Any) -> tuple[int, ...]:
    """`noise_shape` with the input's extents where it has None; the input's shape where it is None itself."""
    if noise_shape is None:
        return tuple(inputs.shape)
    fits = len(noise_shape) == len(inputs.shape)
    if not fits or any(d not in (None, 1, n) for d, n in zip(noise_shape, inputs.shape, strict=True)):
        raise ValueError(
            f"dropout: `noise_shape` {tuple(noise_shape)} does not fit an input of shape {tuple(inputs.shape)}; each "
            "entry is None, 1 or the input's extent."
        )
    return tuple(n if d is None else d for d, n in zip(noise_shape, inputs.shape, strict=True))

"""Random numbers: distributions, seed generators, and the global seed.

Every seed that netlet draws (initializers, dropout, shuffling) comes from `make_seed()`: a hash of the global seed and
the number of seeds drawn so far. A program that starts with `utils.set_random_seed(s)` is therefore reproducible bit by
bit.

Arguments that the distributions share:

- `shape`: tuple of integers.
- `dtype`: default `config.floatx()`, for `randint` and `categorical` "int32".
- `seed`: None for the global sequence, an integer, or a `SeedGenerator`. An integer gives the same numbers at each
  call, except that `dropout` continues the sequence of its seed. With the others each call gives new numbers, and so
  does each run of a recorded step.
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
    global _seed, _drawn
    with _lock:
        if _seed is None:
            _seed = int.from_bytes(os.urandom(6), "little")
        seed, number = _seed, _drawn
        _drawn += 1
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0]) >> 11


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

    def next(self, ordered: bool = True) -> int:
        """Returns the next seed, in [0, 2**53).

        Args:
            ordered: accepted for compatibility with Keras.
        """
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


def _global_seed() -> int:
    """Returns the seed of recorded steps if no seed is given: it depends on the global seed only."""
    make_seed_if_unset()
    return int(np.random.SeedSequence([_seed or 0]).generate_state(1, np.uint64)[0]) >> 11


def _number(seed: int | SeedGenerator | None) -> tuple[int, bool]:
    """Returns (seed of the native op, whether each run of a recorded step draws new numbers).

    An integer gives the same numbers at each call and each run. With None or a SeedGenerator, an unrecorded call takes
    the next seed. A recorded call uses the seed of the whole sequence, so that the numbers do not depend on how often
    the step was recorded.
    """
    if seed is not None and not isinstance(seed, SeedGenerator):
        return int(seed) & (2**64 - 1), False
    if _core.recording():
        return (_global_seed() if seed is None else seed.seed & (2**64 - 1)), True
    return (make_seed() if seed is None else seed.next()), False


def _draw(distribution: str, shape: Any, a: float, b: float, dtype: str, seed: int | SeedGenerator | None) -> Tensor:
    """Draws from a distribution; dtypes other than float32 and float64 are cast from float32."""
    drawn = dtype if dtype in ("float32", "float64") else "float32"
    number, fresh = _number(seed)
    y = _core.random(distribution, tuple(shape), drawn, float(a), float(b), number, fresh)
    return y if drawn == dtype else _core.cast(y, dtype)


def _shape_of(x: Any) -> tuple[int, ...]:
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Draws from the normal distribution.

    In a layer's `call` that is recorded for training, each step draws new numbers unless `seed` is an integer. That
    holds for all functions of this module.

    Args:
        shape: tuple of integers.
        mean: mean; default 0.
        stddev: standard deviation; default 1.
        dtype: a float dtype; default `config.floatx()`.
        seed: integer, `SeedGenerator`, or None for the global sequence.

    Returns:
        A Tensor.

    >>> normal((2, 3), seed=1).shape
    (2, 3)
    """
    return _draw("normal", shape, mean, stddev, standardize_dtype(dtype), seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Draws from the normal distribution truncated at two standard deviations from the mean.

    Args:
        shape: tuple of integers.
        mean: mean; default 0.
        stddev: standard deviation before the truncation; default 1.
        dtype: a float dtype; default `config.floatx()`.
        seed: integer, `SeedGenerator`, or None for the global sequence.

    Returns:
        A Tensor.

    >>> bool((abs(truncated_normal((1000,), seed=1)) <= 2).all())
    True
    """
    return _draw("truncated_normal", shape, mean, stddev, standardize_dtype(dtype), seed)


def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Draws from the uniform distribution on [minval, maxval).

    Args:
        shape: tuple of integers.
        minval: lower limit, included; default 0.
        maxval: upper limit, excluded; default 1.
        dtype: a float dtype, or an integer dtype for integers as from `randint`; default `config.floatx()`.
        seed: integer, `SeedGenerator`, or None for the global sequence.

    Returns:
        A Tensor.

    Raises:
        ValueError: minval >= maxval with an integer dtype.

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
    """Draws integers uniformly from [minval, maxval).

    Each is computed from 53 random bits, so ranges larger than about 2**50 are not exactly uniform.

    Args:
        shape: tuple of integers.
        minval: lower limit, included.
        maxval: upper limit, excluded.
        dtype: an integer dtype; default "int32".
        seed: integer, `SeedGenerator`, or None for the global sequence.

    Returns:
        A Tensor.

    Raises:
        ValueError: minval >= maxval.

    >>> sorted({int(i) for i in randint((100,), 3, 6, seed=1)})
    [3, 4, 5]
    """
    if not minval < maxval:
        raise ValueError(f"random.randint: expected minval < maxval, received minval={minval} and maxval={maxval}.")
    dtype = standardize_dtype(dtype)
    return _core.cast(_core.floor(_draw("uniform", shape, minval, maxval, "float64", seed)), dtype)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None) -> Tensor:
    """Draws classes with probabilities softmax(logits), by the Gumbel-max trick.

    Args:
        logits: array or Tensor (batch, classes).
        num_samples: number of draws per row.
        dtype: dtype of the result; default "int32".
        seed: integer, `SeedGenerator`, or None for the global sequence.

    Returns:
        A Tensor (batch, num_samples) of classes.

    Raises:
        ValueError: `logits` is not a matrix.

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
    """Returns a copy of x with its slices along `axis` in random order.

    Args:
        x: array or Tensor.
        axis: axis to shuffle; default the first.
        seed: integer, `SeedGenerator`, or None for the global sequence.

    >>> sorted(shuffle(np.arange(5), seed=1).tolist())
    [0, 1, 2, 3, 4]
    """
    order = _core.argsort(_draw("uniform", (_shape_of(x)[axis],), 0.0, 1.0, "float64", seed))
    return _core.take(x, order, axis)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: int | SeedGenerator | None = None) -> Tensor:
    """Sets each element to 0 with probability `rate` and divides the others by 1 - rate. It is differentiable.

    Args:
        inputs: array or Tensor of floats.
        rate: fraction of the elements to drop, in [0, 1).
        noise_shape: shape of the mask, which broadcasts to the input. None entries are the input's size, an entry 1
            drops whole slices along that axis. Default the input's shape.
        seed: integer, `SeedGenerator`, or None for the global sequence. Repeated calls with the same integer continue
            its sequence and drop other elements.

    Returns:
        A Tensor of the input's shape.

    Raises:
        ValueError: `noise_shape` does not fit the input, or `rate` is outside of [0, 1).

    >>> dropout(np.ones((2, 3), "float32"), 0.5, seed=1).shape
    (2, 3)
    """
    number = make_seed() if seed is None else seed.next() if isinstance(seed, SeedGenerator) else int(seed)
    return masked_dropout(inputs, float(rate), noise_shape, number)


def masked_dropout(inputs: Any, rate: float, noise_shape: Any, number: int) -> Tensor:
    """As `dropout`, but takes the seed of the native op, `number`. Each call draws new numbers."""
    if noise_shape is None:
        return _core.dropout(inputs, rate, number)
    shape = concrete_noise_shape(inputs, noise_shape)
    ones = _core.full(shape, standardize_dtype(inputs.dtype), 1.0)
    return _core.multiply(inputs, _core.dropout(ones, rate, number))


def concrete_noise_shape(inputs: Any, noise_shape: Any) -> tuple[int, ...]:
    """Returns `noise_shape` with None entries replaced by the input's sizes; the input's shape for None."""
    if noise_shape is None:
        return tuple(inputs.shape)
    fits = len(noise_shape) == len(inputs.shape)
    if not fits or any(d not in (None, 1, n) for d, n in zip(noise_shape, inputs.shape, strict=True)):
        raise ValueError(
            f"dropout: expected a `noise_shape` whose entries are None, 1 or the input's sizes {tuple(inputs.shape)}, "
            f"received {tuple(noise_shape)}."
        )
    return tuple(n if d is None else d for d, n in zip(noise_shape, inputs.shape, strict=True))

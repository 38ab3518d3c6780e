"""Distributions, categories and shuffles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import is_int, standardize_dtype
from netlet.engine.tensor import Tensor

from .seeds import SeedGenerator, native_seed


def _draw(distribution: str, shape: Any, a: float, b: float, dtype: str, seed: int | SeedGenerator | None) -> Tensor:
    """Draws from a distribution; dtypes other than float32 and float64 are cast from float32."""
    drawn = dtype if dtype in ("float32", "float64") else "float32"
    if not isinstance(shape, Iterable):
        raise TypeError(f"random.{distribution}: expected a tuple of sizes as `shape`, received {shape!r}.")
    number, fresh = native_seed(seed)
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
        seed: integer, `SeedGenerator`, or None (the default) for the global sequence.

    Returns:
        Tensor of that shape and dtype.

    Raises:
        TypeError: `shape` is no tuple of sizes.

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
        seed: integer, `SeedGenerator`, or None (the default) for the global sequence.

    Returns:
        Tensor of that shape and dtype.

    Raises:
        TypeError: `shape` is no tuple of sizes.

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
        seed: integer, `SeedGenerator`, or None (the default) for the global sequence.

    Returns:
        Tensor of that shape and dtype.

    Raises:
        ValueError: minval >= maxval with an integer dtype.
        TypeError: `shape` is no tuple of sizes.

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
        seed: integer, `SeedGenerator`, or None (the default) for the global sequence.

    Returns:
        Tensor of that shape and dtype.

    Raises:
        ValueError: minval >= maxval; a dtype that is no integer dtype.
        TypeError: `shape` is no tuple of sizes.

    >>> sorted({int(i) for i in randint((100,), 3, 6, seed=1)})
    [3, 4, 5]
    """
    if not minval < maxval:
        raise ValueError(f"random.randint: expected minval < maxval, received minval={minval} and maxval={maxval}.")
    dtype = standardize_dtype(dtype)
    if not is_int(dtype):
        raise ValueError(f"random.randint: expected an integer dtype, received {dtype!r}.")
    return _core.cast(_core.floor(_draw("uniform", shape, minval, maxval, "float64", seed)), dtype)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None) -> Tensor:
    """Draws classes with probabilities softmax(logits), by the Gumbel-max trick.

    Args:
        logits: array or Tensor (batch, classes).
        num_samples: number of draws per row.
        dtype: dtype of the result; default "int32".
        seed: integer, `SeedGenerator`, or None (the default) for the global sequence.

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
        x: array or Tensor of at least one axis.
        axis: axis to shuffle; default the first.
        seed: integer, `SeedGenerator`, or None (the default) for the global sequence.

    Returns:
        Tensor of x's shape and dtype.

    Raises:
        IndexError: x has no such axis.

    >>> sorted(shuffle(np.arange(5), seed=1).tolist())
    [0, 1, 2, 3, 4]
    """
    order = _core.argsort(_draw("uniform", (_shape_of(x)[axis],), 0.0, 1.0, "float64", seed))
    return _core.take(x, order, axis)

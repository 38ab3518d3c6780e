"""Gamma and beta distributions: rejection with a fixed number of tries, so that a recorded step can contain it."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import standardize_dtype
from netlet.engine.tensor import Tensor

from .draws import normal, uniform
from .seeds import SeedGenerator, integer_seed
from .streams import hashed_seed

_TRIES = 8  # each succeeds with a probability of at least 0.95: all fail in less than one of 10^10 draws


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: int | SeedGenerator | None = None) -> Tensor:
    """Draws from the gamma distribution with scale 1: density x^(alpha - 1) exp(-x) / Γ(alpha), x > 0.

    Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000.

    Args:
        shape: tuple of integers.
        alpha: shape parameter, positive; a number or an array that broadcasts to `shape`.
        dtype: a float dtype; default `config.floatx()`.
        seed: integer, `SeedGenerator`, or None (the default) for the global sequence.

    Returns:
        Tensor of that shape and dtype.

    Raises:
        ValueError: `alpha` is not positive or does not broadcast to `shape`.
        TypeError: a parameter holds no real numbers.

    >>> bool((gamma((100,), 2.0, seed=1) > 0).all())
    True
    """
    dtype = standardize_dtype(dtype)
    return _core.cast(_core.exp(_log_gamma("gamma", "alpha", shape, alpha, dtype, seed, 0)), dtype)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: int | SeedGenerator | None = None) -> Tensor:
    """Draws from the beta distribution: density x^(alpha - 1) (1 - x)^(beta - 1) / B(alpha, beta), 0 < x < 1.

    It is X / (X + Y) with X and Y from gamma distributions.

    Args:
        shape: tuple of integers.
        alpha: first parameter, positive; a number or an array that broadcasts to `shape`.
        beta: second parameter, likewise.
        dtype: a float dtype; default `config.floatx()`.
        seed: integer, `SeedGenerator`, or None (the default) for the global sequence.

    Returns:
        Tensor of that shape and dtype.

    Raises:
        ValueError: a parameter is not positive or does not broadcast to `shape`.
        TypeError: a parameter holds no real numbers.

    >>> abs(float(beta((1000,), 2.0, 2.0, seed=1).mean()) - 0.5) < 0.05
    True
    """
    dtype = standardize_dtype(dtype)
    x = _log_gamma("beta", "alpha", shape, alpha, dtype, seed, 0)
    y = _log_gamma("beta", "beta", shape, beta, dtype, seed, 3)
    return _core.cast(_core.activation(_core.subtract(x, y), "sigmoid"), dtype)


def _log_gamma(name: str, label: str, shape: Any, alpha: Any, dtype: str, seed: Any, stream: int) -> Any:
    """Logarithms of gamma variables, which do not underflow where alpha is small.

    Args:
        name, label: of the function and its parameter, for errors.
        shape, alpha, seed: as for `gamma`.
        dtype: of the result of `gamma`; float64 is computed in float64, others in float32.
        stream: distinguishes draws with the same integer seed.
    """
    shape, dtype = tuple(shape), "float64" if dtype == "float64" else "float32"
    a = _parameter(name, label, alpha, shape, dtype)
    small = _core.less(a, 1.0)
    d = _core.subtract(_core.add(a, _core.cast(small, dtype)), 1 / 3)
    c = _core.rsqrt(_core.multiply(d, 9.0))
    x = normal((_TRIES, *shape), dtype=dtype, seed=_stream(seed, stream))
    u = uniform((_TRIES, *shape), dtype=dtype, seed=_stream(seed, stream + 1))
    v = _core.add(_core.multiply(c, x), 1.0)
    positive = _core.greater(v, 0.0)
    log_v = _core.multiply(_core.log(_core.where(positive, v, 1.0)), 3.0)
    limit = _core.add(
        _core.multiply(_core.square(x), 0.5),
        _core.multiply(d, _core.add(_core.subtract(1.0, _core.exp(log_v)), log_v)),
    )
    accepted = _core.logical_and(positive, _core.less(_core.log(u), limit))
    first = _core.argmax(_core.cast(accepted, dtype), 0)
    log_v = _core.reshape(_core.take_along_axis(log_v, _core.reshape(first, (1, *shape)), 0), shape)
    # For alpha < 1: gamma(alpha) = gamma(alpha + 1) * u^(1 / alpha), u in (0, 1].
    u = _core.subtract(1.0, uniform(shape, dtype=dtype, seed=_stream(seed, stream + 2)))
    power = _core.where(small, _core.divide(_core.log(u), a), 0.0)
    return _core.add(_core.add(log_v, _core.log(d)), power)


def _stream(seed: Any, stream: int) -> Any:
    """An integer seed gives the same numbers at each call: each draw of one call takes its own."""
    if seed is None or isinstance(seed, SeedGenerator):
        return seed
    return hashed_seed(integer_seed(seed), stream)


def _parameter(name: str, label: str, value: Any, shape: tuple[int, ...], dtype: str) -> Any:
    try:
        x = getattr(value, "_tensor", value)  # a Variable's: a recorded step reads its value anew in each run
        x = x if isinstance(x, Tensor) else _core.as_tensor(x if hasattr(x, "__dlpack__") else np.asarray(x))
        kind = None if x.dtype.startswith(("float", "bfloat", "int", "uint", "bool")) else x.dtype
    except TypeError:
        kind = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
    if kind is not None:
        raise TypeError(f"random.{name}: expected numbers as `{label}`, received {kind}.")
    try:
        fits = np.broadcast_shapes(tuple(x.shape), shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"random.{name}: expected `{label}` to broadcast to {shape}, received {tuple(x.shape)}.")
    if not _core.recording() and not bool(np.all(np.asarray(_core.cast(x, "float64")) > 0)):
        raise ValueError(f"random.{name}: expected a positive `{label}`, received {value!r}.")
    return _core.broadcast_to(_core.cast(x, dtype), shape)

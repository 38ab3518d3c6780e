"""Dropout as a function, and what the dropout layers share with it."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import standardize_dtype
from netlet.engine.tensor import Tensor

from .seeds import SeedGenerator, integer_seed, make_seed


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: int | SeedGenerator | None = None) -> Tensor:
    """Sets each element to 0 with probability `rate` and divides the others by 1 - rate. It is differentiable.

    Args:
        inputs: array or Tensor of floats.
        rate: fraction of the elements to drop, in [0, 1]; 1 gives zeros.
        noise_shape: shape of the mask, which broadcasts to the input. None entries are the input's size, an entry 1
            drops whole slices along that axis. Default the input's shape.
        seed: integer, `SeedGenerator`, or None for the global sequence. Repeated calls with the same integer continue
            its sequence and drop other elements.

    Returns:
        A Tensor of the input's shape and dtype.

    Raises:
        ValueError: `noise_shape` does not fit the input, or `rate` is outside of [0, 1].

    >>> import numpy as np
    >>> dropout(np.ones((2, 3), "float32"), 0.5, seed=1).shape
    (2, 3)
    """
    number = make_seed() if seed is None else seed.next() if isinstance(seed, SeedGenerator) else integer_seed(seed)
    x = _core.as_tensor(inputs)
    if rate == 1:
        concrete_noise_shape(x, noise_shape)
        return _core.full(tuple(x.shape), x.dtype, 0.0)
    y = masked_dropout(x, float(rate), noise_shape, number)
    return y if y.dtype == x.dtype else _core.cast(y, x.dtype)


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

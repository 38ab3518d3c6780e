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
            drops whole slices along that axis. None (the default): the input's shape.
        seed: integer, `SeedGenerator`, or None (the default) for the global sequence. Repeated calls with the same
            integer continue its sequence and drop other elements.

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
    """Dropout whose mask may be smaller than the input, for layers, which keep their seeds by themselves.

    Args:
        inputs: Tensor of floats.
        rate: fraction of the elements to drop, in [0, 1); the others are divided by 1 - rate.
        noise_shape: shape of the mask, as for `dropout`; None for the input's.
        number: the seed of the native op, an integer below 2**64. Each call with it draws new numbers.

    Returns:
        Tensor of the input's shape.

    Raises:
        ValueError: `noise_shape` does not fit the input.

    >>> masked_dropout(_core.full((2, 3), "float32", 1.0), 0.5, (2, 1), 1).shape
    (2, 3)
    """
    if noise_shape is None:
        return _core.dropout(inputs, rate, number)
    shape = concrete_noise_shape(inputs, noise_shape)
    ones = _core.full(shape, standardize_dtype(inputs.dtype), 1.0)
    return _core.multiply(inputs, _core.dropout(ones, rate, number))


def concrete_noise_shape(inputs: Any, noise_shape: Any) -> tuple[int, ...]:
    """Returns `noise_shape` with None entries replaced by the input's sizes.

    Args:
        inputs: an array or Tensor.
        noise_shape: one entry for each axis of the input: its size, 1, or None for its size. None: the input's shape.

    Returns:
        tuple of integers, which broadcasts to the input's shape.

    Raises:
        ValueError: another number of entries, or an entry that is neither None, 1 nor the input's size.

    >>> import numpy as np
    >>> concrete_noise_shape(np.ones((2, 3, 4)), (None, 1, None))
    (2, 1, 4)
    """
    if noise_shape is None:
        return tuple(inputs.shape)
    fits = len(noise_shape) == len(inputs.shape)
    if not fits or any(d not in (None, 1, n) for d, n in zip(noise_shape, inputs.shape, strict=True)):
        raise ValueError(
            f"dropout: expected a `noise_shape` whose entries are None, 1 or the input's sizes {tuple(inputs.shape)}, "
            f"received {tuple(noise_shape)}."
        )
    return tuple(n if d is None else d for d, n in zip(noise_shape, inputs.shape, strict=True))

"""Dropout: zeroes at random while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core, ops
from ..random import SeedGenerator
from .activation import Elementwise


class Dropout(Elementwise):
    """While training, zeroes each element with probability `rate` and scales the others by 1 / (1 - rate).

    Args:
        rate: in [0, 1].
        noise_shape: shape of the mask, None entries as the input; 1 shares the decision along an axis.
        seed: integer, or None for the next one of netlet's global sequence.

    The mask is a function of (seed, step, element): the same for any number of threads.
    Source: Srivastava et al., 2014; inverted scaling as in Keras.

    Example:

    >>> Dropout(0.5)(np.ones((2, 3), "float32"), training=False).numpy().sum()
    np.float32(6.0)
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.number)) or not 0 <= rate <= 1:
            raise ValueError(f"Layer '{self.name}': `rate` must be a number in [0, 1]; given {rate!r}.")
        self.rate = rate
        self.seed = seed
        self.noise_shape = None if noise_shape is None else _noise_shape(noise_shape)
        self.seed_generator = SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.multiply(inputs, 0.0)
        if self.noise_shape is None:
            return _core.dropout(inputs, float(self.rate), self.seed_generator.seed)
        given = self.noise_shape
        shape = [n if d is None else d for d, n in zip(given, inputs.shape, strict=True)]
        mask = _core.dropout(ops.ones(shape, inputs.dtype), float(self.rate), self.seed_generator.seed)
        return ops.multiply(inputs, mask)

    def get_config(self) -> dict[str, Any]:
        own = {"rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
        return {**super().get_config(), **own}


def _noise_shape(noise_shape: Any) -> tuple[int | None, ...]:
    ok = isinstance(noise_shape, (tuple, list)) and all(
        d is None or (isinstance(d, int) and d > 0) for d in noise_shape
    )
    if not ok:
        raise ValueError(f"Dropout: `noise_shape` is a tuple of positive integers and None; given {noise_shape!r}.")
    return tuple(noise_shape)

"""GaussianNoise and GaussianDropout: add or multiply normal noise while training."""

from __future__ import annotations

import math
from typing import Any

from netlet import ops
from netlet.random import SeedGenerator, normal

from ..base.elementwise import Elementwise
from .dropout import share


class GaussianNoise(Elementwise):
    """Adds normal noise with mean 0 while training. Input and output have the same shape.

    Args:
        stddev: standard deviation of the noise, in [0, 1].
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: stddev is not in [0, 1].

    >>> import numpy as np
    >>> GaussianNoise(0.1)(np.ones((2, 3), "float32"), training=False).numpy()
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = share(self, "stddev", stddev)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return ops.add(inputs, normal(inputs.shape, 0.0, self.stddev, inputs.dtype, self.seed_generator))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class GaussianDropout(Elementwise):
    """Multiplies by normal noise with mean 1 and standard deviation sqrt(rate / (1 - rate)) while training.

    Input and output have the same shape.

    Args:
        rate: in [0, 1); the noise has the variance of dropout with this rate.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: rate is not in [0, 1]; rate is 1 while training.

    Source: Srivastava et al., 2014, section 10.

    >>> import numpy as np
    >>> GaussianDropout(0.1)(np.ones((2, 3), "float32"), training=False).numpy()
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = share(self, "rate", rate)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            raise ValueError(
                f"Layer '{self.name}': expected `rate` below 1, received 1, for which the noise is infinite."
            )
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return ops.multiply(inputs, normal(inputs.shape, 1.0, stddev, inputs.dtype, self.seed_generator))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}

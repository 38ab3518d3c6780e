"""Initializers that draw from a distribution as it is given, and orthogonal matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import _core, random
from netlet.config import standardize_dtype

from .initializer import Initializer


class RandomInitializer(Initializer):
    """Base of the random ones: keeps the seed as given (for the config) and the one in use."""

    def __init__(self, seed: Any = None) -> None:
        if seed is not None and not isinstance(seed, random.SeedGenerator):
            if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
                raise ValueError(f"{type(self).__name__}: `seed` must be an integer; given {seed!r}.")
            seed = int(seed)
        self._init_seed = seed
        self.seed: Any = random.make_seed() if seed is None else seed

    def get_config(self) -> dict[str, Any]:
        seed = self._init_seed
        return {"seed": seed.get_config() if isinstance(seed, random.SeedGenerator) else seed}


class RandomNormal(RandomInitializer):
    """Normal with the given mean and standard deviation."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Normal, redrawn until within two `stddev` of the mean."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


class RandomUniform(RandomInitializer):
    """Uniform in [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class Orthogonal(RandomInitializer):
    """`gain` times a matrix with orthonormal rows or columns (Saxe et al., 2014); leading axes count as one.

    >>> w = Orthogonal(seed=1)((4, 3), "float64")
    >>> bool(np.allclose(w.T @ w, np.eye(3)))
    True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs at least two axes; given shape {tuple(shape)}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        values = random.generator(self.seed).standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(values)
        q = q * np.sign(np.diag(r))  # without this the signs of the factorization would bias the distribution
        if rows < columns:
            q = q.T
        return _core.tensor(self.gain * q.reshape(shape), standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}

"""Random initializers with fixed distributions, and orthogonal matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import _core, random
from netlet.config import standardize_dtype
from netlet.saving.serialization import deserialize_object, serialize_object

from .initializer import Initializer


class RandomInitializer(Initializer):
    """Base class of random initializers. It stores the seed that was given, for the config, and the seed in use.

    An initializer with an integer seed returns the same numbers at each call; a `random.SeedGenerator` advances.

    Args:
        seed: integer, `random.SeedGenerator` or its config, or None (the default) for the next seed of the global
            sequence.

    Raises:
        ValueError: another type.

    >>> from netlet import random
    >>> class Signs(RandomInitializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return np.sign(random.normal(shape, dtype=dtype, seed=self.seed).numpy())
    >>> sorted(set(Signs(seed=1)((100,)).tolist()))
    [-1.0, 1.0]
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, dict):
            seed = deserialize_object(seed)
        if seed is not None and not isinstance(seed, random.SeedGenerator):
            if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
                raise ValueError(f"{type(self).__name__}: expected an integer as `seed`, received {seed!r}.")
            seed = int(seed)
        self._init_seed = seed
        self.seed: Any = random.make_seed() if seed is None else seed

    def get_config(self) -> dict[str, Any]:
        seed = self._init_seed
        return {"seed": serialize_object(seed) if isinstance(seed, random.SeedGenerator) else seed}


class RandomNormal(RandomInitializer):
    """Draws from a normal distribution.

    Args:
        mean: mean; default 0.
        stddev: standard deviation; default 0.05.
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.

    >>> RandomNormal(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Draws from a normal distribution that is truncated at two standard deviations from the mean.

    Args:
        mean: mean; default 0.
        stddev: standard deviation before the truncation; default 0.05.
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.

    >>> bool(abs(TruncatedNormal(seed=1)((100,))).max() <= 0.1)
    True
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


class RandomUniform(RandomInitializer):
    """Draws from the uniform distribution on [minval, maxval).

    Args:
        minval: lower limit, included; default -0.05.
        maxval: upper limit, excluded; default 0.05.
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.

    >>> bool(RandomUniform(0.0, 1.0, seed=1)((100,)).min() >= 0)
    True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class Orthogonal(RandomInitializer):
    """`gain` times a random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al., 2014).

    A shape with more than two axes is treated as a matrix whose rows are all axes but the last.

    Args:
        gain: factor; default 1.
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.

    Raises:
        ValueError: the shape, at the call, has fewer than two axes.

    >>> w = Orthogonal(seed=1)((4, 3), "float64")
    >>> bool(np.allclose(w.T @ w, np.eye(3)))
    True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: expected a shape with at least two axes, received {tuple(shape)}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        values = random.generator(self.seed).standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(values)
        q = q * np.sign(np.diag(r))  # QR chooses the signs; without this factor the distribution would not be uniform
        if rows < columns:
            q = q.T
        return _core.tensor(self.gain * q.reshape(shape), standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}

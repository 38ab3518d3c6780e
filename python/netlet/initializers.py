"""How weights begin. Each is called as `initializer(shape, dtype)` and gives an array.

Random ones take `seed`: None draws one from netlet's global sequence (`utils.set_random_seed`). An initializer with a
fixed seed gives the same numbers at each call, as in Keras 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import random
from .config import standardize_dtype
from .utils.registry import Table, names_of


class Initializer:
    """Base: subclass with `__call__(shape, dtype=None, **kwargs)` and `get_config`."""

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must implement __call__(shape, dtype).")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        return cls(**config)

    def clone(self) -> Initializer:
        return type(self).from_config(self.get_config())


class Zeros(Initializer):
    """
    >>> Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> np.ndarray:
        return np.zeros(shape, standardize_dtype(dtype))


class Ones(Initializer):
    """
    >>> Ones()((2,))
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> np.ndarray:
        return np.ones(shape, standardize_dtype(dtype))


class Constant(Initializer):
    """Every element is `value` (a number, or an array that broadcasts to the shape).

    >>> Constant(3.0)((2,))
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> np.ndarray:
        return np.array(np.broadcast_to(np.asarray(self.value), shape), standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value.tolist() if isinstance(self.value, (np.ndarray, np.generic)) else self.value}


class Identity(Initializer):
    """`gain` on the diagonal of a matrix.

    >>> Identity(2.0)((2, 2))
    array([[2., 0.],
           [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> np.ndarray:
        if len(shape) != 2:
            raise ValueError(f"Identity needs a matrix; given shape {tuple(shape)}.")
        return (self.gain * np.eye(*shape)).astype(standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


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

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> np.ndarray:
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Normal, redrawn until within two `stddev` of the mean."""

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> np.ndarray:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


class RandomUniform(RandomInitializer):
    """Uniform in [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> np.ndarray:
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class VarianceScaling(RandomInitializer):
    """Zero mean, variance scale / n, where n is fan_in, fan_out or their mean.

    Args:
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal" (stddev corrected for the truncation), "untruncated_normal" or "uniform".
        input_axes, output_axes: which axes count as inputs and outputs, where the usual ones are wrong.

    Example:

    >>> w = VarianceScaling(2.0, "fan_in", "uniform", seed=1)((100, 50))
    >>> bool(abs(w).max() <= (3 * 2.0 / 100) ** 0.5)
    True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Any = None,
        output_axes: Any = None,
    ) -> None:
        if not scale > 0:
            raise ValueError(f"VarianceScaling: `scale` must be positive; given {scale!r}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"VarianceScaling: `mode` is 'fan_in', 'fan_out' or 'fan_avg'; given {mode!r}.")
        distribution = str(distribution).lower()
        if distribution == "normal":
            distribution = "truncated_normal"
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                "VarianceScaling: `distribution` is 'uniform', 'truncated_normal' or 'untruncated_normal'; "
                f"given {distribution!r}."
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> np.ndarray:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        # A standard normal cut at +-2 has this standard deviation (scipy.stats.truncnorm.std(-2, 2)).
        return random.truncated_normal(shape, 0.0, math.sqrt(variance) / 0.87962566103423978, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _FixedScaling(VarianceScaling):
    """VarianceScaling with everything but the seed decided."""

    settings: tuple[float, str, str]

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(*self.settings, seed=seed, input_axes=input_axes, output_axes=output_axes)

    def get_config(self) -> dict[str, Any]:
        axes = {"input_axes": self.input_axes, "output_axes": self.output_axes}
        return {**RandomInitializer.get_config(self), **axes}


class GlorotUniform(_FixedScaling):
    """Uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010): the default of kernels."""

    settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_FixedScaling):
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)."""

    settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_FixedScaling):
    """Uniform in +-sqrt(6 / fan_in) (He et al., 2015): for relu."""

    settings = (2.0, "fan_in", "uniform")


class HeNormal(_FixedScaling):
    """Truncated normal of variance 2 / fan_in (He et al., 2015): for relu."""

    settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_FixedScaling):
    """Uniform in +-sqrt(3 / fan_in) (Klambauer et al., 2017)."""

    settings = (1.0, "fan_in", "uniform")


class LecunNormal(_FixedScaling):
    """Truncated normal of variance 1 / fan_in (Klambauer et al., 2017): for selu."""

    settings = (1.0, "fan_in", "truncated_normal")


class Orthogonal(RandomInitializer):
    """`gain` times a matrix with orthonormal rows or columns (Saxe et al., 2014); leading axes count as one.

    >>> w = Orthogonal(seed=1)((4, 3), "float64")
    >>> bool(np.allclose(w.T @ w, np.eye(3)))
    True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs at least two axes; given shape {tuple(shape)}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        values = random.generator(self.seed).standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(values)
        q = q * np.sign(np.diag(r))  # without this the signs of the factorization would bias the distribution
        if rows < columns:
            q = q.T
        return (self.gain * q.reshape(shape)).astype(standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}


def compute_fans(shape: Any, input_axes: Any = None, output_axes: Any = None) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight: a kernel ends with its input and output channels, the axes before them are space.

    >>> compute_fans((784, 16)), compute_fans((3, 3, 8, 16))
    ((784, 16), (72, 144))
    """
    shape = tuple(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) == 0:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    space = math.prod(shape[:-2])
    return int(shape[-2] * space), int(shape[-1] * space)


OBJECTS = names_of(
    [
        Initializer,
        Constant,
        Identity,
        Ones,
        Zeros,
        GlorotNormal,
        GlorotUniform,
        HeNormal,
        HeUniform,
        LecunNormal,
        LecunUniform,
        Orthogonal,
        RandomNormal,
        RandomUniform,
        TruncatedNormal,
        VarianceScaling,
    ],
    IdentityInitializer=Identity,
    OrthogonalInitializer=Orthogonal,
    normal=RandomNormal,
    uniform=RandomUniform,
    one=Ones,
    zero=Zeros,
)
_table = Table("initializer", OBJECTS)


def serialize(initializer: Any) -> Any:
    """The config dict of an initializer."""
    return _table.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer of a config dict or name."""
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """An initializer from a name ("he_normal"), config, class, callable, or an array that is the value itself.

    >>> get("zeros")((1,))
    array([0.], dtype=float32)
    """
    if isinstance(identifier, (np.ndarray, np.generic)) or hasattr(identifier, "_tensor"):
        value = np.asarray(identifier)

        def initialize(shape: Any, dtype: Any = None) -> np.ndarray:
            if tuple(shape) != value.shape:
                raise ValueError(f"The given initial value has shape {value.shape}; the weight has {tuple(shape)}.")
            return value.astype(standardize_dtype(dtype))

        return initialize
    if isinstance(identifier, Initializer):
        return identifier.clone()  # so that one object given to two layers does not make them equal
    return _table.get(identifier)


# Keras also offers each under its snake-case name.
zeros, ones, constant, identity = Zeros, Ones, Constant, Identity
random_normal, random_uniform, truncated_normal, variance_scaling = (
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
glorot_uniform, glorot_normal, he_uniform, he_normal = GlorotUniform, GlorotNormal, HeUniform, HeNormal
lecun_uniform, lecun_normal, orthogonal = LecunUniform, LecunNormal, Orthogonal

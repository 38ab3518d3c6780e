"""Random initializers whose variance depends on the number of inputs and outputs: Glorot, He, Lecun."""

from __future__ import annotations

import math
from typing import Any

from netlet import random

from .draws import RandomInitializer


class VarianceScaling(RandomInitializer):
    """Draws with mean 0 and variance scale / n, where n is fan_in, fan_out or their mean.

    fan_in and fan_out are the numbers of inputs and outputs of a unit; see `compute_fans`.

    Args:
        scale: positive factor; 1 by default.
        mode: n: "fan_in" (the default), "fan_out" or "fan_avg".
        distribution: "truncated_normal" (the default; it has that variance after the truncation), "untruncated_normal"
            or "uniform".
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.
        input_axes, output_axes: axes of inputs and outputs, if they are not the last two; None by default. Both or none
            are given.

    Raises:
        ValueError: `scale` is not positive; an unknown mode or distribution.

    Source: Keras 3, `keras.initializers.VarianceScaling`.

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
            raise ValueError(f"VarianceScaling: expected a positive `scale`, received {scale!r}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"VarianceScaling: expected `mode` 'fan_in', 'fan_out' or 'fan_avg', received {mode!r}.")
        distribution = str(distribution).lower()
        if distribution == "normal":
            distribution = "truncated_normal"
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                "VarianceScaling: expected `distribution` 'uniform', 'truncated_normal' or 'untruncated_normal', "
                f"received {distribution!r}."
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        # The standard deviation of a standard normal truncated at +-2: scipy.stats.truncnorm.std(-2, 2).
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
    """Base of initializers that are VarianceScaling with fixed (scale, mode, distribution)."""

    settings: tuple[float, str, str]

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(*self.settings, seed=seed, input_axes=input_axes, output_axes=output_axes)

    def get_config(self) -> dict[str, Any]:
        axes = {"input_axes": self.input_axes, "output_axes": self.output_axes}
        return {**RandomInitializer.get_config(self), **axes}


class GlorotUniform(_FixedScaling):
    """Draws uniformly from +-sqrt(6 / (fan_in + fan_out)), so that variances stay the same in both directions.

    fan_in and fan_out are the numbers of inputs and outputs of a unit; see `compute_fans`.

    Args:
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.
        input_axes, output_axes: axes of inputs and outputs, if they are not the last two; None by default. Both or none
            are given.

    Source: Glorot and Bengio, 2010. It is the default of kernels, also called Xavier initialization.

    >>> w = GlorotUniform(seed=1)((100, 50))
    >>> bool(abs(w).max() <= (6 / (100 + 50)) ** 0.5)
    True
    """

    settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_FixedScaling):
    """Draws from a truncated normal distribution with variance 2 / (fan_in + fan_out).

    fan_in and fan_out are the numbers of inputs and outputs of a unit; see `compute_fans`.

    Args:
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.
        input_axes, output_axes: axes of inputs and outputs, if they are not the last two; None by default. Both or none
            are given.

    Source: Glorot and Bengio, 2010.

    >>> import numpy as np
    >>> w = GlorotNormal(seed=1)((100, 50))
    >>> bool(abs(np.std(w.numpy()) - (2 / (100 + 50)) ** 0.5) < 0.01)
    True
    """

    settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_FixedScaling):
    """Draws uniformly from +-sqrt(6 / fan_in), suitable for relu.

    fan_in and fan_out are the numbers of inputs and outputs of a unit; see `compute_fans`.

    Args:
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.
        input_axes, output_axes: axes of inputs and outputs, if they are not the last two; None by default. Both or none
            are given.

    Source: He et al., 2015.

    >>> w = HeUniform(seed=1)((100, 50))
    >>> bool(abs(w).max() <= (6 / 100) ** 0.5)
    True
    """

    settings = (2.0, "fan_in", "uniform")


class HeNormal(_FixedScaling):
    """Draws from a truncated normal distribution with variance 2 / fan_in, suitable for relu.

    fan_in and fan_out are the numbers of inputs and outputs of a unit; see `compute_fans`.

    Args:
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.
        input_axes, output_axes: axes of inputs and outputs, if they are not the last two; None by default. Both or none
            are given.

    Source: He et al., 2015.

    >>> import numpy as np
    >>> w = HeNormal(seed=1)((100, 50))
    >>> bool(abs(np.std(w.numpy()) - (2 / 100) ** 0.5) < 0.01)
    True
    """

    settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_FixedScaling):
    """Draws uniformly from +-sqrt(3 / fan_in).

    fan_in and fan_out are the numbers of inputs and outputs of a unit; see `compute_fans`.

    Args:
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.
        input_axes, output_axes: axes of inputs and outputs, if they are not the last two; None by default. Both or none
            are given.

    Source: LeCun et al., "Efficient BackProp", 1998; Klambauer et al., 2017.

    >>> w = LecunUniform(seed=1)((100, 50))
    >>> bool(abs(w).max() <= (3 / 100) ** 0.5)
    True
    """

    settings = (1.0, "fan_in", "uniform")


class LecunNormal(_FixedScaling):
    """Draws from a truncated normal distribution with variance 1 / fan_in, suitable for selu.

    fan_in and fan_out are the numbers of inputs and outputs of a unit; see `compute_fans`.

    Args:
        seed: integer, `random.SeedGenerator`, or None (the default) for the next seed of the global sequence.
        input_axes, output_axes: axes of inputs and outputs, if they are not the last two; None by default. Both or none
            are given.

    Source: Klambauer et al., 2017.

    >>> import numpy as np
    >>> w = LecunNormal(seed=1)((100, 50))
    >>> bool(abs(np.std(w.numpy()) - (1 / 100) ** 0.5) < 0.01)
    True
    """

    settings = (1.0, "fan_in", "truncated_normal")


def compute_fans(shape: Any, input_axes: Any = None, output_axes: Any = None) -> tuple[int, int]:
    """The numbers of inputs and outputs of a unit, (fan_in, fan_out), of a weight.

    The last two axes are input and output channels; the axes before them are the positions of a convolution's kernel,
    whose number multiplies both.

    Args:
        shape: tuple of integers.
        input_axes, output_axes: if both are given, the products of the sizes of these axes are returned; None by
            default.

    Returns:
        (fan_in, fan_out), two integers.

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

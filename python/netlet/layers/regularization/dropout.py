"""Dropout layers: drop elements or whole channels at random while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops
from netlet.ops.spatial.data_format import standardize
from netlet.random import SeedGenerator, concrete_noise_shape, masked_dropout, uniform

from ..base.elementwise import Elementwise
from ..base.input_spec import InputSpec


def share(layer: Any, name: str, value: Any) -> Any:
    """Returns `value`; raises ValueError if it is not a number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value <= 1:
        raise ValueError(f"Layer '{layer.name}': expected `{name}` to be a number in [0, 1], received {value!r}.")
    return value


class Dropout(Elementwise):
    """Drops elements at random while training.

    Each element is set to 0 with probability `rate`; the others are scaled by 1 / (1 - rate). Input and output have the
    same shape.

    Args:
        rate: probability to drop an element, in [0, 1].
        noise_shape: shape of the mask; None entries are the input's size, and 1 shares the mask along an axis. None
            (the default): the input's shape.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    The mask depends on (seed, step, element) only, not on the number of threads.

    Raises:
        ValueError: rate is not in [0, 1]; an invalid noise_shape.

    Source: Srivastava et al., 2014; inverted scaling as in Keras.

    Example:

    >>> Dropout(0.5)(np.ones((2, 3), "float32"), training=False).numpy()
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = share(self, "rate", rate)
        self.seed = seed
        self.noise_shape = None if noise_shape is None else _noise_shape(noise_shape)
        self.seed_generator = SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.multiply(inputs, 0.0)
        return masked_dropout(inputs, float(self.rate), self.noise_shape, self.seed_generator.seed)

    def get_config(self) -> dict[str, Any]:
        own = {"rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
        return {**super().get_config(), **own}


class _SpatialDropout(Dropout):
    """Base of layers that drop whole channels: the mask is shared along the spatial axes."""

    rank: int  # spatial axes

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._set_data_format(None)

    def _set_data_format(self, data_format: str | None) -> None:
        self.data_format = standardize(data_format)
        ones = (1,) * self.rank
        self.noise_shape = (None, *ones, None) if self.data_format == "channels_last" else (None, None, *ones)

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype}


class SpatialDropout1D(_SpatialDropout):
    """Drops whole channels of sequences at random while training; the others are scaled by 1 / (1 - rate).

    Input and output (B, steps, C).

    Args:
        rate: probability to drop a channel, in [0, 1].
        seed: integer; None (the default): the next seed of netlet's global sequence.
        name: name of the layer; None (the default): "spatial_dropout1d", numbered.
        dtype: see `Layer`; None (the default): floatx.

    Raises:
        ValueError: rate is not in [0, 1]; an input of another rank.

    Source: Tompson et al., 2015.

    >>> y = SpatialDropout1D(0.5, seed=1)(np.ones((1, 4, 8), "float32"), training=True).numpy()
    >>> bool((y == y[:, :1]).all())
    True
    """

    rank = 1


class _SpatialDropoutND(_SpatialDropout):
    """Base of SpatialDropout2D and SpatialDropout3D, which have a `data_format`."""

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self._set_data_format(data_format)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class SpatialDropout2D(_SpatialDropoutND):
    """Drops whole channels of images at random while training; the others are scaled by 1 / (1 - rate).

    Input and output (B, height, width, C), or (B, C, height, width) with data_format="channels_first".

    Args:
        rate: probability to drop a channel, in [0, 1].
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        name: name of the layer; None (the default): "spatial_dropout2d", numbered.
        dtype: see `Layer`; None (the default): floatx.

    Raises:
        ValueError: rate is not in [0, 1]; an input of another rank.

    Source: Tompson et al., 2015.

    >>> y = SpatialDropout2D(0.5, seed=1)(np.ones((1, 3, 4, 8), "float32"), training=True).numpy()
    >>> bool((y == y[:, :1, :1]).all())
    True
    """

    rank = 2


class SpatialDropout3D(_SpatialDropoutND):
    """Drops whole channels of volumes at random while training; the others are scaled by 1 / (1 - rate).

    Input and output (B, depth, height, width, C), or (B, C, depth, height, width) with data_format="channels_first".

    Args:
        rate: probability to drop a channel, in [0, 1].
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        name: name of the layer; None (the default): "spatial_dropout3d", numbered.
        dtype: see `Layer`; None (the default): floatx.

    Raises:
        ValueError: rate is not in [0, 1]; an input of another rank.

    Source: Tompson et al., 2015.

    >>> y = SpatialDropout3D(0.5, seed=1)(np.ones((1, 2, 3, 4, 8), "float32"), training=True).numpy()
    >>> bool((y == y[:, :1, :1, :1]).all())
    True
    """

    rank = 3


class AlphaDropout(Dropout):
    """Dropout for SELU networks: dropped elements get SELU's lower limit, and mean and variance do not change.

    Input and output have the same shape. With the limit a' = -1.758... and a random keep of 0 or 1:
    y = a (x keep + a' (1 - keep)) + b, a = ((1 - rate) (1 + rate a'^2))^(-1/2), b = -a a' rate.

    Args:
        rate: probability to drop an element, in [0, 1).
        noise_shape: shape of the mask; None entries are the input's size, and 1 shares the mask along an axis. None
            (the default): the input's shape.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: rate is not in [0, 1]; rate is 1 while training; an invalid noise_shape.

    Source: Klambauer et al., 2017.

    >>> float(AlphaDropout(0.5)(np.ones((2, 3), "float32")).numpy().sum())  # not training
    6.0
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        rate, limit = float(self.rate), -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
        if rate == 1:
            raise ValueError(
                f"Layer '{self.name}': expected `rate` below 1, received 1, for which the scale that preserves the "
                "variance is infinite."
            )
        a = ((1 - rate) * (1 + rate * limit**2)) ** -0.5
        b = -a * limit * rate
        shape = concrete_noise_shape(inputs, self.noise_shape)
        keep = ops.greater_equal(uniform(shape, dtype=inputs.dtype, seed=self.seed_generator), rate)
        return ops.where(keep, ops.add(ops.multiply(inputs, a), b), a * limit + b)


def _noise_shape(noise_shape: Any) -> tuple[int | None, ...]:
    ok = isinstance(noise_shape, (tuple, list)) and all(
        d is None or (isinstance(d, int) and d > 0) for d in noise_shape
    )
    if not ok:
        raise ValueError(
            f"Dropout: expected `noise_shape` to be a tuple of positive integers and None, received {noise_shape!r}."
        )
    return tuple(noise_shape)

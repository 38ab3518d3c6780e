"""Features scaled to mean 0 and variance 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import ops
from netlet.config import epsilon

from ...base.elementwise import Elementwise
from .adapting import batches_of


class Normalization(Elementwise):
    """(x - mean) / max(sqrt(variance), 1e-7), with the statistics of the data that `adapt` saw, or given ones.

    Args:
        axis: the axes that have statistics of their own for each index, 0 being the batch; None: one pair for all.
        mean, variance: numbers or arrays over those axes, both or none.
        invert: x * sqrt(variance) + mean instead.

    Example:

    >>> layer = Normalization()
    >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
    >>> layer(np.array([[1.0, 20.0]])).numpy()
    array([[-1.,  0.]], dtype=float32)
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None) or np.shape(mean) != np.shape(variance):
            raise ValueError(
                f"Normalization: `mean` and `variance` come together and have one shape; given {mean!r}, {variance!r}."
            )
        if len(np.shape(mean)) > len(self.axis):
            raise ValueError(
                f"Normalization: `mean` of shape {np.shape(mean)} has more axes than `axis` {self.axis} names."
            )
        self.input_mean, self.input_variance, self.invert = mean, variance, invert

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise ValueError(f"Normalization: `axis` {self.axis} is outside of an input of shape {input_shape}.")
        self._kept = tuple(sorted(a % rank for a in self.axis))
        if any(input_shape[a] is None for a in self._kept):
            raise ValueError(f"Normalization: the extents of `axis` {self.axis} must be known; given {input_shape}.")
        self._extents = tuple(input_shape[a] for a in self._kept)
        self._aligned = tuple(input_shape[a] if a in self._kept else 1 for a in range(rank))
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(name="mean", shape=self._extents, initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight(
                name="variance", shape=self._extents, initializer="ones", trainable=False
            )
            self.count = self.add_weight(
                name="count", shape=(), dtype="int32", initializer="zeros", trainable=False
            )  # 0; of older files of Keras

    def adapt(self, data: Any) -> None:
        """Takes mean and variance from data: an array, or an iterable of batches (Chan et al., 1983, joins theirs)."""
        if self.input_mean is not None:
            raise ValueError(f"Layer '{self.name}' was given its mean and variance; there is nothing to adapt.")
        count, mean, squares = 0, np.zeros(()), np.zeros(())
        for batch in batches_of(data, "Normalization"):
            if not self.built:
                self.build((None, *batch.shape[1:]) if 0 not in (a % batch.ndim for a in self.axis) else batch.shape)
            if batch.ndim != len(self._aligned) or tuple(batch.shape[a] for a in self._kept) != self._extents:
                raise ValueError(
                    f"Layer '{self.name}' has statistics for {self._extents} along `axis` {self.axis}; given data of "
                    f"shape {batch.shape}."
                )
            others = tuple(a for a in range(batch.ndim) if a not in self._kept)
            n = math.prod(batch.shape[a] for a in others)
            if not n:
                continue
            own = batch.mean(axis=others, dtype="float64")
            own_squares = n * batch.var(axis=others, dtype="float64")
            step = own - mean
            squares = squares + own_squares + step * step * (count * n / (count + n))
            mean = mean + step * (n / (count + n))
            count += n
        if not count:
            raise ValueError("Normalization.adapt was given no values.")
        self.adapt_mean.assign(mean.astype(self.adapt_mean.dtype))
        self.adapt_variance.assign((squares / count).astype(self.adapt_variance.dtype))

    def _statistics(self) -> tuple[Any, Any]:
        if self.input_mean is None:
            return ops.reshape(self.adapt_mean, self._aligned), ops.reshape(self.adapt_variance, self._aligned)
        shape = [1] * len(self._aligned)
        given = np.shape(self.input_mean)
        for i in range(1, len(given) + 1):
            shape[self._kept[-i]] = given[-i]
        mean, variance = (np.asarray(v, self.compute_dtype) for v in (self.input_mean, self.input_variance))
        return mean.reshape(shape), variance.reshape(shape)

    def call(self, inputs: Any) -> Any:
        x = ops.cast_if_needed(inputs, self.compute_dtype)
        mean, variance = self._statistics()
        deviation = ops.maximum(ops.sqrt(variance), epsilon())
        if self.invert:
            return ops.add(mean, ops.multiply(x, deviation))
        return ops.divide(ops.subtract(x, mean), deviation)

    def get_config(self) -> dict[str, Any]:
        mean, variance = (None if v is None else np.asarray(v).tolist() for v in (self.input_mean, self.input_variance))
        return {**super().get_config(), "axis": self.axis, "invert": self.invert, "mean": mean, "variance": variance}

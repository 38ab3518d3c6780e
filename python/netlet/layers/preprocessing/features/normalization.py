"""Normalization: scales features to mean 0 and variance 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import ops
from netlet.config import epsilon

from ...base.elementwise import Elementwise
from .adapting import batches_of


class Normalization(Elementwise):
    """Normalizes features: y = (x - mean) / max(sqrt(variance), 1e-7). Input and output have the same shape.

    Args:
        axis: axis or axes (0 is the batch) with separate statistics for each index; -1 by default; None: one mean and
            variance for all values.
        mean, variance: numbers or arrays over `axis`, both or neither; None (the default): computed by `adapt`.
        invert: whether to compute y = x * max(sqrt(variance), 1e-7) + mean instead; False by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: only one of mean and variance, or different shapes; an axis out of bounds or of unknown size.

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
                f"Normalization: expected `mean` and `variance` of one shape, received {mean!r} and {variance!r}."
            )
        if len(np.shape(mean)) > len(self.axis):
            raise ValueError(
                f"Normalization: expected `mean` with at most {len(self.axis)} axes, as `axis` {self.axis}, received "
                f"shape {np.shape(mean)}."
            )
        self.input_mean, self.input_variance, self.invert = mean, variance, invert

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise ValueError(
                f"Normalization: expected `axis` within the input shape {input_shape}, received {self.axis}."
            )
        self._kept = tuple(sorted(a % rank for a in self.axis))
        if any(input_shape[a] is None for a in self._kept):
            raise ValueError(
                f"Normalization: expected known sizes of `axis` {self.axis}, received shape {input_shape}."
            )
        self._extents = tuple(input_shape[a] for a in self._kept)
        self._aligned = tuple(input_shape[a] if a in self._kept else 1 for a in range(rank))
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(name="mean", shape=self._extents, initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight(
                name="variance", shape=self._extents, initializer="ones", trainable=False
            )
            self.count = self.add_weight(
                name="count", shape=(), dtype="int32", initializer="zeros", trainable=False
            )  # always 0; it is in older Keras files

    def adapt(self, data: Any) -> None:
        """Computes mean and variance of data. Statistics of batches are merged as in Chan et al., 1983.

        Args:
            data: an array or an iterable of batches.

        Raises:
            ValueError: the layer has fixed statistics; data of the wrong shape, or without values.
            TypeError: `data` is neither an array nor an iterable of batches.
        """
        if self.input_mean is not None:
            raise ValueError(f"Layer '{self.name}' has fixed mean and variance; `adapt` expected a layer without them.")
        count, mean, squares = 0, np.zeros(()), np.zeros(())
        for batch in batches_of(data, "Normalization"):
            if not self.built:
                self.build((None, *batch.shape[1:]) if 0 not in (a % batch.ndim for a in self.axis) else batch.shape)
            if batch.ndim != len(self._aligned) or tuple(batch.shape[a] for a in self._kept) != self._extents:
                raise ValueError(
                    f"Layer '{self.name}': expected data of size {self._extents} along `axis` {self.axis}, "
                    f"received shape {batch.shape}."
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
            raise ValueError("Normalization.adapt: expected data with values, received none.")
        self.adapt_mean.assign(mean.astype(self.adapt_mean.dtype))
        self.adapt_variance.assign((squares / count).astype(self.adapt_variance.dtype))

    @property
    def mean(self) -> Any:
        """The mean, with the axes of the input: size 1 along the axes that are not in `axis`."""
        return self._statistic(0)

    @property
    def variance(self) -> Any:
        """The variance, with the axes of the input: size 1 along the axes that are not in `axis`."""
        return self._statistic(1)

    def _statistic(self, index: int) -> Any:
        if not self.built:
            raise AttributeError(
                f"Layer '{self.name}' has no mean and variance yet: call `adapt`, `build`, or the layer."
            )
        value = ops.cast(self._statistics()[index], self.compute_dtype)
        return ops.broadcast_to(value, self._aligned)

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

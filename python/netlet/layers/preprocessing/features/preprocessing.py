"""Numbers made ready for a network: Normalization and Discretization, which can `adapt` to data, CategoryEncoding."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from netlet import ops
from netlet.config import epsilon

from ...activations.activation import Elementwise
from ...base.layer import Layer


def batches_of(data: Any, name: str) -> Iterator[np.ndarray]:
    """What `adapt` is given, batch by batch: one array, or an iterable of arrays or of tuples that begin with one.

    Raises:
        TypeError: something else.
        ValueError: no batch at all.
    """
    if hasattr(data, "shape"):
        yield np.asarray(data)
        return
    indexed = hasattr(data, "__len__") and hasattr(data, "__getitem__") and not isinstance(data, (list, tuple))
    if not indexed and not isinstance(data, Iterable):
        raise TypeError(f"{name}.adapt takes an array or an iterable of batches; given {type(data).__name__}.")
    count = 0
    for batch in (data[i] for i in range(len(data))) if indexed else data:
        count += 1
        yield np.asarray(batch[0] if isinstance(batch, tuple) else batch)
    if not count:
        raise ValueError(f"{name}.adapt was given no batches.")


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


def encoded(x: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Integers as "one_hot" vectors (an axis of extent 1 at the end gives way to them), or those of a sample joined
    along its first axis: their maximum ("multi_hot") or their sum, weighted or not ("count")."""
    if len(x.shape) == 0:
        x = ops.reshape(x, (1,))
    if mode == "one_hot" and len(x.shape) > 1 and x.shape[-1] == 1:
        x = ops.reshape(x, x.shape[:-1])
    y = ops.one_hot(x, depth, dtype=dtype)
    if mode == "one_hot":
        return y
    if weights is not None:
        y = ops.multiply(y, ops.expand_dims(weights, -1))
    return (ops.max if mode == "multi_hot" else ops.sum)(y, axis=1 if len(x.shape) > 1 else 0)


class CategoryEncoding(Layer):
    """Integers in [0, num_tokens) as vectors of that length.

    Args:
        output_mode: "one_hot": a vector each; "multi_hot": one a sample, with 1 for what occurs; "count": how often.
        sparse: only False.

    Call arguments:
        count_weights: with "count", what each integer counts.

    >>> CategoryEncoding(4)(np.array([[0, 1], [3, 3]])).numpy()
    array([[1., 1., 0., 0.],
           [0., 0., 0., 1.]], dtype=float32)
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        output_mode = "multi_hot" if output_mode == "binary" else output_mode
        if output_mode not in ("count", "one_hot", "multi_hot"):
            raise ValueError(f"CategoryEncoding: `output_mode` is count, one_hot or multi_hot; given {output_mode!r}.")
        if not isinstance(num_tokens, (int, np.integer)) or num_tokens < 1:
            raise ValueError(f"CategoryEncoding: `num_tokens` is an integer of at least 1; given {num_tokens!r}.")
        if sparse:
            raise NotImplementedError("CategoryEncoding: netlet has no sparse tensors; leave `sparse` False.")
        self.num_tokens, self.output_mode, self.sparse = int(num_tokens), output_mode, sparse

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f"`count_weights` is for output_mode='count'; the layer's is {self.output_mode!r}.")
        x = ops.cast_if_needed(inputs, "int32")
        return encoded(x, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}


class Discretization(Layer):
    """The number of the bin that each value lies in.

    Args:
        bin_boundaries: rising edges; n of them make n + 1 bins.
        num_bins: instead, as many bins of about equal content as `adapt` then finds.
        epsilon: how exactly, as a part of all values.
        output_mode: "int" (int32), or an encoding of those integers: see `CategoryEncoding`.
        sparse: only False.

    >>> Discretization([0.0, 1.0])(np.array([-5.0, 0.0, 0.5, 7.0])).numpy()
    array([0, 1, 1, 2], dtype=int32)
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if output_mode not in ("int", "one_hot", "multi_hot", "count"):
            raise ValueError(
                f"Discretization: `output_mode` is int, one_hot, multi_hot or count; given {output_mode!r}."
            )
        if sparse:
            raise NotImplementedError("Discretization: netlet has no sparse tensors; leave `sparse` False.")
        if (bin_boundaries is None) == (num_bins is None) or (num_bins is not None and num_bins < 0):
            raise ValueError(
                "Discretization: give either rising `bin_boundaries`, or `num_bins`, at least 0; given "
                f"bin_boundaries={bin_boundaries!r} and num_bins={num_bins!r}."
            )
        self.bin_boundaries, self.num_bins, self.epsilon = bin_boundaries, num_bins, epsilon
        self.output_mode, self.sparse = output_mode, sparse

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Finds the boundaries of `num_bins` bins of about equal content, from an array or `steps` batches."""
        if self.num_bins is None:
            raise ValueError(f"Layer '{self.name}' was given its `bin_boundaries`; there is nothing to adapt.")
        summary = np.zeros((2, 0), "float32")
        for i, batch in enumerate(batches_of(data, "Discretization")):
            if steps is not None and i >= steps:
                break
            joined = np.concatenate([_thinned(batch, self.epsilon), summary], axis=1)
            summary = _compressed(joined[:, np.argsort(joined[0])], self.epsilon)
        self.bin_boundaries = _compressed(summary, 1.0 / self.num_bins)[0, :-1].tolist() if self.num_bins else []

    def call(self, inputs: Any) -> Any:
        if self.bin_boundaries is None:
            raise ValueError("The bins are not known yet: call `adapt(data)`, or give `bin_boundaries`.")
        x = ops.cast_if_needed(inputs, self.compute_dtype)
        bins = ops.digitize(x, np.asarray(self.bin_boundaries, self.compute_dtype))
        if self.output_mode == "int":
            return bins
        return encoded(bins, self.output_mode, len(self.bin_boundaries) + 1, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        boundaries = None if self.bin_boundaries is None else [float(b) for b in self.bin_boundaries]
        return {
            "bin_boundaries": boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Discretization:
        if config.get("num_bins") is None:
            return cls(**config)
        layer = cls(**{**config, "bin_boundaries": None})  # an adapted layer has both
        layer.bin_boundaries = config.get("bin_boundaries")
        return layer


def _thinned(values: np.ndarray, epsilon: float) -> np.ndarray:
    """About 1 / epsilon of the sorted values, and how many each stands for: (2, n), as Keras summarizes a batch."""
    values = np.sort(np.asarray(values, "float32"), axis=None)
    step = max(values.size * epsilon, 1)
    chosen = values[int(step - 1) :: int(step)]
    return np.stack([chosen, np.full_like(chosen, step)])


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """The same distribution by 1 / epsilon values: quantiles of the weighted values, between which is interpolated."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    total = summary[1].cumsum()
    values = np.interp(shares, total / total[-1], summary[0])
    weights = np.diff(np.interp(shares, total / total[-1], total), prepend=0)
    return np.stack([values, weights]).astype("float32")

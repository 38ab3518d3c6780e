"""Discretization: replaces numbers by the index of their bin."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ...base.layer import Layer
from .adapting import batches_of
from .category_encoding import encoded


class Discretization(Layer):
    """Replaces each value by the index of its bin.

    Input of any shape; output of the same shape with "int", else the encoded vectors.

    Args:
        bin_boundaries: increasing boundaries; n of them make n + 1 bins. None (the default): found by `adapt`.
        num_bins: number of bins for `adapt`, which makes them about equally full; instead of `bin_boundaries`. None by
            default.
        epsilon: error of `adapt`'s quantiles, as a fraction of all values; 0.01 by default.
        output_mode: "int" (int32, the default), or "one_hot", "multi_hot" or "count" vectors of the indices, as in
            `CategoryEncoding`.
        sparse: only False, the default, is supported.
        dtype: of the computation and of vectors; None (the default): floatx.
        name: name of the layer; None (the default): "discretization", numbered.

    Raises:
        ValueError: invalid arguments, or neither or both of bin_boundaries and num_bins; called before `adapt`.
        NotImplementedError: sparse=True.

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
                f"Discretization: expected `output_mode` int, one_hot, multi_hot or count, received {output_mode!r}."
            )
        if sparse:
            raise NotImplementedError(
                "Discretization: sparse tensors are not supported; expected sparse=False, received True."
            )
        if (bin_boundaries is None) == (num_bins is None) or (num_bins is not None and num_bins < 0):
            raise ValueError(
                "Discretization: expected either increasing `bin_boundaries` or `num_bins` of at least 0, received "
                f"bin_boundaries={bin_boundaries!r} and num_bins={num_bins!r}."
            )
        self.bin_boundaries, self.num_bins, self.epsilon = bin_boundaries, num_bins, epsilon
        self.output_mode, self.sparse = output_mode, sparse

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Finds the boundaries of `num_bins` about equally full bins.

        Args:
            data: an array or an iterable of batches.
            steps: the largest number of batches to use; None (the default): all.

        Raises:
            ValueError: the layer was constructed with `bin_boundaries`.
            TypeError: `data` is neither an array nor an iterable of batches.
        """
        if self.num_bins is None:
            raise ValueError(
                f"Layer '{self.name}' has fixed `bin_boundaries`; `adapt` expected a layer with `num_bins`."
            )
        summary = np.zeros((2, 0), "float32")
        for i, batch in enumerate(batches_of(data, "Discretization")):
            if steps is not None and i >= steps:
                break
            joined = np.concatenate([_thinned(batch, self.epsilon), summary], axis=1)
            summary = _compressed(joined[:, np.argsort(joined[0])], self.epsilon)
        self.bin_boundaries = _compressed(summary, 1.0 / self.num_bins)[0, :-1].tolist() if self.num_bins else []

    def call(self, inputs: Any) -> Any:
        if self.bin_boundaries is None:
            raise ValueError("The bins are not known yet: call `adapt(data)` first, or pass `bin_boundaries`.")
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
    """Summary (2, n) of a batch, as in Keras: about 1 / epsilon of the sorted values, and the count each represents."""
    values = np.sort(np.asarray(values, "float32"), axis=None)
    step = max(values.size * epsilon, 1)
    chosen = values[int(step - 1) :: int(step)]
    return np.stack([chosen, np.full_like(chosen, step)])


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """The same distribution with 1 / epsilon values: interpolated quantiles of the weighted values."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    total = summary[1].cumsum()
    values = np.interp(shares, total / total[-1], summary[0])
    weights = np.diff(np.interp(shares, total / total[-1], total), prepend=0)
    return np.stack([values, weights]).astype("float32")

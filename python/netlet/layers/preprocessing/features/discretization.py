"""Numbers in buckets."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ...base.layer import Layer
from .adapting import batches_of
from .category_encoding import encoded


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

"""Small real data for scripts that Keras's examples run on MNIST: scikit-learn's digits, 8 by 8 pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_digits


def digits(count: int | None = None, classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Images (count, 8, 8, 1) of float32 in [0, 1], and labels (count,) of int64 below `classes`."""
    x, y = load_digits(return_X_y=True)
    chosen = np.flatnonzero(y < classes)[:count]
    return (x[chosen].reshape(-1, 8, 8, 1) / 16).astype(np.float32), y[chosen].astype(np.int64)


class Batched:
    """Replaces `tf.data.Dataset.from_tensor_slices(arrays).shuffle(...).batch(size)`: a restartable iterable of batches
    in the structure of `arrays`, in another order each time.

    Args:
        arrays: an array, or a tuple of arrays with one row per sample.
        size: rows per batch.
        shuffle: whether each epoch has its own order.
        combine: function that makes the batch from the sliced arrays.
    """

    def __init__(self, arrays: Any, size: int, shuffle: bool = True, combine: Callable[..., Any] | None = None) -> None:
        self.arrays = arrays if isinstance(arrays, tuple) else (arrays,)
        self.size, self.shuffle = size, shuffle
        self.combine = combine or (tuple if isinstance(arrays, tuple) else lambda parts: parts[0])
        self.rng = np.random.default_rng(0)

    def __iter__(self) -> Iterator[Any]:
        rows = len(self.arrays[0])
        order = self.rng.permutation(rows) if self.shuffle else np.arange(rows)
        for first in range(0, rows, self.size):
            yield self.combine([a[order[first : first + self.size]] for a in self.arrays])

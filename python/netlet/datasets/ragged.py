"""Lists of integers of different lengths: one after another in a flat array, and how long each is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Ragged(NamedTuple):
    """`tokens` (total,) int32, `lengths` (rows,) int64."""

    tokens: NDArray[np.int32]
    lengths: NDArray[np.int64]

    def take(self, order: NDArray[np.int64]) -> Ragged:
        """The rows of these numbers."""
        lengths = self.lengths[order]
        before, ends = self.lengths.cumsum() - self.lengths, lengths.cumsum()
        places = np.repeat(before[order] - (ends - lengths), lengths) + np.arange(lengths.sum())
        return Ragged(self.tokens[places], lengths)

    def lists(self) -> NDArray[Any]:
        """Python lists in an array of objects."""
        flat, ends = self.tokens.tolist(), self.lengths.cumsum().tolist()
        rows = np.empty(len(ends), object)
        for i, (start, end) in enumerate(zip([0, *ends], ends)):
            rows[i] = flat[start:end]
        return rows

"""Lists of integers of different lengths, stored as one flat array and an array of lengths."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Ragged(NamedTuple):
    """Lists of integers.

    Attributes:
        tokens: the concatenated lists, (total,) int32.
        lengths: the length of each list, (rows,) int64.

    >>> Ragged(np.array([4, 1, 2]), np.array([1, 2])).take(np.array([1, 0])).lists().tolist()
    [[1, 2], [4]]
    """

    tokens: NDArray[np.int32]
    lengths: NDArray[np.int64]

    def take(self, order: NDArray[np.int64]) -> Ragged:
        """Returns the lists with the indices `order`."""
        lengths = self.lengths[order]
        before, ends = self.lengths.cumsum() - self.lengths, lengths.cumsum()
        places = np.repeat(before[order] - (ends - lengths), lengths) + np.arange(lengths.sum())
        return Ragged(self.tokens[places], lengths)

    def lists(self) -> NDArray[Any]:
        """Returns an object array of Python lists."""
        flat, ends = self.tokens.tolist(), self.lengths.cumsum().tolist()
        rows = np.empty(len(ends), object)
        for i, (start, end) in enumerate(zip([0, *ends], ends)):
            rows[i] = flat[start:end]
        return rows

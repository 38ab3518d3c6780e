"""Arrays as a source of batches. Native code gathers each batch from them."""

from __future__ import annotations

import math

import numpy as np

from ..state import ShuffleOrder
from .data import ArrayData
from .source import DataSource


class ArrayPass:
    """One pass over arrays. Native code reads `order` and `at`; an eager step iterates over the batches.

    Args:
        source: the arrays.
        order: permutation of the rows, or None for their own order.

    Attributes:
        at: number of batches that are done.
    """

    def __init__(self, source: ArraySource, order: np.ndarray | None) -> None:
        self.source, self.order, self.at = source, order, 0

    @property
    def left(self) -> int:
        """Number of batches that are not done."""
        return self.source.num_batches - self.at

    def __iter__(self) -> ArrayPass:
        return self

    def __next__(self) -> ArrayData:
        if not self.left:
            raise StopIteration
        first, batch = self.at * self.source.batch, self.source.batch
        self.at += 1
        rows = slice(first, first + batch)
        return self.source.data.take(rows if self.order is None else self.order[rows])


class ArraySource(DataSource):
    """Arrays. They are not copied; native code gathers each batch from them.

    Args:
        data: the arrays.
        batch_size: rows of a batch. By default 32, or, with `steps`, a `steps`-th of the rows (rounded up).
        steps: batches of an epoch, or None.
        shuffle: whether each pass has a new order of the rows; "batch" permutes only inside of each batch.
        order: draws the orders; None for no shuffling.

    Attributes:
        batch: rows of a batch; the last one may be shorter.
    """

    whole = True

    def __init__(
        self,
        data: ArrayData,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool | str = False,
        order: ShuffleOrder | None = None,
    ) -> None:
        self.data, self.shuffle, self._order = data, shuffle, order
        self.batch = min(batch_size or (math.ceil(data.rows / steps) if steps else 32), max(data.rows, 1))

    @property
    def num_batches(self) -> int:
        """Batches of a pass."""
        return math.ceil(self.data.rows / self.batch)

    def epoch(self) -> ArrayPass:
        """A new pass, with a new order if the source shuffles."""
        if not self.shuffle or self._order is None:
            return ArrayPass(self, None)
        return ArrayPass(self, self._order.next(self.data.rows, self.batch if self.shuffle == "batch" else None))

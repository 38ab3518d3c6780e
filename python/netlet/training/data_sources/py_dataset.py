"""PyDatasets, and other objects that return batch i, as a source of batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..state import ShuffleOrder
from .iterables import AHEAD
from .source import DataSource


class SequenceSource(DataSource):
    """A PyDataset, or another object whose `__getitem__` returns batch i and whose `__len__` counts the batches.

    Args:
        dataset: the object.
        order: draws the order of the batches in each pass; None for the dataset's own order.
    """

    def __init__(self, dataset: Any, order: ShuffleOrder | None = None) -> None:
        self._dataset, self._order = dataset, order
        self.ahead = self._queue_size()

    def _queue_size(self) -> int:
        """The dataset's `max_queue_size`; 0, which means no thread, if it has `workers=0`."""
        if getattr(self._dataset, "workers", 1) == 0:
            return 0
        return max(1, int(getattr(self._dataset, "max_queue_size", AHEAD)))

    @property
    def num_batches(self) -> int | None:
        """Batches of a pass; None for an endless PyDataset."""
        n = self._dataset.num_batches if hasattr(self._dataset, "num_batches") else len(self._dataset)
        return None if n is None else int(n)

    def epoch(self) -> Iterator[Any]:
        """The batches of a new pass."""
        n = self.num_batches
        if n is None:
            places: Iterable[int] = itertools.count()
        else:
            places = range(n) if self._order is None else self._order.next(n).tolist()
        return (self._batch(self._dataset[i]) for i in places)

    @staticmethod
    def _batch(item: Any) -> Any:
        """The batch; an array becomes (array,), as in Keras."""
        return (item,) if isinstance(item, np.ndarray) else item

    def on_epoch_begin(self) -> None:
        """Calls the dataset's method of this name, if it has one."""
        getattr(self._dataset, "on_epoch_begin", lambda: None)()

    def on_epoch_end(self) -> None:
        """Calls the dataset's method of this name, if it has one."""
        getattr(self._dataset, "on_epoch_end", lambda: None)()

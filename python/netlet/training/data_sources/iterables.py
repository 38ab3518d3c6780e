"""Iterables (a torch DataLoader, a tf.data.Dataset), netlet's data sets and generators as sources of batches."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from .source import DataSource

AHEAD = 2  # batches: one that is ready and one that is made hide the time of making them


class IterableSource(DataSource):
    """Any iterable of batches: a torch DataLoader, a tf.data.Dataset, an object with `__iter__`.

    Args:
        iterable: the object; `iter` of it begins a new pass.
    """

    ahead = AHEAD

    def __init__(self, iterable: Iterable[Any]) -> None:
        self._iterable = iterable

    @property
    def num_batches(self) -> int | None:
        """Batches of a pass; None if the iterable has no length."""
        try:
            return len(self._iterable)  # type: ignore[arg-type]
        except TypeError:  # no length, or an endless one
            return None

    def epoch(self) -> Iterator[Any]:
        """The batches of a new pass."""
        return iter(self._iterable)


_INFINITE = -1  # netlet.data.INFINITE_CARDINALITY


def is_dataset(x: Any) -> bool:
    """Whether x is a `netlet.data.Dataset`. The package is not imported for it: then nothing can be one."""
    data = sys.modules.get("netlet.data")
    return data is not None and isinstance(x, data.Dataset)


class DatasetSource(IterableSource):
    """A `netlet.data.Dataset`, whose random orders and numbers can be restored.

    Args:
        dataset: the data set.
    """

    def __init__(self, dataset: Any) -> None:
        super().__init__(dataset)
        self._dataset = dataset

    def epoch(self) -> Iterator[Any]:
        """The batches of a new pass."""
        return self._dataset.plain_items()

    @property
    def endless(self) -> bool:
        """Whether a pass has no end."""
        return self._dataset.cardinality() == _INFINITE

    def get_state(self) -> list[int]:
        """What the next pass depends on."""
        return self._dataset.get_state()

    def set_state(self, state: list[int]) -> None:
        """Restores what `get_state` returned."""
        self._dataset.set_state(state)


class GeneratorSource(DataSource):
    """A generator or another iterator. It has one pass; the next epoch continues where the last one stopped.

    Args:
        generator: the iterator.
    """

    restarts = False
    ahead = AHEAD

    def __init__(self, generator: Iterator[Any]) -> None:
        self._generator = generator

    def epoch(self) -> Iterator[Any]:
        """The iterator itself."""
        return self._generator

"""The base class of netlet's own data sets, with the methods of `tf.data.Dataset` that Keras scripts call on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from netlet.base import tree

from .sequence import PyDataset


class Dataset(PyDataset):
    """A data set of items, which are batches or single samples, in a fixed order.

    A subclass defines `__len__` and `_item(index)`. One that shuffles sets `_order`, the array of places that `_item`
    reads, and `_generator`, which shuffles it again after each epoch.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 5
    ...     def _item(self, index):
    ...         return np.array(index * index)
    >>> [batch.tolist() for batch in Squares().skip(1).batch(2)]
    [[1, 4], [9, 16]]
    """

    _shuffled_by_fit = False  # as in Keras, where they are of tf.data
    _generator: np.random.Generator | None = None
    _order: np.ndarray

    def on_epoch_end(self) -> None:
        """Shuffles the items again, if they are shuffled."""
        if self._generator is not None:
            self._generator.shuffle(self._order)

    def _item(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must implement _item(index).")

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"Index: expected one of {len(self)} batches (or samples), received {index}.")
        return self._item(index % len(self))

    def cardinality(self) -> int:
        """Returns the number of items, as `len` does."""
        return len(self)

    def take(self, count: int) -> Dataset:
        """Returns a data set of the first items.

        Args:
            count: how many; all if there are fewer, or for -1.
        """
        n = len(self)
        return _View(self, range(n if count < 0 else min(count, n)))

    def skip(self, count: int) -> Dataset:
        """Returns a data set without the first items.

        Args:
            count: how many to leave out; all for -1.
        """
        n = len(self)
        return _View(self, range(n if count < 0 else min(count, n), n))

    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None) -> Dataset:
        """Returns a data set of the results of a function, which runs each time that an item is read.

        Args:
            map_func: called with an item; with its parts as arguments if it is a tuple, such as (x, y).
            num_parallel_calls: accepted for compatibility with tf.data.
        """
        return _Mapped(self, map_func)

    def batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset:
        """Returns a data set of batches of items, stacked along a new first axis.

        Args:
            batch_size: number of items per batch.
            drop_remainder: whether to leave out a last batch that is smaller; default False.

        Raises:
            ValueError: `batch_size` is not positive.
        """
        if batch_size < 1:
            raise ValueError(f"batch: expected `batch_size` of at least 1, received {batch_size}.")
        return _Batched(self, int(batch_size), drop_remainder)

    def prefetch(self, buffer_size: Any = None) -> Dataset:
        """Returns the data set itself; accepted for compatibility with tf.data.

        Args:
            buffer_size: ignored.
        """
        return self

    def cache(self) -> Dataset:
        """Returns a data set that keeps each item in memory after it was read for the first time."""
        return _Cached(self)


class _Derived(Dataset):
    """A data set that reads another one."""

    def __init__(self, source: Dataset) -> None:
        super().__init__()
        self._source = source

    def on_epoch_end(self) -> None:
        self._source.on_epoch_end()


class _View(_Derived):
    """The items of another data set at these places."""

    def __init__(self, source: Dataset, places: range) -> None:
        super().__init__(source)
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def _item(self, index: int) -> Any:
        return self._source[self._places[index]]


class _Mapped(_Derived):
    def __init__(self, source: Dataset, function: Callable[..., Any]) -> None:
        super().__init__(source)
        self._function = function

    def __len__(self) -> int:
        return len(self._source)

    def _item(self, index: int) -> Any:
        item = self._source[index]
        return self._function(*item) if isinstance(item, tuple) else self._function(item)


class _Batched(_Derived):
    def __init__(self, source: Dataset, size: int, drop_remainder: bool) -> None:
        super().__init__(source)
        self._size, self._whole = size, drop_remainder

    def __len__(self) -> int:
        n = len(self._source)
        return n // self._size if self._whole else -(-n // self._size)

    def _item(self, index: int) -> Any:
        places = range(index * self._size, min((index + 1) * self._size, len(self._source)))
        return stacked([self._source[i] for i in places])


class _Cached(_Derived):
    def __init__(self, source: Dataset) -> None:
        super().__init__(source)
        self._items: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._source)

    def _item(self, index: int) -> Any:
        if index not in self._items:
            self._items[index] = self._source[index]
        return self._items[index]

    def on_epoch_end(self) -> None:
        """Nothing: the items are those of the first epoch."""


def stacked(items: list[Any]) -> Any:
    """The arrays of items of one structure, stacked along a new first axis.

    >>> stacked([(1, 2.0), (3, 4.0)])
    (array([1, 3]), array([2., 4.]))
    """
    columns = zip(*(tree.flatten(item) for item in items))
    return tree.pack_like(items[0], [np.stack(column) for column in columns])

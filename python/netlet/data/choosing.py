"""Methods of a data set that choose, order and repeat its items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from netlet.random import make_seed

from .pipeline import Pipeline, unpacked
from .stages.selection import Concatenate, Filter, Repeat, Shard, Shuffle, Skip, Take

Self = TypeVar("Self", bound="Choosing")


class Choosing(Pipeline):
    """The methods that choose, order and repeat items."""

    def take(self: Self, count: int, name: Any = None) -> Self:
        """Returns a data set of the first items.

        Args:
            count: how many; all if there are fewer, or for -1.
            name: accepted for compatibility with tf.data.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(5).take(2)]
        [0, 1]
        """
        count = int(count)
        return self if count < 0 else self._selected(lambda stage: Take(stage, count))

    def skip(self: Self, count: int, name: Any = None) -> Self:
        """Returns a data set without the first items.

        Args:
            count: how many to leave out; all for -1.
            name: accepted for compatibility with tf.data.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(5).skip(3)]
        [3, 4]
        """
        count = int(count)
        return self._selected(lambda stage: Take(stage, 0) if count < 0 else Skip(stage, count))

    def shard(self: Self, num_shards: int, index: int, name: Any = None) -> Self:
        """Returns a data set of each `num_shards`-th item, beginning with item `index`.

        Args:
            num_shards: number of parts, at least 1.
            index: number of the part, below num_shards.
            name: accepted for compatibility with tf.data.

        Raises:
            ValueError: a number outside of its range.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(7).shard(3, 1)]
        [1, 4]
        """
        num_shards = _positive("shard", "num_shards", num_shards)
        if not 0 <= int(index) < num_shards:
            raise ValueError(f"shard: expected `index` in [0, {num_shards}), received {index}.")
        return self._selected(lambda stage: Shard(stage, num_shards, int(index)))

    def repeat(self: Self, count: int | None = None, name: Any = None) -> Self:
        """Returns a data set of several passes, one after the other. Each is shuffled anew if the items are shuffled.

        Args:
            count: number of passes; default None (or -1) for no end.
            name: accepted for compatibility with tf.data.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(2).repeat(2)]
        [0, 1, 0, 1]
        """
        passes = None if count is None or int(count) < 0 else int(count)
        return self._selected(lambda stage: Repeat(stage, passes))

    def shuffle(
        self: Self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = None,
        name: Any = None,
    ) -> Self:
        """Returns a data set of the items in a random order. Each is drawn from a buffer of the next ones.

        Args:
            buffer_size: number of items in the buffer. With all of them, each order is equally likely. For rows of
                arrays the buffer holds numbers of rows, otherwise the items.
            seed: integer, for the same orders each time that the script runs; default None, from the global sequence.
            reshuffle_each_iteration: whether each pass has a new order; default True.
            name: accepted for compatibility with tf.data.

        Raises:
            ValueError: `buffer_size` is not positive.

        >>> from netlet.data import Dataset
        >>> data = Dataset.range(100).shuffle(100, seed=1)
        >>> first, second = [int(i) for i in data], [int(i) for i in data]
        >>> first != second, sorted(first) == sorted(second)
        (True, True)
        """
        size = _positive("shuffle", "buffer_size", buffer_size)
        number = make_seed() if seed is None else abs(int(seed))
        again = reshuffle_each_iteration is None or bool(reshuffle_each_iteration)
        return self._selected(lambda stage: Shuffle(stage, size, number, again))

    def concatenate(self: Self, dataset: Any, name: Any = None) -> Self:
        """Returns a data set of these items and then those of another data set.

        Args:
            dataset: the other one.
            name: accepted for compatibility with tf.data.

        Raises:
            TypeError: it is not a Dataset.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(2).concatenate(Dataset.range(7, 9))]
        [0, 1, 7, 8]
        """
        if not isinstance(dataset, Pipeline):
            raise TypeError(f"concatenate: expected a netlet.data.Dataset, received {type(dataset).__name__}.")
        return self._with(Concatenate(self._stage, dataset._stage))

    def __add__(self: Self, other: Any) -> Self:
        return self.concatenate(other) if isinstance(other, Pipeline) else NotImplemented

    def filter(self: Self, predicate: Callable[..., Any], name: Any = None) -> Self:
        """Returns a data set of the items for which a function returns True.

        Args:
            predicate: called with an item; with its parts as arguments if it is a tuple.
            name: accepted for compatibility with tf.data.

        Raises:
            TypeError: `predicate` is not callable.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(6).filter(lambda i: i % 2 == 0)]
        [0, 2, 4]
        """
        return self._with(Filter(self._stage, unpacked(predicate)))

    def take_while(self: Self, predicate: Callable[..., Any], name: Any = None) -> Self:
        """Returns a data set of the items before the first one for which a function returns False.

        Args:
            predicate: as in `filter`.
            name: accepted for compatibility with tf.data.

        Raises:
            TypeError: `predicate` is not callable.
        """
        return self._with(Filter(self._stage, unpacked(predicate), until=True))


def _positive(method: str, argument: str, value: Any) -> int:
    if int(value) < 1:
        raise ValueError(f"{method}: expected `{argument}` of at least 1, received {value}.")
    return int(value)

"""Stages that choose, order, repeat and join items without a look at them, and those that look (filter)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice, repeat
from typing import Any

import numpy as np

from .stage import INFINITE, UNKNOWN, CountedPasses, Drawing, Stage


class Take(Stage):
    """The first items.

    Args:
        source: the items.
        count: how many.
    """

    def __init__(self, source: Stage, count: int) -> None:
        super().__init__(source)
        self.count = count

    def __iter__(self) -> Iterator[Any]:
        return islice(self.sources[0], self.count)

    def cardinality(self) -> int:
        n = self.sources[0].cardinality()
        return self.count if n == INFINITE else n if n == UNKNOWN else min(n, self.count)


class Skip(Stage):
    """The items after the first ones.

    Args:
        source: the items.
        count: how many are left out.
    """

    def __init__(self, source: Stage, count: int) -> None:
        super().__init__(source)
        self.count = count

    def __iter__(self) -> Iterator[Any]:
        return islice(self.sources[0], self.count, None)

    def cardinality(self) -> int:
        n = self.sources[0].cardinality()
        return n if n < 0 else max(n - self.count, 0)


class Shard(Stage):
    """Each `num_shards`-th item, starting with that of number `index`."""

    def __init__(self, source: Stage, num_shards: int, index: int) -> None:
        super().__init__(source)
        self.num_shards, self.index = num_shards, index

    def __iter__(self) -> Iterator[Any]:
        return islice(self.sources[0], self.index, None, self.num_shards)

    def cardinality(self) -> int:
        n = self.sources[0].cardinality()
        return n if n < 0 else len(range(self.index, n, self.num_shards))


class Repeat(Stage):
    """Passes over the items, one after the other.

    Args:
        source: the items.
        count: number of passes; None for no end.
    """

    def __init__(self, source: Stage, count: int | None) -> None:
        super().__init__(source)
        self.count = count

    def __iter__(self) -> Iterator[Any]:
        done = 0
        while self.count is None or done < self.count:
            empty = True
            for item in self.sources[0]:
                empty = False
                yield item
            if empty:
                return
            done += 1

    def cardinality(self) -> int:
        n = self.sources[0].cardinality()
        if n == 0 or self.count == 0:
            return 0
        return (INFINITE if n != UNKNOWN else UNKNOWN) if self.count is None else n if n < 0 else n * self.count


class Concatenate(Stage):
    """The items of one stage, then those of another."""

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.sources)

    def cardinality(self) -> int:
        counts = [source.cardinality() for source in self.sources]
        return INFINITE if INFINITE in counts else UNKNOWN if UNKNOWN in counts else sum(counts)

    def open_axes(self) -> int:
        return max(source.open_axes() for source in self.sources)


class Filter(Drawing):
    """The items for which a function returns True.

    Args:
        source: the items.
        predicate: the function of an item.
        until: whether to end with the first item for which it returns False.
    """

    def __init__(self, source: Stage, predicate: Callable[[Any], Any], until: bool = False) -> None:
        super().__init__(source, predicate)
        self.until = until

    def __iter__(self) -> Iterator[Any]:
        return self._kept(self._begin(), enumerate(self.sources[0]))

    def _kept(self, number: int, items: Iterator[tuple[int, Any]]) -> Iterator[Any]:
        for i, item in items:
            if np.all(self._called(number, i, item)):
                yield item
            elif self.until:
                return

    def cardinality(self) -> int:
        return UNKNOWN


class Shuffle(CountedPasses):
    """The items in a random order: each is drawn from a buffer of the next ones.

    The order depends on the seed and on the number of the pass, so a pass can be made again.

    Args:
        source: the items.
        buffer_size: number of items in the buffer. With all of them, each order is equally likely.
        seed: integer.
        again: whether each pass has a new order.
    """

    def __init__(self, source: Stage, buffer_size: int, seed: int, again: bool) -> None:
        super().__init__(source)
        self.buffer_size, self.seed, self.again = buffer_size, seed, again

    def __iter__(self) -> Iterator[Any]:
        return self._shuffled(self._begin())

    def _shuffled(self, number: int) -> Iterator[Any]:
        rng = np.random.default_rng([self.seed, number if self.again else 0])
        return self._drawn(rng, iter(self.sources[0]))

    def _drawn(self, rng: np.random.Generator, items: Iterator[Any]) -> Iterator[Any]:
        buffer: list[Any] = list(islice(items, self.buffer_size))
        if len(buffer) == self.buffer_size:
            blocks = (rng.integers(0, self.buffer_size, 256).tolist() for _ in repeat(None))
            for item, place in zip(items, chain.from_iterable(blocks)):
                out, buffer[place] = buffer[place], item
                yield out
        for place in rng.permutation(len(buffer)).tolist():
            yield buffer[place]
            buffer[place] = None


class ShuffleAgain(Shuffle):
    """Shuffles all passes but the first one, for items that are in a random order already."""

    def __iter__(self) -> Iterator[Any]:
        number = self._begin()
        return self._shuffled(number) if number else iter(self.sources[0])

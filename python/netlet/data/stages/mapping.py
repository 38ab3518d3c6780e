"""Stages that compute: functions of items, in the reading thread or in several; items side by side; one for many."""

from __future__ import annotations

import contextvars
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from netlet.base import tree

from ..values import item_of
from .stage import INFINITE, UNKNOWN, Drawing, Stage

if TYPE_CHECKING:
    from concurrent.futures import Future

_TIMED = 4  # items; the first one may also import or record something, so the fastest counts
_WORTH_A_THREAD = 2e-4  # seconds; passing an item to a thread and back takes 20 to 60 microseconds


class Map(Drawing):
    """A function of each item.

    Args:
        source: the items.
        function: what computes the new item.
    """

    def __iter__(self) -> Iterator[Any]:
        return self._mapped(self._begin(), enumerate(self.sources[0]))

    def _mapped(self, number: int, items: Iterator[tuple[int, Any]]) -> Iterator[Any]:
        for i, item in items:
            yield self._computed(number, i, item)

    def _computed(self, number: int, i: int, item: Any) -> Any:
        return item_of(self._called(number, i, item))


class ParallelMap(Map):
    """A function of each item, computed by several threads. The items stay in order.

    An exception of the function is raised where its item would come. The threads end with the pass.

    Args:
        source: the items.
        function: what computes the new item; it runs in several threads at once.
        threads: number of threads.
        always: whether to use threads for fast functions too. By default the first items are timed.
    """

    def __init__(self, source: Stage, function: Callable[[Any], Any], threads: int, always: bool = False) -> None:
        super().__init__(source, function)
        self.threads, self.always = threads, always

    def _mapped(self, number: int, items: Iterator[tuple[int, Any]]) -> Iterator[Any]:
        if not self.always:
            seconds = []
            for i, item in islice(items, _TIMED):
                start = time.perf_counter()
                result = self._computed(number, i, item)
                seconds.append(time.perf_counter() - start)
                yield result
            if seconds and min(seconds) < _WORTH_A_THREAD:
                yield from super()._mapped(number, items)
                return
        yield from self._in_threads(number, items)

    def _in_threads(self, number: int, items: Iterator[tuple[int, Any]]) -> Iterator[Any]:
        from concurrent.futures import ThreadPoolExecutor  # here, since its import takes as long as that of netlet.data

        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="netlet-map")
        process = os.getpid()
        running: deque[Future[Any]] = deque()

        def submit(count: int) -> None:
            for i, item in islice(items, count):
                context = contextvars.copy_context()  # device, dtype policy and others as in the reading thread
                running.append(pool.submit(context.run, self._computed, number, i, item))

        try:
            submit(2 * self.threads)  # two each: one that is computed and one that waits
            while running:
                if os.getpid() != process:
                    raise RuntimeError("map: the process was forked, without the threads of map. Begin a new pass.")
                result = running.popleft().result()
                submit(1)
                yield result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class Zip(Stage):
    """Items of several stages side by side, as long as all have one.

    Args:
        structure: tuple or dict whose leaves stand for the stages.
        sources: the stages, in the order of `tree.flatten`.
    """

    def __init__(self, structure: Any, sources: list[Stage]) -> None:
        super().__init__(*sources)
        self.structure = structure

    def __iter__(self) -> Iterator[Any]:
        if type(self.structure) is tuple and not any(map(tree.is_nested, self.structure)):
            return iter(zip(*self.sources))
        return (tree.pack_like(self.structure, list(items)) for items in zip(*self.sources))

    def cardinality(self) -> int:
        counts = [source.cardinality() for source in self.sources]
        finite = [n for n in counts if n >= 0]
        return UNKNOWN if UNKNOWN in counts else min(finite) if finite else INFINITE

    def open_axes(self) -> int:
        return max(source.open_axes() for source in self.sources)


class Enumerate(Stage):
    """Pairs of a number and an item.

    Args:
        source: the items.
        start: the first number.
    """

    def __init__(self, source: Stage, start: int) -> None:
        super().__init__(source)
        self.start = start

    def __iter__(self) -> Iterator[Any]:
        return ((np.int64(i), item) for i, item in enumerate(self.sources[0], self.start))


class Interleave(Drawing):
    """The items of the data sets that a function makes of each item, some of these open at a time.

    `cycle_length` data sets are open. Each gives `block_length` items in turn; one that has ended makes room for the
    next. With a cycle of one that is `flat_map`.

    Args:
        source: the items.
        function: function from an item to an iterable of items.
        cycle_length: number of data sets that are open at a time.
        block_length: number of items in turn.
    """

    def __init__(
        self, source: Stage, function: Callable[[Any], Any], cycle_length: int = 1, block_length: int = 1
    ) -> None:
        super().__init__(source, function)
        self.cycle_length, self.block_length = cycle_length, block_length

    def __iter__(self) -> Iterator[Any]:
        return self._interleaved(self._begin(), enumerate(self.sources[0]))

    def _interleaved(self, number: int, inputs: Iterator[tuple[int, Any]]) -> Iterator[Any]:
        opened: list[Iterator[Any] | None] = [None] * self.cycle_length
        ended, place, given = False, 0, 0
        nothing: Any = object()
        while not ended or any(one is not None for one in opened):
            current = opened[place]
            if current is None and not ended:
                new = next(inputs, nothing)
                if new is nothing:
                    ended = True
                else:
                    current = opened[place] = iter(self._called(number, *new))
            item = nothing if current is None else next(current, nothing)
            if item is nothing:
                opened[place] = None
                place, given = (place + 1) % self.cycle_length, 0
                continue
            yield item
            given += 1
            if given == self.block_length:
                place, given = (place + 1) % self.cycle_length, 0

    def cardinality(self) -> int:
        return UNKNOWN

    def open_axes(self) -> int:
        return 0

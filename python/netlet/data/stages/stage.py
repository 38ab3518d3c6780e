"""Stage: one step of a pipeline of items."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from netlet.config import numpy_dtype
from netlet.random.streams import Stream, drawing_at

from ..values import dtype_name

INFINITE = -1
UNKNOWN = -2


class Stage:
    """One step of a pipeline: an iterable of items that can be iterated over again.

    Args:
        sources: the stages that it reads.

    Attributes:
        sources: the stages that it reads.
    """

    def __init__(self, *sources: Stage) -> None:
        self.sources = sources

    def __iter__(self) -> Iterator[Any]:
        """The items of a new pass."""
        raise NotImplementedError

    def cardinality(self) -> int:
        """The number of items, INFINITE or UNKNOWN."""
        return self.sources[0].cardinality()

    def open_axes(self) -> int:
        """Number of leading axes whose lengths differ between items."""
        return self.sources[0].open_axes() if self.sources else 0

    def selected(self, make: Callable[[Stage], Stage]) -> Stage:
        """The stage with `make` behind it, which chooses, orders or repeats items without a look at them.

        Rows of arrays apply it to their indices, so that only the rows that are chosen are read.
        """
        return make(self)

    # ---- the position, to go on after an interruption ----------------------------------------------------------------
    def get_state(self) -> list[int]:
        """Integers that the next pass depends on: how often each stage with random numbers was iterated over."""
        return [n for source in self.sources for n in source.get_state()]

    def set_state(self, state: Iterator[int]) -> None:
        """Restores what `get_state` returned, from an iterator over it."""
        for source in self.sources:
            source.set_state(state)


class CountedPasses(Stage):
    """A stage whose items depend on the number of the pass, which belongs to its state.

    Args:
        source: the items.
    """

    def __init__(self, source: Stage) -> None:
        super().__init__(source)
        self.passes = 0  # that have begun

    def _begin(self) -> int:
        """The number of a pass that begins."""
        self.passes += 1
        return self.passes - 1

    def get_state(self) -> list[int]:
        return [self.passes, *super().get_state()]

    def set_state(self, state: Iterator[int]) -> None:
        self.passes = next(state, 0)
        super().set_state(state)


class Drawing(CountedPasses):
    """A stage with a function that may draw random numbers.

    What netlet draws in the function depends on the stage and on the numbers of the pass and of the item, not on
    threads.

    Args:
        source: the items.
        function: function of an item.
    """

    def __init__(self, source: Stage, function: Callable[[Any], Any]) -> None:
        super().__init__(source)
        self.function = function
        self._stream = Stream()

    def _called(self, number: int, i: int, item: Any) -> Any:
        """The function of item `i` of pass `number`."""
        return drawing_at((number, i), self.function, item, self._stream)


class Counting(Stage):
    """The integers start, start + step, ... below stop; endless if stop is None.

    Args:
        start: the first.
        stop: the first that is not there, or None.
        step: the difference.
    """

    def __init__(self, start: int, stop: int | None, step: int) -> None:
        super().__init__()
        self.start, self.stop, self.step = start, stop, step

    def __iter__(self) -> Iterator[int]:
        if self.stop is None:
            return itertools.count(self.start, self.step)
        return iter(range(self.start, self.stop, self.step))

    def cardinality(self) -> int:
        return INFINITE if self.stop is None else len(range(self.start, self.stop, self.step))


class Numbers(Counting):
    """The same integers as items of an integer dtype.

    Args:
        start: and `stop`, `step`: as of Counting.
        dtype: dtype of the items.
    """

    def __init__(self, start: int, stop: int | None, step: int, dtype: Any) -> None:
        super().__init__(start, stop, step)
        self.dtype = numpy_dtype(dtype_name(dtype))

    def __iter__(self) -> Iterator[Any]:
        return map(self.dtype.type, super().__iter__())

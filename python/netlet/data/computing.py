"""Methods of a data set that compute: functions of items, in threads or not, and what keeps or makes items ahead."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from .pipeline import Pipeline, unpacked
from .stages.cache import Cache, FileCache
from .stages.mapping import Enumerate, Interleave, Map, ParallelMap
from .stages.prefetch import Prefetch

Self = TypeVar("Self", bound="Computing")

AUTOTUNE = -1
"""For `num_parallel_calls`: as many threads as pay. For `prefetch`: two items."""

_AHEAD = 2  # items: one that is ready and one that is made hide the time of making them
_MOST_THREADS = 16


class Computing(Pipeline):
    """The methods that compute, keep and make ahead."""

    def map(
        self: Self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: Any = None,
        synchronous: Any = None,
        use_unbounded_threadpool: Any = None,
        name: Any = None,
    ) -> Self:
        """Returns a data set of the results of a function, which runs each time that an item is read.

        The function computes with NumPy, `netlet.ops` or layers; Tensors that it returns become NumPy arrays. Random
        numbers that layers and `netlet.random` draw in it are the same for any number of threads, and others in each
        `map`. Those of NumPy's and Python's generators depend on the order in which threads get to them.

        Args:
            map_func: called with an item; with its parts as arguments if it is a tuple, such as (x, y).
            num_parallel_calls: number of threads that call it at the same time; default None for the reading thread.
                `data.AUTOTUNE` (-1) uses one thread per core if the function takes more than 0.2 ms. Threads help where
                the function waits for files or computes in native code. The items stay in order.
            deterministic, synchronous, use_unbounded_threadpool, name: accepted for compatibility with tf.data, without
                effect.

        Returns:
            A Dataset with as many items.

        Raises:
            TypeError: `map_func` is not callable.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(3).map(lambda i: i * i)]
        [0, 1, 4]
        """
        function = unpacked(map_func)
        count = 0 if num_parallel_calls is None else int(num_parallel_calls)
        if count == AUTOTUNE and _cores() > 1:
            return self._with(ParallelMap(self._stage, function, _cores()))
        if count > 1:
            return self._with(ParallelMap(self._stage, function, count, always=True))
        return self._with(Map(self._stage, function))

    def flat_map(self: Self, map_func: Callable[..., Any], name: Any = None) -> Self:
        """Returns a data set of the items of the data sets that a function makes of each item.

        Args:
            map_func: function of an item (of the parts of a tuple) that returns a Dataset.
            name: accepted for compatibility with tf.data.

        Returns:
            A Dataset of unknown cardinality.

        Raises:
            TypeError: in a pass, the function returns no Dataset.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(1, 4).flat_map(lambda n: Dataset.range(n))]
        [0, 0, 1, 0, 1, 2]
        """
        return self._with(Interleave(self._stage, _opened("flat_map", map_func)))

    def interleave(
        self: Self,
        map_func: Callable[..., Any],
        cycle_length: int | None = None,
        block_length: int | None = None,
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        name: Any = None,
    ) -> Self:
        """Returns a data set of the items of the data sets that a function makes of each item, several in turn.

        Args:
            map_func: function of an item (of the parts of a tuple) that returns a Dataset.
            cycle_length: number of data sets that are open at a time; default None (or -1) for 4.
            block_length: number of items from one before the next one's turn; default 1.
            num_parallel_calls, deterministic, name: accepted for compatibility with tf.data, without effect.

        Returns:
            A Dataset of unknown cardinality.

        Raises:
            ValueError: a length that is not positive.
            TypeError: in a pass, the function returns no Dataset.

        >>> from netlet.data import Dataset
        >>> data = Dataset.range(1, 4).interleave(lambda n: Dataset.from_tensors(n).repeat(2), cycle_length=2)
        >>> [int(i) for i in data]
        [1, 2, 1, 2, 3, 3]
        """
        cycle = 4 if cycle_length is None or int(cycle_length) == AUTOTUNE else int(cycle_length)
        block = 1 if block_length is None else int(block_length)
        if cycle < 1 or block < 1:
            raise ValueError(
                f"interleave: expected `cycle_length` and `block_length` of at least 1, received {cycle} and {block}."
            )
        return self._with(Interleave(self._stage, _opened("interleave", map_func), cycle, block))

    def enumerate(self: Self, start: int = 0, name: Any = None) -> Self:
        """Returns a data set of pairs of a number and an item.

        Args:
            start: the first number; default 0.
            name: accepted for compatibility with tf.data.

        >>> from netlet.data import Dataset
        >>> [(int(i), x) for i, x in Dataset.from_tensor_slices(["a", "b"]).enumerate(1)]
        [(1, 'a'), (2, 'b')]
        """
        return self._with(Enumerate(self._stage, int(start)))

    def cache(self: Self, filename: Any = "", name: Any = None) -> Self:
        """Returns a data set that keeps its items after the first whole pass.

        Put `shuffle` and random functions behind it: in front, all passes repeat the first one.

        Args:
            filename: path of a file for them, which a later run of the script reads; default "" for memory.
            name: accepted for compatibility with tf.data.
        """
        path = os.fspath(filename)
        return self._with(FileCache(self._stage, path) if path else Cache(self._stage))

    def prefetch(self: Self, buffer_size: int | None = None, name: Any = None) -> Self:
        """Returns a data set whose items a thread makes while the reader uses those before.

        The thread ends with the pass, also when the reader stops before its end. An exception is raised in the place
        of the item. `fit`, `evaluate` and `predict` read every data set in a thread by themselves.

        Args:
            buffer_size: most items that are ready at a time; default None (or `data.AUTOTUNE`) for 2, 0 for no thread.
            name: accepted for compatibility with tf.data.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(3).prefetch(1)]
        [0, 1, 2]
        """
        count = _AHEAD if buffer_size is None or int(buffer_size) < 0 else int(buffer_size)
        return self._with(Prefetch(self._stage, count)) if count else self


def _cores() -> int:
    """Cores that this process may use, at most 16."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(count, _MOST_THREADS)


def _opened(method: str, map_func: Callable[..., Any]) -> Callable[[Any], Any]:
    """The function of an item that returns the items of the data set of `map_func`, checked."""
    return partial(_items_made, method, unpacked(map_func))


def _items_made(method: str, function: Callable[[Any], Any], item: Any) -> Any:
    made = function(item)
    if not isinstance(made, Pipeline):
        raise TypeError(f"{method}: expected a function that returns a Dataset, received {type(made).__name__}.")
    return made.plain_items()

"""Stages that change how many items there are: batches, their rows, windows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..values import common_length, is_structure, mapped, parts, rows_of, stacked
from .sources import Items
from .stage import UNKNOWN, Stage


class Batch(Stage):
    """Batches of items, stacked along a new first axis.

    Args:
        source: the items.
        size: items of a batch.
        drop_remainder: whether to leave out a shorter last batch.
        stack: function from a list of items to the batch.
    """

    def __init__(
        self, source: Stage, size: int, drop_remainder: bool, stack: Callable[[list[Any]], Any] = stacked
    ) -> None:
        super().__init__(source)
        self.size, self.drop_remainder, self.stack = size, drop_remainder, stack

    def __iter__(self) -> Iterator[Any]:
        items = iter(self.sources[0])
        while chosen := list(islice(items, self.size)):
            if self.drop_remainder and len(chosen) < self.size:
                return
            yield self.stack(chosen)

    def cardinality(self) -> int:
        n = self.sources[0].cardinality()
        return n if n < 0 else n // self.size if self.drop_remainder else -(-n // self.size)

    def open_axes(self) -> int:
        inner = self.sources[0].open_axes()
        return 1 + inner if inner else 0 if self.drop_remainder else 1


def padder(shapes: Any, values: Any) -> Callable[[list[Any]], Any]:
    """A function that pads the arrays of items to one shape and stacks them.

    Args:
        shapes: structure of shapes; None, or None and -1 in a shape, for the longest of the batch.
        values: structure of padding values, one value for all, or None for 0 and the empty text.

    Returns:
        The function from a list of items to the batch.
    """

    def pad(items: list[Any], shape: Any, value: Any) -> Any:
        first = items[0]
        if first is None:
            return None
        if not is_structure(first):
            return _padded(items, shape, value)
        keys = sorted(first) if isinstance(first, dict) else range(len(first))
        per = [
            pad([item[k] for item in items], _part(shape, k, is_shape=True), _part(value, k, is_shape=False))
            for k in keys
        ]
        return dict(zip(keys, per)) if isinstance(first, dict) else tuple(per)

    return lambda items: pad(items, shapes, values)


def _part(structure: Any, key: Any, is_shape: bool) -> Any:
    """The part of padded_shapes or padding_values for one part of the items."""
    if isinstance(structure, (dict, tuple)):
        return structure[key]
    if is_shape and structure is not None:
        raise ValueError(f"padded_batch: expected a structure of shapes as the items have, received {structure!r}.")
    return structure


def _padded(arrays: list[Any], shape: Any, value: Any) -> np.ndarray:
    arrays = [np.asarray(a, object) if isinstance(a, (str, bytes)) else np.asarray(a) for a in arrays]
    first = arrays[0]
    wanted = [None] * first.ndim if shape is None else list(getattr(shape, "shape", shape))
    if len(wanted) != first.ndim or any(a.ndim != first.ndim for a in arrays):
        ranks = sorted({a.ndim for a in arrays})
        raise ValueError(f"padded_batch: expected arrays of rank {len(wanted)}, received ranks {ranks}.")
    full = [max(a.shape[i] for a in arrays) if n is None or int(n) == -1 else int(n) for i, n in enumerate(wanted)]
    dtype = np.dtype(object) if first.dtype.kind in "US" else first.dtype
    fill = ("" if dtype.kind == "O" else 0) if value is None else value
    out = np.full((len(arrays), *full), fill, dtype)
    for row, array in zip(out, arrays) if out.ndim > 1 else ():
        if any(n > m for n, m in zip(array.shape, full)):
            raise ValueError(f"padded_batch: expected arrays of at most shape {tuple(full)}, received {array.shape}.")
        row[tuple(slice(n) for n in array.shape)] = array
    if out.ndim == 1:
        out[:] = arrays
    return out


class Unbatch(Stage):
    """The rows of the arrays of each item."""

    def __iter__(self) -> Iterator[Any]:
        for item in self.sources[0]:
            for i in range(common_length(item, "unbatch")):
                yield rows_of(item, i)

    def cardinality(self) -> int:
        n = self.sources[0].cardinality()
        source = self.sources[0]
        if isinstance(source, Batch) and not source.drop_remainder:
            return source.sources[0].cardinality()
        return n if n <= 0 else UNKNOWN

    def open_axes(self) -> int:
        return max(0, self.sources[0].open_axes() - 1)


class Window(Stage):
    """Windows of consecutive items, each as a data set of its own (one for each part of the items).

    Args:
        source: the items.
        size: items of a window.
        shift: distance between the starts of two windows.
        stride: distance between two items of a window.
        drop_remainder: whether to leave out shorter windows at the end.
        wrap: function from a stage to a data set.
    """

    def __init__(
        self, source: Stage, size: int, shift: int, stride: int, drop_remainder: bool, wrap: Callable[[Stage], Any]
    ) -> None:
        super().__init__(source)
        self.size, self.shift, self.stride, self.drop_remainder = size, shift, stride, drop_remainder
        self.wrap = wrap

    def __iter__(self) -> Iterator[Any]:
        items = iter(self.sources[0])
        span = (self.size - 1) * self.stride + 1
        ahead: deque[Any] = deque()
        while True:
            ahead.extend(islice(items, span - len(ahead)))
            if not ahead or (self.drop_remainder and len(ahead) < span):
                return
            yield self._wrapped(list(ahead)[:: self.stride])
            for _ in range(self.shift):
                if ahead:
                    ahead.popleft()
                elif next(items, self) is self:
                    return

    def _wrapped(self, items: list[Any]) -> Any:
        if not is_structure(items[0]):
            return self.wrap(Items(items))
        columns = [parts(item) for item in items]
        places = iter(range(len(columns[0])))

        def column(_: Any) -> Any:
            place = next(places)
            return self.wrap(Items([row[place] for row in columns]))

        return mapped(column, items[0])

    def cardinality(self) -> int:
        n = self.sources[0].cardinality()
        if n < 0:
            return n
        span = (self.size - 1) * self.stride + 1
        last = n - span if self.drop_remainder else n - 1
        return 0 if last < 0 else last // self.shift + 1

    def open_axes(self) -> int:
        return 0

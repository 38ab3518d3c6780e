"""Stages that make items: from arrays, a generator, or the files of a folder."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..values import common_length, item_of, mapped, read_only, rows_of, with_dtype
from .stage import UNKNOWN, Counting, Stage


class Rows(Stage):
    """The rows of arrays of one length, in the order of a stage of indices.

    What chooses, orders or repeats items works on the indices; a batch is gathered in one step.

    Args:
        arrays: structure of arrays.
        indices: stage of integers; default all rows in order.
    """

    def __init__(self, arrays: Any, indices: Stage | None = None) -> None:
        super().__init__(indices or Counting(0, common_length(arrays, "from_tensor_slices"), 1))
        self.arrays = arrays

    def __iter__(self) -> Iterator[Any]:
        arrays = self.arrays
        if isinstance(arrays, np.ndarray):
            return (arrays[i] for i in self.sources[0])
        return (rows_of(arrays, i) for i in self.sources[0])

    def selected(self, make: Callable[[Stage], Stage]) -> Stage:
        return Rows(self.arrays, make(self.sources[0]))

    def gathered(self, indices: list[int]) -> Any:
        """The rows of several indices as arrays."""
        return rows_of(self.arrays, np.array(indices, np.int64))


class Single(Stage):
    """One item.

    Args:
        item: the item.
    """

    def __init__(self, item: Any) -> None:
        super().__init__()
        self.item = item

    def __iter__(self) -> Iterator[Any]:
        return iter((self.item,))

    def cardinality(self) -> int:
        return 1


class Items(Stage):
    """Items of a list.

    Args:
        items: the list.
    """

    def __init__(self, items: list[Any]) -> None:
        super().__init__()
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def cardinality(self) -> int:
        return len(self.items)


class Generated(Stage):
    """What an iterable yields; a function that returns one is called for each pass.

    Args:
        make: function without arguments that returns an iterable.
        dtypes: structure of dtypes of the items, or None for those that they have.
    """

    def __init__(self, make: Callable[[], Any], dtypes: Any = None) -> None:
        super().__init__()
        self.make, self.dtypes = make, dtypes

    def __iter__(self) -> Iterator[Any]:
        for value in self.make():
            yield item_of(value) if self.dtypes is None else _typed(value, self.dtypes)

    def cardinality(self) -> int:
        return UNKNOWN


def _typed(value: Any, dtypes: Any) -> Any:
    """A value in the structure and dtypes that were declared; a list is taken as a tuple there."""
    if isinstance(dtypes, tuple):
        if not isinstance(value, (tuple, list)) or len(value) != len(dtypes):
            raise TypeError(f"from_generator: expected tuples of {len(dtypes)} parts, received {value!r}.")
        return tuple(_typed(part, dtype) for part, dtype in zip(value, dtypes))
    if isinstance(dtypes, dict):
        if not isinstance(value, dict) or set(value) != set(dtypes):
            raise TypeError(f"from_generator: expected dicts with the keys {sorted(dtypes)}, received {value!r}.")
        return {key: _typed(value[key], dtype) for key, dtype in dtypes.items()}
    return with_dtype(value, dtypes)


class Files(Stage):
    """Paths of files that fit a pattern, sorted.

    Args:
        patterns: glob patterns.
    """

    def __init__(self, patterns: list[str]) -> None:
        super().__init__()
        self.paths = sorted({path for pattern in patterns for path in glob.glob(pattern)})
        if not self.paths:
            raise FileNotFoundError(f"list_files: no files match {', '.join(map(repr, patterns))}.")

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def cardinality(self) -> int:
        return len(self.paths)


def constant(value: Any) -> Any:
    """The arrays of a structure, as they are kept in a Dataset: read-only."""
    return mapped(read_only, item_of(value))

"""Arrays that are read in parts: Dask's collections, and arrays in files such as those of h5py and zarr."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .frames import frame_to_numpy, is_dask

BLOCK_BYTES = 1 << 26  # most bytes of a block of an array in a file: some hundred batches, and little beside a model


class Chunked:
    """Rows that are in memory one block at a time.

    Attributes:
        count: number of blocks.
        lengths: rows of each block; None if only reading them tells.
        kind: what it is, for errors.
    """

    count: int
    lengths: list[int] | None
    kind: str

    def block(self, i: int) -> np.ndarray:
        """Reads block i."""
        return self.values(read_together([self.part(i)])[0])

    def part(self, i: int) -> Any:
        """Block i for `read_together`; `values` makes an array of the result."""
        raise NotImplementedError

    def part_of_rows(self, start: int, stop: int) -> Any:
        """These rows for `read_together`; None if the rows of its blocks are unknown."""
        raise NotImplementedError

    def values(self, part: Any) -> np.ndarray:
        """The array of a part that was read."""
        return np.asarray(part)

    def counted(self) -> list[int]:
        """The rows of each block, which are read for it if they are unknown."""
        if self.lengths is None:
            self.lengths = [len(self.block(i)) for i in range(self.count)]
        return self.lengths


class DaskArray(Chunked):
    """An array of Dask. A block is a row of its chunks."""

    def __init__(self, x: Any) -> None:
        self._x, self.kind = x, "dask array"
        self.count = len(x.chunks[0])
        self.lengths = None if any(math.isnan(n) for n in x.chunks[0]) else [int(n) for n in x.chunks[0]]

    def part(self, i: int) -> Any:
        """Block i, not computed."""
        return self._x.blocks[i]

    def part_of_rows(self, start: int, stop: int) -> Any:
        """These rows, not computed."""
        return None if self.lengths is None else self._x[start:stop]


class DaskFrame(Chunked):
    """A frame or series of Dask. A block is a partition."""

    def __init__(self, x: Any) -> None:
        self._x, self.kind = x, f"dask {type(x).__name__}"
        self.count, self.lengths = x.npartitions, None

    def part(self, i: int) -> Any:
        """Partition i, not computed."""
        return self._x.get_partition(i)

    def part_of_rows(self, start: int, stop: int) -> None:
        """None: a partition's number of rows is unknown."""
        return None

    def values(self, part: Any) -> np.ndarray:
        """The numbers of a partition."""
        return frame_to_numpy(part)

    def counted(self) -> list[int]:
        """Counts the rows of each partition."""
        if self.lengths is None:
            self.lengths = [int(n) for n in self._x.map_partitions(len).compute()]
        return self.lengths


class FileArray(Chunked):
    """An array in a file that is sliced by rows, such as a Dataset of h5py or an Array of zarr.

    A block has at most `BLOCK_BYTES`, in whole chunks of the file.
    """

    def __init__(self, x: Any) -> None:
        self._x, self.kind = x, f"{type(x).__module__.split('.')[0]} {type(x).__name__}"
        n = int(x.shape[0])
        bytes_of_row = max(1, math.prod(x.shape[1:]) * np.dtype(x.dtype).itemsize)
        chunk = int(x.chunks[0]) if x.chunks else 1
        block = max(1, BLOCK_BYTES // bytes_of_row)
        block = max(chunk, block // chunk * chunk)
        self._starts = list(range(0, n, block)) or [0]
        self.count = len(self._starts)
        self.lengths = [min(block, n - start) for start in self._starts]

    def part(self, i: int) -> np.ndarray:
        """Reads block i."""
        start = self._starts[i]
        return self.part_of_rows(start, start + self.counted()[i])

    def part_of_rows(self, start: int, stop: int) -> np.ndarray:
        """Reads these rows."""
        return np.asarray(self._x[start:stop])


def read_together(parts: list[Any]) -> list[Any]:
    """Computes the parts that are collections of Dask, all at once: what they have in common is read once.

    Arrays and frames have graphs of different kinds, which Dask cannot compute together without a warning.

    >>> read_together([1, "a"])
    [1, 'a']
    """
    read = list(parts)
    for frames in (False, True):
        lazy = [k for k, part in enumerate(parts) if is_dask(part) and hasattr(part, "get_partition") == frames]
        if lazy:
            import dask

            for k, values in zip(lazy, dask.compute(*(parts[k] for k in lazy))):
                read[k] = values
    return read


def chunked(x: Any) -> Chunked | None:
    """x as blocks; None if it is in memory.

    Args:
        x: anything. An array of xarray is what it wraps.

    >>> chunked([1.0]) is None
    True
    """
    x = unwrapped(x)
    if is_dask(x):
        return DaskFrame(x) if hasattr(x, "get_partition") else DaskArray(x) if hasattr(x, "blocks") else None
    in_file = not isinstance(x, np.ndarray) and all(hasattr(x, name) for name in ("chunks", "shape", "dtype"))
    return FileArray(x) if in_file and hasattr(x, "__getitem__") and len(x.shape) else None


def unwrapped(x: Any) -> Any:
    """The array inside of an array of xarray; other objects unchanged.

    >>> unwrapped(1)
    1
    """
    return x.data if hasattr(x, "dims") and hasattr(x, "data") and hasattr(x, "chunks") else x


def blocks_of(x: Any) -> Iterator[np.ndarray] | None:
    """Reads one block after another; None if x is in memory.

    >>> blocks_of([1.0]) is None
    True
    """
    parts = chunked(x)
    return None if parts is None else (parts.block(i) for i in range(parts.count))

"""BlockSource: batches of arrays that are read block by block, so that the whole is never in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from netlet.base.chunked import Chunked, chunked, read_together
from netlet.base.frames import frame_to_numpy, is_frame
from netlet.base.tree import flatten, map_structure
from netlet.utils.batches import pack_x_y_sample_weight

from ..state import ShuffleOrder
from .prefetch import Prefetch
from .source import DataSource


def is_chunked(*structures: Any) -> str:
    """What the first array is that is read in more than one block; "" if all can be in memory.

    Args:
        structures: arrays, or lists or dicts of arrays.
    """
    if all(s is None or isinstance(s, np.ndarray) for s in structures):
        return ""
    for leaf in flatten(structures):
        part = None if isinstance(leaf, (float, int, np.ndarray)) else chunked(leaf)
        if part is not None and part.count > 1:
            return f"{part.kind} of {part.count} blocks"
    return ""


class BlockSource(DataSource):
    """Arrays of Dask or in files, with arrays in memory beside them. While one block is used, the next one is read.

    A batch may hold the end of one block and the beginning of the next.

    Args:
        x: array, or list or dict of arrays.
        y: targets in the same form, or None.
        sample_weight: weights in the same form, or None.
        method: name of the calling method, for errors.
        batch_size: rows of a batch. By default 32, or, with `steps` and known lengths, a `steps`-th of the rows.
        steps: batches of an epoch, or None.
        shuffle: whether each pass has a new order of the blocks and of the rows in each block; "batch" permutes only
            inside of each batch.
        order: draws the orders; None for no shuffling.

    Raises:
        ValueError: arrays with different numbers of rows or of blocks.
    """

    ahead = 2
    whole = True

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        method: str = "fit",
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool | str = False,
        order: ShuffleOrder | None = None,
    ) -> None:
        self._structure, self._method = (x, y, sample_weight), method
        self._parts = [chunked(a) or _in_memory(a) for a in flatten(self._structure) if a is not None]
        blocks = [part for part in self._parts if isinstance(part, Chunked)]
        # Rows of the others are read to match. A part whose lengths are unknown can only lead.
        self._lead = next((part for part in blocks if part.lengths is None), blocks[0])
        if any(part is not self._lead and not self._follows(part) for part in self._parts):
            self._lead.counted()
        self._check()
        self._shuffle, self._order = shuffle, order
        rows = None if self._lead.lengths is None else sum(self._lead.lengths)
        self._batch = batch_size or (math.ceil(rows / steps) if rows and steps else 32)

    def _follows(self, part: Any) -> bool:
        """Whether the part's block i has the rows of the lead's block i, and needs no row numbers."""
        return isinstance(part, Chunked) and part.lengths is None

    def _check(self) -> None:
        """Raises an error if the parts have different numbers of rows, as far as these are known, or of blocks."""
        counts = {part.count for part in self._parts if isinstance(part, Chunked) and part.lengths is None}
        if len(counts) > 1:
            raise ValueError(
                f"{self._method}: expected frames with the same number of partitions, received {sorted(counts)}."
            )
        rows = {
            len(part) if isinstance(part, np.ndarray) else sum(part.lengths or ())
            for part in self._parts
            if isinstance(part, np.ndarray) or part.lengths is not None
        }
        if len(rows) > 1:
            raise ValueError(f"{self._method}: expected arrays with the same number of rows, received {sorted(rows)}.")

    @property
    def num_batches(self) -> int | None:
        """Batches of a pass; None while the rows of the blocks are unknown."""
        lengths = self._lead.lengths
        return None if lengths is None else math.ceil(sum(lengths) / self._batch)

    def epoch(self) -> Iterator[Any]:
        """The batches of a new pass, with a new order if the source shuffles."""
        draw = None if self._order is None or not self._shuffle else self._order.family()
        places = range(self._lead.count)
        order = draw(self._lead.count, 0).tolist() if draw and self._shuffle != "batch" else places
        return self._batches(order, draw)

    def _batches(self, order: Any, draw: Callable[[int, int], np.ndarray] | None) -> Iterator[Any]:
        """Cuts the blocks into batches."""
        by_block = draw if self._shuffle != "batch" else None
        blocks = Prefetch((self._block(i, by_block) for i in order), ahead=1)
        blocks.allow(None)
        number = 0
        rest: list[np.ndarray] = []
        try:
            for block in blocks:
                joined = [np.concatenate(pair) for pair in zip(rest, block)] if rest and len(rest[0]) else block
                whole = len(joined[0]) // self._batch * self._batch
                for start in range(0, whole, self._batch):
                    number += 1
                    yield self._packed([a[start : start + self._batch] for a in joined], number, draw)
                rest = [a[whole:] for a in joined]
            if rest and len(rest[0]):
                yield self._packed(rest, number + 1, draw)
        finally:
            blocks.close()

    def _block(self, i: int, draw: Callable[[int, int], np.ndarray] | None) -> list[np.ndarray]:
        """Reads the rows of block i of each part."""
        lengths = self._lead.lengths
        start, stop = (sum(lengths[:i]), sum(lengths[: i + 1])) if lengths is not None else (0, 0)
        read = read_together([self._part(part, i, start, stop) for part in self._parts])
        rows = [part.values(r) if isinstance(part, Chunked) else r for part, r in zip(self._parts, read)]
        if len({len(a) for a in rows}) > 1:
            raise ValueError(
                f"{self._method}: expected arrays with the same number of rows in block {i}, received "
                f"{', '.join(str(len(a)) for a in rows)}."
            )
        if draw is None:
            return rows
        order = draw(len(rows[0]), 1 + i)
        return [a[order] for a in rows]

    def _part(self, part: Any, i: int, start: int, stop: int) -> Any:
        """What of this part belongs to block i, for `read_together`."""
        if isinstance(part, np.ndarray):
            return part[start:stop]
        if part is self._lead or part.lengths is None:
            return part.part(i)
        return part.part_of_rows(start, stop)

    def _packed(self, arrays: list[np.ndarray], number: int, draw: Callable[[int, int], np.ndarray] | None) -> Any:
        """A batch in the structure of the arguments."""
        if draw and self._shuffle == "batch":
            order = draw(len(arrays[0]), number)
            arrays = [a[order] for a in arrays]
        left = iter(arrays)
        return pack_x_y_sample_weight(*map_structure(lambda a: None if a is None else next(left), self._structure))


def _in_memory(x: Any) -> np.ndarray:
    return frame_to_numpy(x) if is_frame(x) else np.asarray(x)

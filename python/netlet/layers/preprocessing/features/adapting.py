"""Iterates over the data passed to `adapt`, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from netlet.base.arrays import as_ndarray
from netlet.base.chunked import blocks_of
from netlet.base.frames import column_to_numpy, is_frame


def batches_of(data: Any, name: str) -> Iterator[np.ndarray]:
    """Yields the batches of data passed to `adapt`, as NumPy arrays.

    Args:
        data: one array; or an iterable, or a sequence with `__len__` and `__getitem__`, of arrays or of tuples that
            start with an array.
        name: the layer class named in errors.

    Raises:
        TypeError: `data` is something else.
        ValueError: `data` has no batches.
    """
    if (blocks := blocks_of(data)) is not None:
        yield from blocks
        return
    if hasattr(data, "shape") or is_frame(data):
        yield column_to_numpy(data) if is_frame(data) else as_ndarray(data)
        return
    indexed = hasattr(data, "__len__") and hasattr(data, "__getitem__") and not isinstance(data, (list, tuple))
    if not indexed and not isinstance(data, Iterable):
        raise TypeError(f"{name}.adapt: expected an array or an iterable of batches, received {type(data).__name__}.")
    count = 0
    for batch in (data[i] for i in range(len(data))) if indexed else data:
        count += 1
        yield np.asarray(batch[0] if isinstance(batch, tuple) else batch)
    if not count:
        raise ValueError(f"{name}.adapt: expected at least one batch, received none.")

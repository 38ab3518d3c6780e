"""Iterates over the data passed to `adapt`, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np


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
    if hasattr(data, "shape"):
        yield np.asarray(data)
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

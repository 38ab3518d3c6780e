"""The data that `adapt` is given, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np


def batches_of(data: Any, name: str) -> Iterator[np.ndarray]:
    """What `adapt` is given, batch by batch: one array, or an iterable of arrays or of tuples that begin with one.

    Raises:
        TypeError: something else.
        ValueError: no batch at all.
    """
    if hasattr(data, "shape"):
        yield np.asarray(data)
        return
    indexed = hasattr(data, "__len__") and hasattr(data, "__getitem__") and not isinstance(data, (list, tuple))
    if not indexed and not isinstance(data, Iterable):
        raise TypeError(f"{name}.adapt takes an array or an iterable of batches; given {type(data).__name__}.")
    count = 0
    for batch in (data[i] for i in range(len(data))) if indexed else data:
        count += 1
        yield np.asarray(batch[0] if isinstance(batch, tuple) else batch)
    if not count:
        raise ValueError(f"{name}.adapt was given no batches.")

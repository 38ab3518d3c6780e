"""Data in batches, and sequences of numbers of different lengths."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np


class PyDataset:
    """Base of a data set that gives one batch at a time: subclass with `__len__` (batches) and `__getitem__`.

    `fit(shuffle=True)` takes the batches in a new order each epoch. A data set without end overrides `num_batches` to
    be None, and is fitted with `steps_per_epoch`.

    Args:
        workers, use_multiprocessing, max_queue_size: accepted as in Keras; netlet reads batches one after another.

    Example:

    >>> class Halves(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, i):
    ...         return np.full((4, 1), i / 2), np.zeros(4)
    >>> [x.shape for x, y in Halves()]
    [(4, 1), (4, 1)]
    """

    _shuffled_by_fit = True  # netlet's own data sets have an order of their own, as Keras's tf.data ones

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must implement __getitem__(index): one batch.")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must implement __len__(): the number of batches.")

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None for a data set without end."""
        return len(self)

    def __iter__(self) -> Iterator[Any]:
        n = self.num_batches
        return (self[i] for i in (itertools.count() if n is None else range(n)))

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


Sequence = PyDataset


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0.0,
) -> np.ndarray:
    """Sequences of different lengths as one array, filled up (or cut) at the front or at the end.

    Args:
        sequences: list of sequences, each (length, ...) with the same rest.
        maxlen: the longest one's length if None.
        padding, truncating: "pre" or "post".
        value: what is filled in.

    Returns:
        array (len(sequences), maxlen, ...).

    Raises:
        ValueError: something that is no sequence, another rest, or another word than "pre" and "post".

    Example:

    >>> pad_sequences([[1], [2, 3]], padding="post")
    array([[1, 0],
           [2, 3]], dtype=int32)
    """
    for name, word in (("padding", padding), ("truncating", truncating)):
        if word not in ("pre", "post"):
            raise ValueError(f"pad_sequences: `{name}` is 'pre' or 'post'; given {word!r}.")
    if maxlen is not None and maxlen < 0:
        raise ValueError(f"pad_sequences: `maxlen` is at least 0; given {maxlen!r}.")
    if not hasattr(sequences, "__len__") or any(not hasattr(s, "__len__") for s in sequences):
        raise ValueError("pad_sequences expects a list of sequences.")
    longest = max((len(s) for s in sequences), default=0) if maxlen is None else int(maxlen)
    rest = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    out = np.full((len(sequences), longest, *rest), value, dtype)
    for i, sequence in enumerate(sequences):
        if not len(sequence) or not longest:
            continue
        part = np.asarray(sequence[-longest:] if truncating == "pre" else sequence[:longest], dtype)
        if part.shape[1:] != rest:
            raise ValueError(f"pad_sequences: item {i} has shape {part.shape} after its first axis's; expected {rest}.")
        out[i, slice(0, len(part)) if padding == "post" else slice(longest - len(part), None)] = part
    return out

"""Data sets in batches, and padding of sequences of different lengths."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np


class PyDataset:
    """Base class of data sets that return one batch at a time.

    Subclasses define `__len__`, the number of batches, and `__getitem__`, which returns a batch. `fit(shuffle=True)`
    reads the batches in a new order in each epoch. An infinite data set overrides `num_batches` to return None; `fit`
    then needs `steps_per_epoch`.

    Args:
        workers: 1 (default) or more: `fit` reads batches in one thread, ahead of the steps that use them. 0: in the
            calling thread.
        use_multiprocessing: accepted for compatibility with Keras; no effect.
        max_queue_size: most batches that the thread reads ahead; default 10.

    Example:

    >>> class Halves(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, i):
    ...         return np.full((4, 1), i / 2), np.zeros(4)
    >>> [x.shape for x, y in Halves()]
    [(4, 1), (4, 1)]
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must implement __getitem__(index), which returns a batch.")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must implement __len__(): the number of batches.")

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None for an infinite data set."""
        return len(self)

    def __iter__(self) -> Iterator[Any]:
        try:
            n = self.num_batches
        except NotImplementedError:  # no `__len__`: endless
            n = None
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
    """Pads or truncates sequences to one length and returns them as one array.

    Args:
        sequences: list of sequences of shape (length, ...), which differ in their length only.
        maxlen: length of the result; default that of the longest sequence.
        dtype: dtype of the result; default "int32".
        padding: where to pad: "pre" (default) at the start, "post" at the end.
        truncating: where to truncate: "pre" (default) at the start, "post" at the end.
        value: value of the padding; default 0.

    Returns:
        array (len(sequences), maxlen, ...).

    Raises:
        ValueError: `sequences` is not a list of sequences; shapes that differ after the first axis; an unknown
            `padding` or `truncating`; a negative `maxlen`.

    Example:

    >>> pad_sequences([[1], [2, 3]], padding="post")
    array([[1, 0],
           [2, 3]], dtype=int32)
    """
    for name, word in (("padding", padding), ("truncating", truncating)):
        if word not in ("pre", "post"):
            raise ValueError(f"pad_sequences: expected 'pre' or 'post' as `{name}`, received {word!r}.")
    if maxlen is not None and maxlen < 0:
        raise ValueError(f"pad_sequences: expected `maxlen` of at least 0, received {maxlen!r}.")
    if not hasattr(sequences, "__len__") or any(not hasattr(s, "__len__") for s in sequences):
        raise ValueError("pad_sequences: expected a list of sequences, received something else.")
    longest = max((len(s) for s in sequences), default=0) if maxlen is None else int(maxlen)
    rest = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    out = np.full((len(sequences), longest, *rest), value, dtype)
    for i, sequence in enumerate(sequences):
        if not len(sequence) or not longest:
            continue
        part = np.asarray(sequence[-longest:] if truncating == "pre" else sequence[:longest], dtype)
        if part.shape[1:] != rest:
            raise ValueError(f"pad_sequences: item {i}: expected shape {(len(part), *rest)}, received {part.shape}.")
        out[i, slice(0, len(part)) if padding == "post" else slice(longest - len(part), None)] = part
    return out

"""Windows that slide over a series, batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.random import generator

from .sequence import PyDataset


class Windows(PyDataset):
    """Batches of windows of `data`, and the targets of each window's first place. Gathered when they are asked for.

    Args:
        data, targets: arrays with time as their first axis; the second may be None.
        starts: where each window begins.
        offsets: what lies in it, counted from there.
        batch_size: windows a batch; None: one window at a time, without the axis of the batch.
    """

    _shuffled_by_fit = False

    def __init__(
        self, data: Any, targets: Any, starts: np.ndarray, offsets: np.ndarray, batch_size: int | None
    ) -> None:
        super().__init__()
        self.data, self.targets, self.starts, self.offsets = data, targets, starts, offsets
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self.starts) // (self.batch_size or 1))

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)} batches; asked for number {index}.")
        index %= len(self)
        size = self.batch_size
        starts = self.starts[index] if size is None else self.starts[index * size : (index + 1) * size]
        x = self.data[starts[..., None] + self.offsets]
        return x if self.targets is None else (x, self.targets[starts])


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Windows:
    """Batches of windows that slide over a series, for `fit`. The series stays where it is, memory-mapped files too.

    Args:
        data: array (time, ...).
        targets: what belongs to the window that begins at each place: array (time, ...) or None. To predict the next
            value from `n` before it: `data[:-n]` and `data[n:]`, with `sequence_length=n`.
        sequence_length: entries a window.
        sequence_stride: from the start of one window to that of the next.
        sampling_rate: from one entry of a window to the next.
        batch_size: windows a batch, the last one may be shorter; None: one window, without the axis of the batch.
        shuffle: windows in an order drawn once with `seed`.
        start_index, end_index: use the data from here, and up to, but without, here (below the length of the data).
        format: accepted as in Keras; what is returned is always a `PyDataset`.

    Returns:
        A `PyDataset` of x (batch, sequence_length, ...), or (x, y) with targets.

    Raises:
        ValueError: a place outside of the data, or a length, stride or rate below 1.

    Source: Keras 3 `timeseries_dataset_from_array`.

    Example:

    >>> import numpy as np
    >>> windows = timeseries_dataset_from_array(np.arange(6), np.arange(2, 8), sequence_length=2, batch_size=3)
    >>> x, y = windows[0]
    >>> x.tolist(), y.tolist(), len(windows)
    ([[0, 1], [1, 2], [2, 3]], [2, 3, 4], 2)
    """
    data = np.asarray(data)
    if data.ndim == 0:
        raise ValueError("timeseries_dataset_from_array: `data` has no axis of time.")
    _check(len(data), sequence_length, sequence_stride, sampling_rate, batch_size, start_index, end_index)
    if format not in ("tf", "grain"):
        raise ValueError(f"timeseries_dataset_from_array: `format` is 'tf' or 'grain'; given {format!r}.")
    first = start_index or 0
    last = len(data) if end_index is None else end_index
    count = last - first - (sequence_length - 1) * sampling_rate
    if targets is not None:
        targets = np.asarray(targets)
        count = min(count, len(targets) - first)
    starts = np.arange(0, count, sequence_stride) + first
    if shuffle:
        generator(seed).shuffle(starts)
    return Windows(data, targets, starts, np.arange(sequence_length) * sampling_rate, batch_size)


def _check(
    length: int, sequence: int, stride: int, rate: int, batch_size: int | None, start: int | None, end: int | None
) -> None:
    sizes = {"sequence_length": sequence, "sequence_stride": stride, "sampling_rate": rate, "batch_size": batch_size}
    for name, value in sizes.items():
        if value is not None and (not isinstance(value, (int, np.integer)) or value < 1):
            raise ValueError(f"timeseries_dataset_from_array: `{name}` is an integer of at least 1; given {value!r}.")
    for name, value in (("sequence_stride", stride), ("sampling_rate", rate)):
        if value >= length:
            raise ValueError(
                f"timeseries_dataset_from_array: `{name}` must be lower than the length of the data, {length}; given "
                f"{value}."
            )
    if start and not 0 <= start < length:
        raise ValueError(
            f"timeseries_dataset_from_array: `start_index` lies between 0 and the length of the data, {length}; given "
            f"{start}."
        )
    if end is not None and not (start or 0) < end < length:
        raise ValueError(
            f"timeseries_dataset_from_array: `end_index` lies above `start_index`, {start or 0}, and below the length "
            f"of the data, {length}; given {end}."
        )

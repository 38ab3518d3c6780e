"""Data sets of sliding windows over a time series."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.data import Dataset


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
) -> Dataset:
    """Makes a data set of sliding windows over a time series, for `fit`. The series, also a memory map, is not copied.

    Args:
        data: array (time, ...).
        targets: array (time, ...) or None; its item i is the target of the window that starts at data[i]. To predict
            the next value from `n` values before it: `data[:-n]` as data, `data[n:]` as targets, `sequence_length=n`.
        sequence_length: number of items per window.
        sequence_stride: distance between the starts of two windows; default 1.
        sampling_rate: distance between two items of a window; default 1.
        batch_size: number of windows per batch, default 128; the last batch may be smaller. None for single windows
            without the batch axis.
        shuffle: whether to shuffle the windows, with `seed`, and again after each epoch; default False.
        seed: integer; default None, from the global sequence.
        start_index: index of the first item to use; default 0.
        end_index: index of the first item not to use, less than the length of the data; default the length.
        format: accepted for compatibility with Keras ("tf" or "grain"); the result is always a `data.Dataset`.

    Returns:
        A `netlet.data.Dataset` of x (batch, sequence_length, ...), or (x, y) with targets.

    Raises:
        ValueError: an index outside of the data; a length, stride, rate or batch size below 1; an unknown format.

    Source: Keras 3 `timeseries_dataset_from_array`.

    Example:

    >>> import numpy as np
    >>> windows = timeseries_dataset_from_array(np.arange(6), np.arange(2, 8), sequence_length=2, batch_size=3)
    >>> x, y = next(iter(windows))
    >>> x.tolist(), y.tolist(), len(windows)
    ([[0, 1], [1, 2], [2, 3]], [2, 3, 4], 2)
    """
    data = np.asarray(data)
    if data.ndim == 0:
        raise ValueError("timeseries_dataset_from_array: expected `data` of shape (time, ...), received a scalar.")
    _check(len(data), sequence_length, sequence_stride, sampling_rate, batch_size, start_index, end_index)
    if format not in ("tf", "grain"):
        raise ValueError(f"timeseries_dataset_from_array: expected 'tf' or 'grain' as `format`, received {format!r}.")
    first = start_index or 0
    last = len(data) if end_index is None else end_index
    count = last - first - (sequence_length - 1) * sampling_rate
    if targets is not None:
        targets = np.asarray(targets)
        count = min(count, len(targets) - first)
    starts = np.arange(0, count, sequence_stride) + first
    offsets = np.arange(sequence_length) * sampling_rate

    def gathered(at: Any) -> Any:
        x = data[at[..., None] + offsets]
        return x if targets is None else (x, targets[at])

    windows = Dataset.from_tensor_slices(starts)
    if shuffle and len(starts):
        windows = windows.shuffle(len(starts), seed)
    return (windows if batch_size is None else windows.batch(batch_size)).map(gathered)


def _check(
    length: int, sequence: int, stride: int, rate: int, batch_size: int | None, start: int | None, end: int | None
) -> None:
    sizes = {"sequence_length": sequence, "sequence_stride": stride, "sampling_rate": rate, "batch_size": batch_size}
    for name, value in sizes.items():
        if value is not None and (not isinstance(value, (int, np.integer)) or value < 1):
            raise ValueError(f"timeseries_dataset_from_array: expected `{name}` >= 1 (integer), received {value!r}.")
    for name, value in (("sequence_stride", stride), ("sampling_rate", rate)):
        if value >= length:
            raise ValueError(
                f"timeseries_dataset_from_array: expected `{name}` less than the length of the data, {length}, "
                f"received {value}."
            )
    if start and not 0 <= start < length:
        raise ValueError(
            f"timeseries_dataset_from_array: expected `start_index` in [0, {length}), {length} being the length of the "
            f"data, received {start}."
        )
    if end is not None and not (start or 0) < end < length:
        raise ValueError(
            f"timeseries_dataset_from_array: expected `end_index` greater than `start_index`, {start or 0}, and less "
            f"than the length of the data, {length}, received {end}."
        )

"""`split_dataset`: two parts of a data set, as data sets of single samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from netlet.base import tree
from netlet.random import generator

from .dataset import Dataset, stacked


class Samples(Dataset):
    """Single samples of arrays in one structure, or of a list.

    Args:
        source: a structure of arrays with one length, or a list of samples.
        places: indices of the samples, in order.
    """

    def __init__(self, source: Any, places: np.ndarray) -> None:
        super().__init__()
        self._source, self._places = source, places

    def __len__(self) -> int:
        return len(self._places)

    def _item(self, index: int) -> Any:
        place = self._places[index]
        return tree.map_structure(lambda array: array[place], self._source)


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Dataset, Dataset]:
    """Splits a data set into a left and a right part, for example for training and validation.

    Args:
        dataset: an array, or a list, tuple or dict of arrays with one length; or an iterable of samples, such as a
            PyDataset, a `torch.utils.data.Dataset` or a `tf.data.Dataset`, which is read into memory.
        left_size: fraction of the samples, between 0 and 1, or their number; default the rest.
        right_size: likewise for the right part, which ends with the last sample.
        shuffle: whether to shuffle the samples first; default False.
        seed: integer; default None, from the global sequence.
        preferred_backend: accepted for compatibility with Keras.

    Returns:
        (left, right): data sets of single samples in the structure of `dataset` (a tuple for a list). Call
        `.batch(32)` on them for `fit`.

    Raises:
        ValueError: no size; a size outside of its range; sizes of more than there is, or of nothing; arrays of
            different lengths.
        TypeError: `dataset` cannot be read.

    Source: Keras 3 `keras.utils.split_dataset`.

    >>> left, right = split_dataset((np.arange(10), np.arange(10) % 2), left_size=0.8)
    >>> len(left), len(right), right[0]
    (8, 2, (np.int64(8), np.int64(0)))
    """
    source, total = _in_memory(dataset)
    left, right = _sizes(left_size, right_size, total)
    places = np.arange(total)
    if shuffle:
        generator(seed).shuffle(places)
    return Samples(source, places[:left]), Samples(source, places[total - right :])


def _in_memory(dataset: Any) -> tuple[Any, int]:
    """Returns (structure of arrays, number of samples)."""
    if isinstance(dataset, np.ndarray) or (
        isinstance(dataset, (list, tuple, dict)) and all(_is_array(leaf) for leaf in tree.flatten(dataset))
    ):
        source = tuple(dataset) if isinstance(dataset, list) else dataset
        lengths = {len(leaf) for leaf in tree.flatten(source)}
        if len(lengths) != 1:
            raise ValueError(f"split_dataset: expected arrays of one length, received lengths {sorted(lengths)}.")
        return source, lengths.pop()
    if isinstance(dataset, (str, bytes)) or not (isinstance(dataset, Iterable) or hasattr(dataset, "__getitem__")):
        raise TypeError(
            "split_dataset: expected an array, a list, tuple or dict of arrays, or an iterable of samples as "
            f"`dataset`, received {type(dataset).__name__}."
        )
    samples = [tree.map_structure(np.asarray, sample) for sample in _samples(dataset)]
    if not samples:
        raise ValueError("split_dataset: expected at least one sample, received an empty data set.")
    return stacked(samples), len(samples)


def _samples(dataset: Any) -> Iterable[Any]:
    if hasattr(dataset, "__iter__"):
        return iter(dataset)
    return (dataset[i] for i in range(len(dataset)))  # a torch Dataset: its __getitem__ need not end with an IndexError


def _is_array(leaf: Any) -> bool:
    return hasattr(leaf, "shape") and hasattr(leaf, "__getitem__") and len(leaf.shape) > 0


def _sizes(left: float | None, right: float | None, total: int) -> tuple[int, int]:
    """Returns the numbers of samples of both parts."""
    if left is None and right is None:
        raise ValueError("split_dataset: expected `left_size` or `right_size`, received neither.")
    numbers: list[int | None] = []
    for name, size in (("left_size", left), ("right_size", right)):
        if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating, type(None))):
            raise TypeError(f"split_dataset: expected an integer or a float as `{name}`, received {size!r}.")
        whole = isinstance(size, (int, np.integer))
        if size is not None and not 0 < size < (total if whole else 1):
            kind = "an integer" if whole else "a float"
            raise ValueError(
                f"split_dataset: expected {kind} between 0 and {total if whole else 1} (both excluded) as `{name}`, "
                f"received {size}."
            )
        numbers.append(None if size is None else int(size) if whole else round(size * total))
    first = numbers[0] if numbers[0] is not None else total - (numbers[1] or 0)
    second = numbers[1] if numbers[1] is not None else total - first
    if first + second > total:
        raise ValueError(f"split_dataset: expected parts of at most {total} samples, received {first} and {second}.")
    if not first or not second:
        raise ValueError(f"split_dataset: expected two parts with samples of {total}, received {first} and {second}.")
    return first, second

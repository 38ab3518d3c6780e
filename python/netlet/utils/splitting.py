"""`split_dataset`: two parts of a data set, as data sets of single samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from netlet.base import tree
from netlet.data import Dataset
from netlet.data.stages.sources import Items, constant
from netlet.data.values import common_length, rows_of, stacked
from netlet.engine.tensor import Tensor
from netlet.random import generator


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
    >>> len(left), len(right), [int(part) for part in next(iter(right))]
    (8, 2, [8, 0])
    """
    samples, total = _in_memory(dataset)
    left, right = _sizes(left_size, right_size, total)
    places = np.arange(total)
    if shuffle:
        generator(seed).shuffle(places)
    return samples(places[:left]), samples(places[total - right :])


def _in_memory(dataset: Any) -> tuple[Callable[[np.ndarray], Dataset], int]:
    """Returns (function from places to the data set of these samples, number of samples)."""
    if isinstance(dataset, (np.ndarray, Tensor)) or hasattr(dataset, "iloc") or _holds_arrays(dataset):
        arrays = constant(tuple(dataset) if isinstance(dataset, list) else dataset)
        return lambda places: _rows(arrays, places), common_length(arrays, "split_dataset")
    if isinstance(dataset, (str, bytes)) or not (isinstance(dataset, Iterable) or hasattr(dataset, "__getitem__")):
        raise TypeError(
            "split_dataset: expected an array, a list, tuple or dict of arrays, or an iterable of samples as "
            f"`dataset`, received {type(dataset).__name__}."
        )
    samples = [constant(tuple(sample) if isinstance(sample, list) else sample) for sample in _samples(dataset)]
    if not samples:
        raise ValueError("split_dataset: expected at least one sample, received an empty data set.")
    try:
        arrays = stacked(samples)
    except ValueError:  # samples of different shapes, such as batches with a shorter last one
        return lambda places: Dataset(Items([samples[i] for i in places])), len(samples)
    return lambda places: _rows(arrays, places), len(samples)


def _rows(arrays: Any, places: np.ndarray) -> Dataset:
    return Dataset.from_tensor_slices(rows_of(arrays, places))


def _holds_arrays(dataset: Any) -> bool:
    """Whether it is a list, tuple or dict of arrays."""
    leaves = tree.flatten(dataset) if isinstance(dataset, (list, tuple, dict)) else []
    return bool(leaves) and all(_is_array(leaf) for leaf in leaves)


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

"""Chooses the DataSource for the arguments of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from netlet import config

from ..own_fields import step_state
from ..own_step import has_own_step
from ..state import ShuffleOrder
from .arrays import ArraySource
from .blocks import BlockSource, is_chunked
from .class_weights import class_weighted
from .converted import ConvertedSource
from .data import ArrayData, is_array_like
from .iterables import DatasetSource, GeneratorSource, IterableSource, is_dataset
from .py_dataset import SequenceSource
from .source import DataSource


def batches_of(x: Any, method: str, order: ShuffleOrder | None) -> DataSource:
    """The source for an object that yields batches.

    Args:
        x: a DataSource, a PyDataset, an object with `__getitem__` and `__len__`, an iterator or an iterable.
        method: name of the calling method, for errors.
        order: draws the order of a PyDataset's batches; None for its own order.

    Returns:
        The source.

    Raises:
        ValueError: x is none of these.
    """
    if isinstance(x, DataSource):
        return x
    if is_dataset(x):
        return DatasetSource(x)
    if isinstance(x, (str, bytes)):
        raise ValueError(f"{method}(x): expected arrays or an iterable of (x, y) batches, received {x!r}.")
    if any(cls.__name__ == "PyDataset" for cls in type(x).__mro__):  # Keras's too
        return SequenceSource(x, order)
    if hasattr(x, "__getitem__") and hasattr(x, "__len__"):
        return SequenceSource(x)
    if isinstance(x, Iterator):
        return GeneratorSource(x)
    if isinstance(x, Iterable):
        return IterableSource(x)
    raise ValueError(f"{method}(x): expected arrays or an iterable of (x, y) batches, received {type(x).__name__}.")


def data_source(
    model: Any,
    mode: str,
    method: str,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool | str = False,
    class_weight: dict[int, float] | None = None,
) -> DataSource:
    """The source for the arguments of `fit`, `evaluate` or `predict`.

    Args:
        model: the Trainer. Its layers that run in Python run on each batch here.
        mode: "train", "test" or "predict".
        method: name of the calling method, for errors.
        x: array or structure of arrays, or an iterable of batches.
        y: targets, if x is arrays.
        sample_weight: weights, if x is arrays.
        batch_size: rows of a batch, if x is arrays (see ArraySource).
        steps: batches of an epoch, or None.
        shuffle: whether to shuffle rows of arrays or batches of a PyDataset; "batch" shuffles inside of each batch.
        class_weight: {class index: weight}, or None.

    Returns:
        The source.

    Raises:
        ValueError: no x; y or sample_weight beside an iterable; x is neither arrays nor an iterable.
    """
    if x is None:
        raise ValueError(f"{method}: expected arrays or an iterable of batches as x, received None.")
    order = step_state(model).shuffle if shuffle else None

    def weighted(data: ArrayData) -> ArrayData:
        return data if class_weight is None else class_weighted(data, class_weight)

    source: DataSource
    if not isinstance(x, ArrayData) and is_array_like(x) and is_chunked(x, y, sample_weight):
        source = BlockSource(
            x, y, sample_weight, method=method, batch_size=batch_size, steps=steps, shuffle=shuffle, order=order
        )
        y = sample_weight = None
    elif isinstance(x, ArrayData) or is_array_like(x):
        data = x if isinstance(x, ArrayData) else ArrayData(model.run_ahead(x), y, sample_weight, method=method)
        return ArraySource(weighted(data), batch_size, steps, shuffle, order)
    else:
        source = batches_of(x, method, order)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"{method}: expected {name} in the batches of the iterable x, received it as an argument.")

    if isinstance(source, DatasetSource) and source.endless and steps is None and not config.max_steps_per_epoch():
        argument = {"fit": "steps_per_epoch", "validation_data": "validation_steps"}.get(method, "steps")
        raise ValueError(f"{method}: expected `{argument}`, because the data set is endless (`repeat()`).")

    own_step = has_own_step(model, mode)

    def convert(batch: Any) -> ArrayData:
        return weighted(ArrayData.of_batch(batch, method, own_step, model.run_ahead))

    # A debugger in an eager step also stops in the generator, and its output comes in order, without a thread.
    return ConvertedSource(source, convert, threads=not model.run_eagerly)

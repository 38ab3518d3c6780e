"""Where batches come from: `fit`, `evaluate` and `predict` see one protocol, `DataSource`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .class_weights import class_weighted
from .data import ArrayData, is_array_like
from .own_fields import step_state
from .own_step import has_own_step
from .state import ShuffleOrder


class DataSource:
    """Batches, one pass after another.

    Attributes:
        restarts: whether `epoch` may be called again. A generator gives its batches once.
    """

    restarts = True

    @property
    def num_batches(self) -> int | None:
        """Batches of a pass; None where this is unknown, or where there is no end."""
        return None

    def epoch(self) -> Iterator[Any]:
        """The batches of a new pass: x, (x,), (x, y) or (x, y, sample_weight)."""
        raise NotImplementedError

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


class ArrayPass:
    """One pass over arrays. The native loop asks which rows come next; an eager step takes them.

    Attributes:
        order: the order of the rows; None where they are taken as they come.
        at: batches done.
    """

    def __init__(self, source: ArraySource, order: np.ndarray | None) -> None:
        self.source, self.order, self.at = source, order, 0

    @property
    def left(self) -> int:
        return self.source.num_batches - self.at

    def __iter__(self) -> ArrayPass:
        return self

    def __next__(self) -> ArrayData:
        if not self.left:
            raise StopIteration
        first, batch = self.at * self.source.batch, self.source.batch
        self.at += 1
        rows = slice(first, first + batch)
        return self.source.data.take(rows if self.order is None else self.order[rows])


class ArraySource(DataSource):
    """Arrays: they stay where they are, and native code gathers each batch.

    Args:
        data: the arrays.
        batch_size: rows a batch; by default 32, or as many as make `steps` batches of all rows.
        steps: batches of an epoch, or None.
        shuffle: whether each pass has an order of its own; "batch" shuffles inside of each batch's rows.
        order: draws the orders.
    """

    def __init__(
        self,
        data: ArrayData,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool | str = False,
        order: ShuffleOrder | None = None,
    ) -> None:
        self.data, self.shuffle, self._order = data, shuffle, order
        self.batch = min(batch_size or (math.ceil(data.rows / steps) if steps else 32), data.rows)

    @property
    def num_batches(self) -> int:
        return math.ceil(self.data.rows / self.batch)

    def epoch(self) -> ArrayPass:
        if not self.shuffle or self._order is None:
            return ArrayPass(self, None)
        return ArrayPass(self, self._order.next(self.data.rows, self.batch if self.shuffle == "batch" else None))


class SequenceSource(DataSource):
    """A PyDataset, or any object with `__getitem__` that gives batch i and `__len__` that counts them.

    Args:
        dataset: the object.
        order: draws the order of the batches of each pass; None to take them in order.
    """

    def __init__(self, dataset: Any, order: ShuffleOrder | None = None) -> None:
        self._dataset, self._order = dataset, order

    @property
    def num_batches(self) -> int | None:
        n = self._dataset.num_batches if hasattr(self._dataset, "num_batches") else len(self._dataset)
        return None if n is None else int(n)

    def epoch(self) -> Iterator[Any]:
        n = self.num_batches
        if n is None:
            places: Iterable[int] = itertools.count()
        else:
            places = range(n) if self._order is None else self._order.next(n).tolist()
        return (self._batch(self._dataset[i]) for i in places)

    @staticmethod
    def _batch(item: Any) -> Any:
        return (item,) if isinstance(item, np.ndarray) else item  # as in Keras

    def on_epoch_begin(self) -> None:
        getattr(self._dataset, "on_epoch_begin", lambda: None)()

    def on_epoch_end(self) -> None:
        getattr(self._dataset, "on_epoch_end", lambda: None)()


class IterableSource(DataSource):
    """Any iterable of batches: a torch DataLoader, a tf.data.Dataset, an object with `__iter__`."""

    def __init__(self, iterable: Iterable[Any]) -> None:
        self._iterable = iterable

    @property
    def num_batches(self) -> int | None:
        try:
            return len(self._iterable)  # type: ignore[arg-type]
        except TypeError:  # no length, or an endless one
            return None

    def epoch(self) -> Iterator[Any]:
        return iter(self._iterable)


class GeneratorSource(DataSource):
    """A generator, or any iterator: it goes on where it stopped and cannot begin again."""

    restarts = False

    def __init__(self, generator: Iterator[Any]) -> None:
        self._generator = generator

    def epoch(self) -> Iterator[Any]:
        return self._generator


class ConvertedSource(DataSource):
    """Another source with each batch changed: class weights, layers of text that run ahead of the model."""

    def __init__(self, source: DataSource, convert: Callable[[Any], ArrayData]) -> None:
        self._source, self._convert = source, convert
        self.restarts = source.restarts
        self.on_epoch_begin, self.on_epoch_end = source.on_epoch_begin, source.on_epoch_end  # type: ignore[method-assign]

    @property
    def num_batches(self) -> int | None:
        return self._source.num_batches

    def epoch(self) -> Iterator[ArrayData]:
        return map(self._convert, self._source.epoch())


def batches_of(x: Any, method: str, order: ShuffleOrder | None) -> DataSource:
    """The source for something that gives batches.

    Raises:
        ValueError: it gives none.
    """
    if isinstance(x, DataSource):
        return x
    if any(cls.__name__ == "PyDataset" for cls in type(x).__mro__):  # Keras's too
        return SequenceSource(x, order if getattr(x, "_shuffled_by_fit", True) else None)
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
    """The source for what `fit`, `evaluate` or `predict` was given.

    Args:
        model: the Trainer; layers of text at its front turn texts into numbers here.
        mode: "train", "test" or "predict".
        method: named in errors.
        x, y, sample_weight: arrays; or x, an iterable of batches.
        batch_size, steps, shuffle: see ArraySource. An iterable's batches are what they are; a PyDataset's are shuffled
            as a whole.
        class_weight: {class index: weight}.

    Raises:
        ValueError: y or sample_weight beside an iterable; something that is neither arrays nor an iterable.
    """
    if x is None:
        raise ValueError(f"{method}: x is missing: give arrays, or an iterable of batches.")
    order = step_state(model).shuffle if shuffle else None

    def weighted(data: ArrayData) -> ArrayData:
        return data if class_weight is None else class_weighted(data, class_weight)

    if isinstance(x, ArrayData) or is_array_like(x):
        data = x if isinstance(x, ArrayData) else ArrayData(model.run_ahead(x), y, sample_weight, method=method)
        return ArraySource(weighted(data), batch_size, steps, shuffle, order)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"{method}: {name} comes with the batches where x is an iterable; received both.")

    own_step = has_own_step(model, mode)

    def convert(batch: Any) -> ArrayData:
        return weighted(ArrayData.of_batch(batch, method, own_step, model.run_ahead))

    return ConvertedSource(batches_of(x, method, order), convert)

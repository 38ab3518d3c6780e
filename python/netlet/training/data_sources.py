"""Sources of batches for `fit`, `evaluate` and `predict`: arrays, datasets, iterables and generators."""

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
    """The protocol that the training loop reads batches from: one pass after another.

    Attributes:
        restarts: whether `epoch` begins a new pass each time. False for a generator, which has one pass.
    """

    restarts = True

    @property
    def num_batches(self) -> int | None:
        """Batches of a pass; None if unknown or endless."""
        return None

    def epoch(self) -> Iterator[Any]:
        """The batches of a new pass: x, (x,), (x, y) or (x, y, sample_weight)."""
        raise NotImplementedError

    def on_epoch_begin(self) -> None:
        """Is called before each epoch."""

    def on_epoch_end(self) -> None:
        """Is called after each epoch."""


class ArrayPass:
    """One pass over arrays. Native code reads `order` and `at`; an eager step iterates over the batches.

    Args:
        source: the arrays.
        order: permutation of the rows, or None for their own order.

    Attributes:
        at: number of batches that are done.
    """

    def __init__(self, source: ArraySource, order: np.ndarray | None) -> None:
        self.source, self.order, self.at = source, order, 0

    @property
    def left(self) -> int:
        """Number of batches that are not done."""
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
    """Arrays. They are not copied; native code gathers each batch from them.

    Args:
        data: the arrays.
        batch_size: rows of a batch. By default 32, or, with `steps`, a `steps`-th of the rows (rounded up).
        steps: batches of an epoch, or None.
        shuffle: whether each pass has a new order of the rows; "batch" permutes only inside of each batch.
        order: draws the orders; None for no shuffling.

    Attributes:
        batch: rows of a batch; the last one may be shorter.
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
        """Batches of a pass."""
        return math.ceil(self.data.rows / self.batch)

    def epoch(self) -> ArrayPass:
        """A new pass, with a new order if the source shuffles."""
        if not self.shuffle or self._order is None:
            return ArrayPass(self, None)
        return ArrayPass(self, self._order.next(self.data.rows, self.batch if self.shuffle == "batch" else None))


class SequenceSource(DataSource):
    """A PyDataset, or another object whose `__getitem__` returns batch i and whose `__len__` counts the batches.

    Args:
        dataset: the object.
        order: draws the order of the batches in each pass; None for the dataset's own order.
    """

    def __init__(self, dataset: Any, order: ShuffleOrder | None = None) -> None:
        self._dataset, self._order = dataset, order

    @property
    def num_batches(self) -> int | None:
        """Batches of a pass; None for an endless PyDataset."""
        n = self._dataset.num_batches if hasattr(self._dataset, "num_batches") else len(self._dataset)
        return None if n is None else int(n)

    def epoch(self) -> Iterator[Any]:
        """The batches of a new pass."""
        n = self.num_batches
        if n is None:
            places: Iterable[int] = itertools.count()
        else:
            places = range(n) if self._order is None else self._order.next(n).tolist()
        return (self._batch(self._dataset[i]) for i in places)

    @staticmethod
    def _batch(item: Any) -> Any:
        """The batch; an array becomes (array,), as in Keras."""
        return (item,) if isinstance(item, np.ndarray) else item

    def on_epoch_begin(self) -> None:
        """Calls the dataset's method of this name, if it has one."""
        getattr(self._dataset, "on_epoch_begin", lambda: None)()

    def on_epoch_end(self) -> None:
        """Calls the dataset's method of this name, if it has one."""
        getattr(self._dataset, "on_epoch_end", lambda: None)()


class IterableSource(DataSource):
    """Any iterable of batches: a torch DataLoader, a tf.data.Dataset, an object with `__iter__`.

    Args:
        iterable: the object; `iter` of it begins a new pass.
    """

    def __init__(self, iterable: Iterable[Any]) -> None:
        self._iterable = iterable

    @property
    def num_batches(self) -> int | None:
        """Batches of a pass; None if the iterable has no length."""
        try:
            return len(self._iterable)  # type: ignore[arg-type]
        except TypeError:  # no length, or an endless one
            return None

    def epoch(self) -> Iterator[Any]:
        """The batches of a new pass."""
        return iter(self._iterable)


class GeneratorSource(DataSource):
    """A generator or another iterator. It has one pass; the next epoch continues where the last one stopped.

    Args:
        generator: the iterator.
    """

    restarts = False

    def __init__(self, generator: Iterator[Any]) -> None:
        self._generator = generator

    def epoch(self) -> Iterator[Any]:
        """The iterator itself."""
        return self._generator


class ConvertedSource(DataSource):
    """Another source with each batch converted: class weights, and the layers that run before the recorded step.

    Args:
        source: the other source.
        convert: function from a batch to ArrayData.
    """

    def __init__(self, source: DataSource, convert: Callable[[Any], ArrayData]) -> None:
        self._source, self._convert = source, convert
        self.restarts = source.restarts
        self.on_epoch_begin, self.on_epoch_end = source.on_epoch_begin, source.on_epoch_end  # type: ignore[method-assign]

    @property
    def num_batches(self) -> int | None:
        """Batches of a pass; None if unknown or endless."""
        return self._source.num_batches

    def epoch(self) -> Iterator[ArrayData]:
        """The converted batches of a new pass."""
        return map(self._convert, self._source.epoch())


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

    if isinstance(x, ArrayData) or is_array_like(x):
        data = x if isinstance(x, ArrayData) else ArrayData(model.run_ahead(x), y, sample_weight, method=method)
        return ArraySource(weighted(data), batch_size, steps, shuffle, order)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"{method}: expected {name} in the batches of the iterable x, received it as an argument.")

    own_step = has_own_step(model, mode)

    def convert(batch: Any) -> ArrayData:
        return weighted(ArrayData.of_batch(batch, method, own_step, model.run_ahead))

    return ConvertedSource(batches_of(x, method, order), convert)

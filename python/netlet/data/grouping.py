"""Methods of a data set that join items to batches and windows, or part them."""

from __future__ import annotations

from typing import Any, TypeVar

from .pipeline import Pipeline
from .stages.batching import Batch, Unbatch, Window, padder
from .stages.sources import Rows

Self = TypeVar("Self", bound="Grouping")


class Grouping(Pipeline):
    """The methods that join and part items."""

    def batch(
        self: Self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        name: Any = None,
    ) -> Self:
        """Returns a data set of batches of items, stacked along a new first axis.

        Args:
            batch_size: number of items per batch.
            drop_remainder: whether to leave out a last batch that is smaller; default False.
            num_parallel_calls, deterministic, name: accepted for compatibility with tf.data, without effect.

        Returns:
            A Dataset of arrays (batch_size, ...).

        Raises:
            ValueError: `batch_size` is not positive; or, in a pass, items of different shapes.

        >>> from netlet.data import Dataset
        >>> [batch.tolist() for batch in Dataset.range(5).batch(2)]
        [[0, 1], [2, 3], [4]]
        """
        size = _size("batch", batch_size)
        stage = self._stage
        if isinstance(stage, Rows):  # a batch of row numbers, gathered at once
            return self._with(Batch(stage.sources[0], size, bool(drop_remainder), stage.gathered))
        return self._with(Batch(stage, size, bool(drop_remainder)))

    def padded_batch(
        self: Self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: Any = None,
    ) -> Self:
        """Returns a data set of batches of items whose arrays are padded at their ends to one shape.

        Args:
            batch_size: number of items per batch.
            padded_shapes: structure of shapes as the items have; None or -1 for the longest of the batch. Default None:
                all lengths are those of the longest.
            padding_values: structure of values, or one for all; default 0 and empty texts.
            drop_remainder: whether to leave out a last batch that is smaller; default False.
            name: accepted for compatibility with tf.data.

        Raises:
            ValueError: `batch_size` is not positive; or, in a pass, arrays that do not fit the shapes.

        >>> from netlet.data import Dataset
        >>> import numpy as np
        >>> data = Dataset.range(1, 4).map(lambda n: np.full(n, n))
        >>> [batch.tolist() for batch in data.padded_batch(2)]
        [[[1, 0], [2, 2]], [[3, 3, 3]]]
        """
        stack = padder(padded_shapes, padding_values)
        return self._with(Batch(self._stage, _size("padded_batch", batch_size), bool(drop_remainder), stack))

    def unbatch(self: Self, name: Any = None) -> Self:
        """Returns a data set of the rows of the arrays of each item.

        Args:
            name: accepted for compatibility with tf.data.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(5).batch(2).unbatch()]
        [0, 1, 2, 3, 4]
        """
        return self._with(Unbatch(self._stage))

    def window(
        self: Self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False, name: Any = None
    ) -> Self:
        """Returns a data set of windows of consecutive items. Each window is a data set, one per part of the items.

        Args:
            size: number of items per window.
            shift: distance between the starts of two windows; default `size`.
            stride: distance between two items of a window; default 1.
            drop_remainder: whether to leave out smaller windows at the end; default False.
            name: accepted for compatibility with tf.data.

        Raises:
            ValueError: a number that is not positive.

        >>> from netlet.data import Dataset
        >>> windows = Dataset.range(5).window(3, shift=1, drop_remainder=True)
        >>> [w.tolist() for w in windows.flat_map(lambda window: window.batch(3))]
        [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
        """
        size = _size("window", size, "size")
        shift = size if shift is None else _size("window", shift, "shift")
        stride = _size("window", stride, "stride")
        return self._with(Window(self._stage, size, shift, stride, bool(drop_remainder), self._with))


def _size(method: str, value: Any, argument: str = "batch_size") -> int:
    if int(value) < 1:
        raise ValueError(f"{method}: expected `{argument}` of at least 1, received {value}.")
    return int(value)

"""Dataset: a pipeline of items for `fit`, with the methods of tf.data that Keras scripts call."""

from __future__ import annotations

from typing import Any

from .choosing import Choosing
from .computing import Computing
from .creation import Creation
from .grouping import Grouping
from .stages.stage import Stage


class Dataset(Creation, Choosing, Grouping, Computing):
    """A pipeline of items, which `fit`, `evaluate`, `predict` and `adapt` take.

    An item is an array or a structure (tuple, dict) of NumPy arrays; a text is a `str`. Data sets are made by
    `from_tensor_slices`, `from_generator`, `range`, `list_files`, `zip` and the functions `*_from_directory` of
    `netlet.utils`. Each method returns a new data set; nothing is computed before it is read. Each `iter` of it begins
    a new pass. All random orders depend on seeds alone.

    Args:
        stage: the last stage; use the methods that make data sets instead.

    Raises:
        TypeError: `stage` is no stage, such as an array.

    Source: TensorFlow, `tf.data.Dataset`.

    Example:

    >>> import numpy as np
    >>> x, y = np.arange(10.0), np.arange(10) % 2
    >>> data = Dataset.from_tensor_slices((x, y)).shuffle(10, seed=1).map(lambda x, y: (x / 10, y)).batch(4)
    >>> [len(labels) for _, labels in data], len(data)
    ([4, 4, 2], 3)
    """

    def __init__(self, stage: Stage) -> None:
        if not isinstance(stage, Stage):
            raise TypeError(
                f"Dataset: expected one of its stages, received {type(stage).__name__}. Use "
                "Dataset.from_tensor_slices, from_generator or another method that makes a data set."
            )
        super().__init__(stage)

    def __repr__(self) -> str:
        n = self._stage.cardinality()
        return f"<netlet.data.Dataset, {type(self._stage).__name__}, {n if n >= 0 else 'unknown number of'} items>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(
            f"netlet.data.Dataset has no {name!r}. `fit` also takes a tf.data.Dataset and a torch DataLoader."
        )


def as_dataset(data: Any) -> Dataset:
    """A data set of other data: a Dataset itself, a structure of arrays by rows, or another iterable of items."""
    if isinstance(data, Dataset):
        return data
    if isinstance(data, dict) or hasattr(data, "shape") or isinstance(data, (list, tuple)):
        return Dataset.from_tensor_slices(data)
    return Dataset.from_generator(lambda: data)

"""Pipeline: a data set over a stage, with what reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from .stages.stage import INFINITE, UNKNOWN, Stage
from .values import mapped, spec_of, with_numpy

Self = TypeVar("Self", bound="Pipeline")


class Cardinality(int):
    """A number of items; -1 for no end, -2 if unknown. `numpy()` returns it, as scripts for tf.data ask for it.

    >>> Cardinality(3).numpy() + 1
    4
    """

    def numpy(self) -> int:
        """The number."""
        return int(self)


class Pipeline:
    """A data set over a stage.

    Args:
        stage: the last stage.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def _with(self: Self, stage: Stage) -> Self:
        """A data set over another stage."""
        return type(self)(stage)

    def _selected(self: Self, make: Callable[[Stage], Stage]) -> Self:
        return self._with(self._stage.selected(make))

    def __iter__(self) -> Iterator[Any]:
        return (mapped(with_numpy, item) for item in self._stage)

    def plain_items(self) -> Iterator[Any]:
        """Returns an iterator over the items of a new pass, whose arrays have NumPy's own type."""
        return iter(self._stage)

    def __bool__(self) -> bool:
        return True  # as in tf.data; without it `if dataset:` would ask for the length

    def __len__(self) -> int:
        n = self._stage.cardinality()
        if n == INFINITE:
            raise TypeError("The dataset is infinite, so it has no length.")
        if n == UNKNOWN:
            raise TypeError("The length of the dataset is unknown. Iterate over it to count its items.")
        return n

    def cardinality(self) -> Cardinality:
        """Returns the number of items, -1 (`INFINITE_CARDINALITY`) for no end, -2 (`UNKNOWN_CARDINALITY`) if unknown.

        It is unknown after `filter`, `flat_map`, `interleave` and for generators.
        """
        return Cardinality(self._stage.cardinality())

    @property
    def element_spec(self) -> Any:
        """The structure of an item, with a TensorSpec (shape and dtype) for each array.

        The first item is made to see it. The length of a batch is None unless all batches are full.

        Raises:
            ValueError: the data set is empty.
        """
        state = self.get_state()
        items = iter(self)
        try:
            item = next(items)
        except StopIteration:
            raise ValueError("element_spec: expected at least one item, received an empty data set.") from None
        finally:
            getattr(items, "close", lambda: None)()
            self.set_state(state)
        return spec_of(item, self._stage.open_axes())

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Returns an iterator over the items, with plain NumPy arrays; data sets inside of them become iterators.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(3).as_numpy_iterator()]
        [0, 1, 2]
        """
        for item in self._stage:
            yield mapped(lambda part: part.as_numpy_iterator() if isinstance(part, Pipeline) else part, item)

    def get_single_element(self) -> Any:
        """Returns the only item.

        Raises:
            ValueError: there is none, or more than one.
        """
        found = [item for _, item in zip(range(2), self)]
        if len(found) != 1:
            raise ValueError(f"get_single_element: expected one item, received {'more' if found else 'none'}.")
        return found[0]

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any]) -> Any:
        """Returns the result of a function of a state and an item, called with one item after another.

        Args:
            initial_state: the state before the first item.
            reduce_func: function (state, item) that returns the new state.

        >>> from netlet.data import Dataset
        >>> int(Dataset.range(5).reduce(0, lambda state, item: state + item))
        10
        """
        state = initial_state
        for item in self:
            state = reduce_func(state, item)
        return state

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """Returns what a function makes of this data set, for chains of calls.

        Args:
            transformation_func: function of a data set, which returns a data set or anything else.
        """
        return transformation_func(self)

    def options(self) -> Any:
        """Returns an object without meaning; accepted for compatibility with tf.data."""
        return Options()

    def with_options(self: Self, options: Any, name: Any = None) -> Self:
        """Returns the data set itself; accepted for compatibility with tf.data.

        Args:
            options: accepted for compatibility with tf.data, without effect.
            name: likewise.
        """
        return self

    # ---- going on after an interruption ------------------------------------------------------------------------------
    def get_state(self) -> list[int]:
        """Returns integers that the next pass depends on: how often each stage with random numbers was iterated over.

        `fit` saves them with `BackupAndRestore`, so that a resumed training reads the same items.
        """
        return self._stage.get_state()

    def set_state(self, state: list[int]) -> None:
        """Restores what `get_state` returned, on a data set that was made in the same way.

        Args:
            state: list of integers.
        """
        self._stage.set_state(iter(state))


class Options:
    """Accepts any attribute, for scripts that set options of tf.data. They have no effect.

    >>> options = Options()
    >>> options.threading.private_threadpool_size = 4
    >>> options.deterministic = False
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = Options()
        object.__setattr__(self, name, value)
        return value


def unpacked(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """The function of an item that calls `function` with the parts of a tuple as arguments, as tf.data does."""
    if not callable(function):
        raise TypeError(f"Dataset: expected a function, received {type(function).__name__}.")
    return partial(_with_parts, function)


def _with_parts(function: Callable[..., Any], item: Any) -> Any:
    return function(*item) if type(item) is tuple else function(item)

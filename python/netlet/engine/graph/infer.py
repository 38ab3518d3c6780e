"""Inference of output shapes, by trial calls with two batch sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.base.untrusted import elements_for
from netlet.config import standardize_dtype

from ..needs_values import NeedsValues
from .symbols import KerasTensor

PROBES = (2, 3)  # sizes that replace None in the two trials; output sizes that differ between the trials become None
_LARGER_PROBES = (64, 96)  # for functions that need more, e.g. a window of 32 steps; halves, quarters, ... are whole
_trying: ContextVar[bool] = ContextVar("netlet_trying", default=False)
_most_elements: ContextVar[int | None] = ContextVar("netlet_most_elements", default=None)


@contextmanager
def trial() -> Iterator[None]:
    """Context manager: calls inside only determine shapes or create weights, so they must not change any state."""
    token = _trying.set(True)
    try:
        yield
    finally:
        _trying.reset(token)


def in_trial() -> bool:
    """Whether the current call is a trial."""
    return _trying.get()


@contextmanager
def shapes_of_file(nbytes: int) -> Iterator[None]:
    """Context manager: the shapes of inputs are what a file states, so no array of such a shape may be much larger.

    Args:
        nbytes: the size of the file.
    """
    token = _most_elements.set(elements_for(nbytes))
    try:
        yield
    finally:
        _most_elements.reset(token)


def most_elements() -> int | None:
    """How many elements an array may have whose shape a file states; None where no file is loaded."""
    return _most_elements.get()


def infer_spec(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Returns the KerasTensors of fn's outputs. It records fn, which computes nothing, with None = 2 and None = 3.

    If fn takes no sizes as small as these, None = 64 and None = 96 are tried. A function with an op that needs values
    is run on ones and on zeros instead.

    Raises:
        ValueError: a file states shapes that are too large to run the function.
    """
    unknown = any(None in t.shape for t in tree.flatten([list(args), kwargs]) if isinstance(t, KerasTensor))
    try:
        first, second = _trials(fn, args, kwargs, PROBES, unknown)
    except ValueError:
        if not unknown:
            raise
        try:
            first, second = _trials(fn, args, kwargs, _LARGER_PROBES, unknown)
        except ValueError:
            first = None
        if first is None:
            raise  # the error of the small sizes
    others = iter(tree.flatten(second))

    def merge(a: Any) -> Any:
        b = next(others)
        return None if a is None else symbol_of_trials(a.shape, b.shape, a.dtype)

    merged = [merge(leaf) for leaf in tree.flatten(first)]
    return tree.pack_like(first, merged)


def symbol_of_trials(first: tuple[int, ...], second: tuple[int, ...], dtype: str) -> KerasTensor:
    """The KerasTensor of a result whose shapes in the trials with the two `PROBES` are known.

    Args:
        first, second: the shapes. Sizes that differ become None.
        dtype: the result's dtype.

    Raises:
        ValueError: the ranks differ.

    >>> symbol_of_trials((2, 8), (3, 8), "float32").shape
    (None, 8)
    """
    if len(first) != len(second):
        raise ValueError(f"Expected a result of one rank for all batch sizes, received {first} and {second}.")
    return KerasTensor([p if p == q else None for p, q in zip(first, second, strict=True)], dtype)


def _trials(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], sizes: tuple[int, int], unknown: bool
) -> tuple[Any, Any]:
    """The results of the two trials; of one, twice, if no size is unknown."""
    try:
        first = _trial(fn, args, kwargs, sizes[0])
        return first, _trial(fn, args, kwargs, sizes[1]) if unknown else first
    except NeedsValues:
        return _trial(fn, args, kwargs, sizes[0], 1), _trial(fn, args, kwargs, sizes[1], 0)


def _trial(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], extent: int, value: float | None = None
) -> Any:
    """The shapes and dtypes of fn's outputs with None = `extent`; with `value`, from inputs filled with it."""
    tape = _core.Tape(record=value is None)
    if value is not None:
        _check_shapes([t for t in tree.flatten([list(args), kwargs]) if isinstance(t, KerasTensor)], extent)

    def stand_in(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        shape = _shape(leaf, extent)
        return tape.input(shape, leaf.dtype, leaf.name) if value is None else _core.full(shape, leaf.dtype, value)

    with tape, trial():
        outputs = fn(*tree.map_structure(stand_in, args), **tree.map_structure(stand_in, kwargs))

    def spec(leaf: Any) -> Any:
        if leaf is None:
            return None
        tensor = getattr(leaf, "_tensor", leaf)
        return _Leaf(tuple(int(d) for d in tensor.shape), standardize_dtype(tensor.dtype))

    return tree.map_structure(spec, outputs)


def _shape(symbol: KerasTensor, extent: int) -> tuple[int, ...]:
    return tuple(extent if d is None else d for d in symbol.shape)


def _check_shapes(symbols: list[KerasTensor], extent: int) -> None:
    """Raises ValueError if arrays in the place of the symbols are larger than the file may ask for."""
    most = most_elements()
    shapes = [_shape(symbol, extent) for symbol in symbols]
    if most is not None and sum(map(math.prod, shapes)) > most:
        raise ValueError(
            f"An op needs values, and must be run to infer its shapes: expected inputs of at most {most} elements in a "
            f"file of this size, received the shapes {', '.join(map(str, shapes))}."
        )


class _Leaf:
    """Shape and dtype of one result of a trial. Not a tuple, because `tree` must treat it as a leaf."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.shape, self.dtype = shape, dtype

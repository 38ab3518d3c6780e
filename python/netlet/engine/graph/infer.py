"""What shape a result has: found by trying."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.config import standardize_dtype

from .symbols import KerasTensor

_PROBES = (2, 3)  # what None stands for in the two trial runs; an extent that differs between them is None
_trying: ContextVar[bool] = ContextVar("netlet_trying", default=False)


@contextmanager
def trial() -> Iterator[None]:
    """Inside, calls are made for their shapes or weights: batches are not the caller's, and no state may move on."""
    token = _trying.set(True)
    try:
        yield
    finally:
        _trying.reset(token)


def in_trial() -> bool:
    """Whether a call is made for its shapes or weights only."""
    return _trying.get()


def infer_spec(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """KerasTensors like what fn returns, found by recording fn (nothing is computed) with None = 2 and None = 3."""
    first = _trial(fn, args, kwargs, _PROBES[0])
    unknown = any(None in t.shape for t in tree.flatten([list(args), kwargs]) if isinstance(t, KerasTensor))
    second = _trial(fn, args, kwargs, _PROBES[1]) if unknown else first
    others = iter(tree.flatten(second))

    def merge(a: Any) -> Any:
        b = next(others)
        if a is None:
            return None
        if len(a.shape) != len(b.shape):
            raise ValueError(f"The rank of the result depends on the batch size: {a.shape} and {b.shape}.")
        return KerasTensor([p if p == q else None for p, q in zip(a.shape, b.shape, strict=True)], a.dtype)

    merged = [merge(leaf) for leaf in tree.flatten(first)]
    return tree.pack_like(first, merged)


def _trial(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], extent: int) -> Any:
    tape = _core.Tape(record=True)

    def stand_in(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        return tape.input([extent if d is None else d for d in leaf.shape], leaf.dtype, leaf.name)

    with tape, trial():
        outputs = fn(*tree.map_structure(stand_in, args), **tree.map_structure(stand_in, kwargs))

    def spec(leaf: Any) -> Any:
        if leaf is None:
            return None
        tensor = getattr(leaf, "_tensor", leaf)
        return _Leaf(tuple(int(d) for d in tensor.shape), standardize_dtype(tensor.dtype))

    return tree.map_structure(spec, outputs)


class _Leaf:
    """Shape and dtype of one trial result; no tuple, so that `tree` takes it for a leaf."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.shape, self.dtype = shape, dtype

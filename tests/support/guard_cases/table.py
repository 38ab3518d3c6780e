"""The table of guard-page cases, and what they share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from netlet import _core

CASES: dict[str, Callable[[], Any]] = {}
FLOATS = ("float32", "float64")
NUMBERS = (*FLOATS, "int32", "int64")
SIZES = (1, 7, 17, 33)  # one element, and sizes around a vector of each instruction set


def case(*values: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds a function to the table: without arguments, or once for each of these values of its argument.

    A case calls kernels and returns their results: Tensors, None, or lists of them.
    """

    def add(f: Callable[..., Any]) -> Callable[..., Any]:
        if not values:
            CASES[f.__name__] = f
        for value in values:
            CASES[f"{f.__name__} {value}"] = functools.partial(f, value)
        return f

    return add


def numbers(*shape: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    """In (0.1, 0.9), or whole numbers in [0, 9)."""
    x = np.random.default_rng(seed).uniform(0.1, 0.9, shape)
    return (x if np.dtype(dtype).kind == "f" else 10 * x).astype(dtype)


def tensors(*shape: int, dtype: str = "float32", count: int = 1) -> list[Any]:
    return [_core.tensor(numbers(*shape, dtype=dtype, seed=i)) for i in range(count)]


def with_gradients(f: Callable[..., Any], *arrays: Any) -> list[Any]:
    """f of the arrays, and its gradients with respect to those of numbers that are no integers."""
    inside = [_core.tensor(a) for a in arrays]
    leaves = [t for t in inside if "float" in str(t.dtype)]
    for t in leaves:
        t.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = f(*inside)
        gradients = tape.gradients(y, leaves, _core.tensor(numbers(*y.shape, dtype="float32"), str(y.dtype)))
    return [y, *gradients]


def flat(results: Any) -> Iterable[Any]:
    """The Tensors and arrays in nested lists."""
    if isinstance(results, list | tuple):
        for result in results:
            yield from flat(result)
    elif results is not None:
        yield results

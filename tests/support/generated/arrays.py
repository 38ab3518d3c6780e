"""Strategies of hypothesis for shapes and arrays. Values come from a seed: hypothesis shrinks shapes and options."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SEEDS = st.integers(0, 2**32 - 1)
OTHER_SEEDS = st.integers(2**32, 2**33 - 1)  # of an array that must not equal another one


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 5) -> st.SearchStrategy:
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def ints(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


def optional(options: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any subset of keyword arguments: each has a strategy, or a list to choose from."""
    return st.fixed_dictionaries({}, optional={k: _strategy(v) for k, v in options.items()})


def _strategy(value: Any) -> st.SearchStrategy:
    return value if isinstance(value, st.SearchStrategy) else st.sampled_from(list(value))


def normal(seed: int, shape: Any) -> np.ndarray:
    """Normal numbers in float64; no two of them are equal, and none is 0."""
    return np.random.default_rng(seed).standard_normal(shape)


def uniform(seed: int, shape: Any, low: float = 0.1, high: float = 0.9) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, shape)


def whole(seed: int, shape: Any, low: int, high: int, dtype: str = "int32") -> np.ndarray:
    """Whole numbers from low to high - 1."""
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def bits(seed: int, shape: Any, first: bool = False) -> np.ndarray:
    """Booleans, three quarters of them true. With `first`, the first of each row is true: no row is masked whole."""
    found = np.random.default_rng(seed).random(shape) < 0.75
    if first:
        found[..., 0] = True
    return found


@st.composite
def normals(draw: Any, shape: Any = None) -> np.ndarray:
    return normal(draw(SEEDS), draw(shapes()) if shape is None else shape)

"""Random ops and feeds of some rows of a batch, as data-parallel training computes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from netlet import _core

ROWS, PARTS = 24, [(0, 5), (5, 1), (6, 11), (17, 7)]  # (first row, number of rows)
Emit = Callable[[int, int], _core.Tensor]  # of (first row, number of rows)
X = np.random.default_rng(0).standard_normal((ROWS, 3, 7)).astype("float32")


def drawn(emit: Emit, first: int, rows: int) -> np.ndarray:
    """What a random op returns for some rows of the batch, as NumPy's array."""
    _core.begin_shard(rows, first, 2)
    try:
        return np.array(emit(first, rows).numpy())
    finally:
        _core.end_shard()


def dropout(first: int, rows: int) -> _core.Tensor:
    return _core.dropout(X[first : first + rows], 0.4, 5)


def attention(first: int, rows: int) -> _core.Tensor:
    x = X[first : first + rows, :, None]
    return _core.attention(x, x, x, rate=0.4, seed=5)


def numbers(distribution: str) -> Emit:
    return lambda first, rows: _core.random(distribution, [rows, 3, 7], "float32", 0.0, 1.0, 5, True)


OPS: dict[str, Emit] = {"dropout": dropout, "attention": attention} | {
    name: numbers(name) for name in ("uniform", "normal", "truncated_normal")
}

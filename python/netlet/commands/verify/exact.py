"""Exact checks: products of integers, and the same bits with any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, ops

THREADS = (1, 2, 3, 8)


def integer_products(shapes: int = 300) -> int:
    """Counts products of random matrices of small integers that are not exact.

    Args:
        shapes: number of shapes to test, alternately in float64 and float32, each with all transposes; default 300.
    """
    rng = np.random.default_rng(2)
    wrong = 0
    for i in range(shapes):
        m, k, n = (int(v) for v in np.exp2(rng.uniform(0, 8 if i % 10 else 10, 3)).astype(int))
        dtype = np.float32 if i % 2 else np.float64
        # All partial sums are less than 2^24 in magnitude, so they are exact in float32 in any order.
        a, b = (rng.integers(-63, 64, s).astype(dtype) for s in ((m, k), (k, n)))
        want = a.astype(np.float64) @ b.astype(np.float64)
        for x in (a, np.asfortranarray(a)):
            for y in (b, np.asfortranarray(b)):
                wrong += not np.array_equal(np.asarray(ops.matmul(x, y)), want)
    return wrong


def same_bits_on_any_threads() -> int:
    """Counts operations, of a list of large ones, whose results depend on the number of threads."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(513, 1031)).astype(np.float32)
    w = rng.normal(size=(1031, 257)).astype(np.float32)
    operations: list[Any] = [
        lambda: ops.matmul(x, w),
        lambda: ops.sum(x),
        lambda: ops.mean(x, axis=0),
        lambda: ops.softmax(x),
        lambda: ops.softmax(x, axis=0),
        lambda: ops.tanh(x),
        lambda: ops.gelu(x),
    ]
    before = _core.get_num_threads()
    wrong = 0
    try:
        for operation in operations:
            results = []
            for threads in THREADS:
                _core.set_num_threads(threads)
                results.append(np.asarray(operation()).tobytes())
            wrong += len(set(results)) != 1
    finally:
        _core.set_num_threads(before)
    return wrong

"""Matrix products of integers, which are exact in every float type."""

from __future__ import annotations

DTYPES = ["float32", "float64"]


def integers(rng, shape, dtype="float64", bound=8):
    """Integers whose products and sums are exact in every float type."""
    return rng.integers(-bound, bound + 1, shape).astype(dtype)


def exact(a, b, ta=False, tb=False):
    a, b = a.astype("int64"), b.astype("int64")
    return (a.swapaxes(-1, -2) if ta else a) @ (b.swapaxes(-1, -2) if tb else b)

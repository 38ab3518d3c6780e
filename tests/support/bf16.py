"""Products in bfloat16 by their definition (docs/numerics.md, "Products of low-precision numbers")."""

from __future__ import annotations

import ml_dtypes
import numpy as np

BF16 = ml_dtypes.bfloat16


def rounded(x: np.ndarray) -> np.ndarray:
    """x rounded to bfloat16, as float32."""
    return np.asarray(x, "float32").astype(BF16).astype("float32")


def product(a: np.ndarray, b: np.ndarray, start: np.ndarray | float = 0) -> np.ndarray:
    """start + a @ b in float32: both operands rounded, terms in pairs, the odd one first, each sum rounded once.

    A product of two bfloat16 numbers is exact in float64, and rounding a sum to float64 and then to float32 gives the
    same as rounding it to float32.
    """
    x, y = rounded(a).astype("float64"), rounded(b).astype("float64")
    sums = np.broadcast_to(np.asarray(start, "float32"), (*a.shape[:-1], b.shape[-1]))
    for pair in range(0, a.shape[-1], 2):
        for k in (pair + 1, pair):
            if k < a.shape[-1]:
                sums = (sums + x[..., k, None] * y[..., k, None, :]).astype("float32")
    return sums


def magnitude(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|a| @ |b|: the scale of the errors of a product."""
    return np.abs(a).astype("float64") @ np.abs(b).astype("float64")

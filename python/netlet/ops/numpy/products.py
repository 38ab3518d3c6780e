"""Products of matrices and vectors, and norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import concrete, op, shape_of

__all__ = ["dot", "matmul"]

_INTEGERS = ("int8", "uint8", "int32", "int64", "bool")


def matmul(x1: Any, x2: Any) -> Any:
    """Matrix product over the last two axes; the leading axes broadcast.

    8-bit integers and bfloat16 give results of a larger dtype, as in Keras, with the same bits on every CPU:

    - int8 or uint8 times int8 gives int32, exact modulo 2**32 (no sum of fewer than 65,536 products can overflow).
    - bfloat16 times bfloat16 gives float32: products are added in pairs, the odd one first, each by one fused
      multiply-add; subnormal numbers count as zeros.

    Args:
        x1: (..., M, K), or a vector (K,).
        x2: (..., K, N), or a vector (K,).

    Returns:
        Tensor (..., M, N); without M or N where that argument is a vector.

    Raises:
        ValueError: different sizes of the summed axes, or an argument of rank 0.

    >>> matmul(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]])).numpy()
    array([[1., 2.],
           [3., 4.]])
    """
    try:
        return _core.matmul(x1, x2)
    except (TypeError, _core.SymbolicArgument):
        return _matmul(x1, x2)


def _general_matmul(x1: Any, x2: Any) -> Any:
    """The matrix product of any dtypes; integers that the native function refuses are multiplied in float64."""
    try:
        return _core.matmul(x1, x2)
    except TypeError:
        a, b = concrete(x1), concrete(x2)
        if str(a.dtype) not in _INTEGERS or str(b.dtype) not in _INTEGERS:
            raise
    wide = "int64" if "int64" in (a.dtype, b.dtype) else "int32"  # computed in float64: exact up to 2**53
    return _core.cast(_core.matmul(_core.cast(a, "float64"), _core.cast(b, "float64")), wide)


# `matmul` itself is not decorated with `op`: the decorator's call would take a third of the time of a small product.
_general_matmul.__name__ = "matmul"
_matmul = op(_general_matmul)


@op
def dot(x1: Any, x2: Any) -> Any:
    """NumPy's dot product: sums over the last axis of x1 and the last but one of x2, or a vector's only one.

    Args:
        x1: number, vector, matrix or tensor (..., K).
        x2: number, vector (K,) or tensor (..., K, N), whose last axis but one is summed.

    Returns:
        Tensor with the other axes of x1, then those of x2.

    Raises:
        ValueError: different sizes of the summed axes.

    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0])).item()
    11.0
    """
    a, b = shape_of(x1), shape_of(x2)
    if not a or not b:
        return _core.multiply(x1, x2)
    at = max(len(b) - 2, 0)
    if a[-1] != b[at]:
        raise ValueError(
            f"ops.dot: expected one size of the last axis of x1 and the last axis but one of x2 (a vector's only one), "
            f"received shapes {a} and {b}."
        )
    if len(b) > 2:
        x2 = _core.transpose(x2, [at, *range(at), at + 1])
    rows = _core.reshape(x1, (int(np.prod(a[:-1], dtype=int)), a[-1]))
    columns = _core.reshape(x2, (b[at], int(np.prod(b[:at] + b[at + 1 :], dtype=int))))
    return _core.reshape(matmul(rows, columns), a[:-1] + b[:at] + b[at + 1 :])

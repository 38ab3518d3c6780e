"""LU decomposition with partial pivoting. NumPy does not offer LAPACK's, so this one is made of NumPy's products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import op
from ..core.host_floats import floats
from ..core.properties import cast_if_needed
from .lapack import lapack, matrices, product, strict_lower, transposed, with_gradient
from .triangular import solve_triangles, triangle

__all__ = ["lu_factor"]

_BLOCK = 32  # columns that are eliminated before the rest of the matrix is updated by one product


def decompose(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The LU decomposition of matrices, by blocks of columns.

    Args:
        a: (..., M, N). K is the smaller of M and N.

    Returns:
        (l and u in one array (..., M, N), pivots int32 (..., K): row i was exchanged with row pivots[i]).

    >>> decompose(np.array([[1.0, 2.0], [2.0, 2.0]]))[0].tolist()
    [[2.0, 2.0], [0.5, 1.0]]
    """
    shape = a.shape
    m, n = shape[-2:]
    k = min(m, n)
    a = np.array(a).reshape(math.prod(shape[:-2]), m, n)
    pivots = np.zeros((len(a), k), np.int32)
    every = np.arange(len(a))
    for begin in range(0, k, _BLOCK):
        end = min(begin + _BLOCK, k)
        for i in range(begin, end):
            pivot = i + np.argmax(np.abs(a[:, i:, i]), axis=1)
            pivots[:, i] = pivot
            a[every, i], a[every, pivot] = a[every, pivot], a[every, i]
            divisor = a[:, i, i]
            a[:, i + 1 :, i] /= np.where(divisor == 0, 1, divisor)[:, None]  # a column of zeros stays one
            a[:, i + 1 :, i + 1 : end] -= a[:, i + 1 :, i, None] * a[:, i, None, i + 1 : end]
        for i in range(begin, end):  # the rows of u behind the block: substitution with ones on the diagonal
            a[:, i, end:] -= (a[:, i, None, begin:i] @ a[:, begin:i, end:])[:, 0]
        a[:, end:, end:] -= a[:, end:, begin:end] @ a[:, begin:end, end:]
    return a.reshape(shape), pivots.reshape(*shape[:-2], k)


def _row_order(pivots: np.ndarray, rows: int) -> np.ndarray:
    """The order of the rows of a: a[order] = l u. (..., K) -> int32 (..., rows)."""
    flat = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    order = np.tile(np.arange(rows, dtype=np.int32), (len(flat), 1))
    every = np.arange(len(flat))
    for i in range(flat.shape[-1]):
        order[every, i], order[every, flat[:, i]] = order[every, flat[:, i]], order[every, i]
    return order.reshape(*pivots.shape[:-1], rows)


@op
def lu_factor(x: Any) -> Any:
    """LU decomposition with partial pivoting: rows of x in another order are l u, on the host.

    l has ones on its diagonal, which are not stored. A matrix that is singular has zeros on u's diagonal and no
    gradient. Integers are cast to floatx.

    Args:
        x: (..., M, N). K is the smaller of M and N.

    Returns:
        (l below and u on and above the diagonal of one Tensor (..., M, N), pivots int32 (..., K)). Row i was exchanged
        with row pivots[i], for each i from 0.

    Raises:
        ValueError: fewer than two axes. When gradients are computed: u is singular.

    >>> lu, pivots = lu_factor(np.array([[1.0, 2.0], [2.0, 2.0]]))
    >>> lu.tolist(), pivots.tolist()
    ([[2.0, 2.0], [0.5, 1.0]], [1, 1])
    """
    (a,), dtype = floats(x)
    *batch, m, n = shape = matrices("lu_factor", a)
    k = min(m, n)
    lu, pivots = lapack("lu_factor", decompose, [a], [(shape, a.dtype), ((*batch, k), "int32")])

    def backward(d: Any, _: Any) -> list[Any]:
        # With p x = l u: Walter and Lehmann 2018, 4.1. Further rows of l and further columns of u are solutions with
        # u and l, whose gradients are added to those of the square part.
        square = lu[..., :k, :k]
        lower = _core.add(_core.multiply(square, strict_lower((k, k)).astype(a.dtype)), np.eye(k, dtype=a.dtype))
        d_lower, d_upper = triangle(d[..., :k, :k], True, 0.0), triangle(d[..., :k, :k], False)
        rest = None
        if m > k:
            rest = transposed(solve_triangles("lu_factor", square, transposed(d[..., k:, :]), False))
            d_upper = _core.subtract(d_upper, product(transposed(lu[..., k:, :]), rest))
        if n > k:
            rest = solve_triangles("lu_factor", lower, d[..., k:], True, transpose=True)
            d_lower = _core.subtract(d_lower, product(rest, transposed(lu[..., k:])))
        inner = _core.add(
            triangle(product(transposed(lower), d_lower), True, 0.0),
            triangle(product(d_upper, transposed(triangle(square, False))), False),
        )
        left = solve_triangles("lu_factor", lower, inner, True, transpose=True)
        da = transposed(solve_triangles("lu_factor", square, transposed(left), False))
        if rest is not None:
            da = _core.concatenate([da, rest], -2 if m > k else -1)
        (back,) = lapack(
            "lu_factor", lambda p: np.argsort(_row_order(p, m), axis=-1), [pivots], [((*batch, m), "int32")]
        )
        rows = _core.broadcast_to(_core.reshape(back, (*batch, m, 1)), (*batch, m, n))
        return [_core.take_along_axis(da, rows, len(batch))]

    lu, pivots = with_gradient("lu_factor", [a], [lu, pivots], backward)
    return cast_if_needed(lu, dtype), pivots

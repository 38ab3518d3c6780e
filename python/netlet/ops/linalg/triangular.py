"""Triangular systems by blocked substitution."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from .lapack import lapack, product, transposed, with_gradient

__all__: list[str] = []

_BLOCK = 64  # columns; the products between blocks are most of the work, and NumPy multiplies them at full speed


def substitute(a: np.ndarray, b: np.ndarray, lower: bool) -> np.ndarray:
    """Solves a x = b for triangular matrices. Elements on the other side of the diagonal are not read.

    Args:
        a: (..., M, M).
        b: (..., M, N), with the same leading axes.
        lower: whether a is lower triangular.

    Returns:
        (..., M, N).

    Raises:
        LinAlgError: a zero on the diagonal.

    >>> substitute(np.array([[2.0, 9.0], [1.0, 1.0]]), np.array([[2.0], [3.0]]), True).tolist()
    [[1.0], [2.0]]
    """
    if not lower:  # in reversed order it is lower triangular
        return substitute(a[..., ::-1, ::-1], b[..., ::-1, :], True)[..., ::-1, :]
    x = np.empty(b.shape, b.dtype)
    for begin in range(0, a.shape[-1], _BLOCK):
        block = slice(begin, begin + _BLOCK)
        rest = b[..., block, :] - a[..., block, :begin] @ x[..., :begin, :]
        # LAPACK's LU decomposition of an upper triangular matrix changes nothing: the solution is the substitution.
        upper = np.tril(a[..., block, block])[..., ::-1, ::-1]
        x[..., block, :] = np.linalg.solve(upper, rest[..., ::-1, :])[..., ::-1, :]
    return x


def triangle(x: Any, lower: bool, diagonal: float = 1.0) -> Any:
    """One triangle of each matrix, with its diagonal times `diagonal`.

    Args:
        x: Tensor (..., M, N).
        lower: whether the lower triangle.
        diagonal: factor of the diagonal.

    Returns:
        Tensor of x's shape.
    """
    m, n = x.shape[-2:]
    weights = np.tri(m, n, -1) if lower else 1 - np.tri(m, n)
    return _core.multiply(x, (weights + diagonal * np.eye(m, n)).astype(x.dtype))


def solve_triangles(name: str, a: Any, b: Any, lower: bool, transpose: bool = False) -> Any:
    """Solves a x = b, or aᵀ x = b with `transpose`; differentiable to any order.

    Args:
        name: name of the op.
        a: Tensor (..., M, M); the other triangle is not read.
        b: Tensor (..., M, N) of the same dtype, with the same leading axes.
        lower: whether a is lower triangular.
        transpose: whether to solve with aᵀ.

    Returns:
        Tensor (..., M, N).
    """

    def solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return substitute(np.swapaxes(a, -1, -2), b, not lower) if transpose else substitute(a, b, lower)

    (x,) = lapack(name, solve, [a, b], [(tuple(b.shape), b.dtype)])

    def backward(dx: Any) -> list[Any]:
        # x = a⁻¹ b: db = a⁻ᵀ dx, da = −db xᵀ (Giles 2008, 2.3.1), of which only the triangle counts.
        db = solve_triangles(name, a, dx, lower, not transpose)
        if not _core.wants_gradient(a):
            return [None, db]
        da = product(x, transposed(db)) if transpose else product(db, transposed(x))
        return [_core.negative(triangle(da, lower)), db]

    return with_gradient(name, [a, b], [x], backward)[0]

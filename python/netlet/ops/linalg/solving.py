"""Systems of linear equations, inverses and pseudo-inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import op
from ..core.host_floats import floats
from ..core.properties import cast_if_needed
from .lapack import lapack, matrices, product, transposed, with_gradient
from .triangular import solve_triangles

__all__ = ["cholesky_inverse", "inv", "lstsq", "pinv", "solve", "solve_triangular"]


def _aligned(name: str, a: Any, b: Any) -> tuple[Any, Any, bool]:
    """(a, b as matrices, whether b was vectors), with equal leading axes."""
    shape = matrices(name, a, square=True)
    size, given = shape[-1], tuple(b.shape)
    batched = len(given) > 1 and given == shape[:-1] and given[-2] != size  # one vector for each matrix
    vectors = len(given) == 1 or batched
    rows = given[-1] if vectors else given[-2] if given else None
    if rows != size:
        raise ValueError(
            f"ops.{name}: expected b of shape ({size},) or (..., {size}, N) for a of shape {shape}, received {given}."
        )
    if vectors:
        b = _core.reshape(b, (*given, 1))
    try:
        batch = np.broadcast_shapes(shape[:-2], tuple(b.shape[:-2]))
    except ValueError:
        raise ValueError(f"ops.{name}: the leading axes of shapes {shape} and {given} do not broadcast.") from None
    return _expanded(a, batch), _expanded(b, batch), vectors


def _expanded(x: Any, batch: tuple[int, ...]) -> Any:
    """x with these leading axes."""
    shape = (*batch, *x.shape[-2:])
    return x if tuple(x.shape) == shape else _core.broadcast_to(x, shape)


def _without_column(x: Any, vectors: bool) -> Any:
    return _core.reshape(x, tuple(x.shape[:-1])) if vectors else x


def _solve(a: Any, b: Any) -> Any:
    """a⁻¹ b of Tensors with equal leading axes."""
    (x,) = lapack("solve", np.linalg.solve, [a, b], [(tuple(b.shape), b.dtype)])

    def backward(dx: Any) -> list[Any]:
        db = _solve(transposed(a), dx)  # Giles 2008, 2.3.1
        da = _core.negative(product(db, transposed(x))) if _core.wants_gradient(a) else None
        return [da, db]

    return with_gradient("solve", [a, b], [x], backward)[0]


@op
def solve(a: Any, b: Any) -> Any:
    """Solves a x = b by LU decomposition, in LAPACK on the host. Integers are cast to floatx.

    Args:
        a: (..., M, M); the leading axes broadcast with those of b.
        b: vector (M,), matrices (..., M, N), or one vector for each matrix, (..., M), where that is no matrix.

    Returns:
        Tensor of b's shape (with the broadcast leading axes).

    Raises:
        ValueError: the shapes do not fit, or a matrix is exactly singular.

    >>> solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 2.0])).numpy()
    array([1. , 0.5])
    """
    (a, b), dtype = floats(a, b)
    a, b, vectors = _aligned("solve", a, b)
    return cast_if_needed(_without_column(_solve(a, b), vectors), dtype)


@op
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """Solves a x = b for triangular matrices, by substitution on the host.

    Args:
        a: (..., M, M); only one triangle is read.
        b: vector (M,), matrices (..., M, N), or one vector for each matrix, (..., M), where that is no matrix.
        lower: whether a is lower triangular; False by default.

    Returns:
        Tensor of b's shape (with the broadcast leading axes).

    Raises:
        ValueError: the shapes do not fit, or there is a zero on the diagonal.

    >>> solve_triangular(np.array([[1.0, 9.0], [1.0, 2.0]]), np.array([1.0, 3.0]), lower=True).numpy()
    array([1., 1.])
    """
    (a, b), dtype = floats(a, b)
    a, b, vectors = _aligned("solve_triangular", a, b)
    return cast_if_needed(_without_column(solve_triangles("solve_triangular", a, b, bool(lower)), vectors), dtype)


def inverse(a: Any) -> Any:
    """The inverse of Tensors (..., M, M); differentiable to any order."""
    (y,) = lapack("inv", np.linalg.inv, [a], [(tuple(a.shape), a.dtype)])

    def backward(dy: Any) -> list[Any]:
        t = transposed(y)
        return [_core.negative(product(t, dy, t))]  # Giles 2008, 2.2.3

    return with_gradient("inv", [a], [y], backward)[0]


@op
def inv(x: Any) -> Any:
    """The inverse of square matrices, by LAPACK on the host. Integers are cast to floatx.

    Args:
        x: (..., M, M).

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: the matrices are not square, or one is exactly singular.

    >>> inv(np.array([[2.0, 0.0], [0.0, 4.0]])).numpy()
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    (x,), dtype = floats(x)
    matrices("inv", x, square=True)
    return cast_if_needed(inverse(x), dtype)


@op
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """The inverse of the positive definite matrix whose Cholesky factor is x: (x xᵀ)⁻¹, or (xᵀ x)⁻¹ with `upper`.

    Args:
        x: (..., M, M), a result of `ops.cholesky`; only one triangle is read.
        upper: whether x is upper triangular; False by default.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: the matrices are not square, or there is a zero on the diagonal.

    >>> cholesky_inverse(np.array([[2.0, 0.0], [0.0, 1.0]])).numpy()
    array([[0.25, 0.  ],
           [0.  , 1.  ]])
    """
    (x,), dtype = floats(x)
    shape = matrices("cholesky_inverse", x, square=True)
    unit = _core.as_tensor(np.broadcast_to(np.eye(shape[-1], dtype=x.dtype), shape))
    y = solve_triangles("cholesky_inverse", x, unit, not upper)
    return cast_if_needed(product(y, transposed(y)) if upper else product(transposed(y), y), dtype)


def _pinv(a: Any, rcond: float) -> Any:
    """The pseudo-inverse of Tensors (..., M, N); differentiable to any order."""
    *batch, m, n = tuple(a.shape)

    def compute(a: np.ndarray) -> np.ndarray:
        return np.linalg.pinv(a, rcond=rcond) if a.size else np.zeros((*batch, n, m), a.dtype)

    (p,) = lapack("pinv", compute, [a], [((*batch, n, m), a.dtype)], finite=True)

    def backward(dp: Any) -> list[Any]:
        # Golub and Pereyra, "The differentiation of pseudo-inverses", 1973, (4.12), transposed: constant rank.
        pt, dt = transposed(p), transposed(dp)
        left = product(dt, p, pt)  # dpᵀ p pᵀ (M, N)
        right = product(pt, p, dt)  # pᵀ p dpᵀ (M, N)
        first = product(pt, dp, pt)
        second = _core.subtract(left, product(a, p, left))
        third = _core.subtract(right, product(right, p, a))
        return [_core.add(_core.subtract(second, first), third)]

    return with_gradient("pinv", [a], [p], backward)[0]


@op
def pinv(x: Any, rcond: float | None = None) -> Any:
    """The Moore-Penrose pseudo-inverse, by singular value decomposition in LAPACK on the host.

    The gradient is that for matrices of constant rank: it counts singular values below the limit as zero.

    Args:
        x: (..., M, N).
        rcond: singular values of at most `rcond` times the largest count as zero; None (the default): 10 max(M, N)
            times the dtype's epsilon.

    Returns:
        Tensor (..., N, M).

    Raises:
        ValueError: fewer than two axes, or a value is not finite.

    >>> pinv(np.array([[2.0, 0.0], [0.0, 0.0]])).numpy()
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    (x,), dtype = floats(x)
    shape = matrices("pinv", x)
    return cast_if_needed(
        _pinv(x, 10 * max(shape[-2:]) * np.finfo(x.dtype).eps if rcond is None else float(rcond)), dtype
    )


@op
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """The x of the smallest norm that minimizes the norm of a x − b, by LAPACK on the host.

    The gradient is that for matrices of constant rank: it counts singular values below the limit as zero.

    Args:
        a: (M, N).
        b: (M,) or (M, K).
        rcond: singular values of a below `rcond` times the largest count as zero; None (the default): max(M, N) times
            the dtype's epsilon.

    Returns:
        Tensor (N,) or (N, K).

    Raises:
        ValueError: the shapes do not fit, or a value is not finite.

    >>> lstsq(np.array([[1.0], [1.0]]), np.array([1.0, 3.0])).numpy().round(12)
    array([2.])
    """
    (a, b), dtype = floats(a, b)
    given = tuple(b.shape)
    if len(a.shape) != 2 or len(given) not in (1, 2) or given[0] != a.shape[0]:
        raise ValueError(
            f"ops.lstsq: expected a (M, N) and b (M,) or (M, K), received shapes {tuple(a.shape)} and {given}."
        )
    m, n = a.shape
    limit = max(m, n) * float(np.finfo(a.dtype).eps) if rcond is None else float(rcond)
    columns = _core.reshape(b, (m, 1)) if len(given) == 1 else b
    x = _least_squares(a, columns, limit)
    return cast_if_needed(_core.reshape(x, (n,)) if len(given) == 1 else x, dtype)


def _least_squares(a: Any, b: Any, limit: float) -> Any:
    """The solution for Tensors (M, N) and (M, K); differentiable to any order."""
    (m, n), k = a.shape, b.shape[1]

    def compute(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.linalg.lstsq(a, b, rcond=limit)[0] if m and n and k else np.zeros((n, k), a.dtype)

    (x,) = lapack("lstsq", compute, [a, b], [((n, k), b.dtype)], finite=True)

    def backward(dx: Any) -> list[Any]:
        # x = p b with the pseudo-inverse p of a, whose differential is that of Golub and Pereyra; see _pinv.
        p = _pinv(a, limit)
        pt = transposed(p)
        db = product(pt, dx)
        if not _core.wants_gradient(a):
            return [None, db]
        residual = _core.subtract(b, product(a, x))
        first = product(db, transposed(x))
        second = product(residual, transposed(product(p, db)))
        third = product(pt, x, transposed(_core.subtract(dx, product(transposed(product(p, a)), dx))))
        return [_core.add(_core.subtract(second, first), third), db]

    return with_gradient("lstsq", [a, b], [x], backward)[0]

"""Decompositions of matrices: Cholesky, eigenvalues, singular values, QR."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import op
from ..core.host_floats import floats
from ..core.properties import cast_if_needed
from .lapack import add_up, lapack, matrices, product, strict_lower, symmetric, transposed, with_gradient
from .triangular import solve_triangles, triangle

__all__ = ["cholesky", "eigh", "qr", "svd"]


@op
def cholesky(x: Any, upper: bool = False) -> Any:
    """The Cholesky factor l of positive definite matrices, x = l lᵀ, by LAPACK on the host.

    Of a matrix that is not symmetric, the symmetric part is decomposed, as in Keras. Integers are cast to floatx.

    Args:
        x: (..., M, M), positive definite.
        upper: whether to return lᵀ, which is upper triangular; False by default.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: the matrices are not square, or one is not positive definite.

    >>> cholesky(np.array([[4.0, 2.0], [2.0, 5.0]])).numpy()
    array([[2., 0.],
           [1., 2.]])
    """
    (a,), dtype = floats(x)
    shape = matrices("cholesky", a, square=True)

    def compute(a: np.ndarray) -> np.ndarray:
        return np.linalg.cholesky((a + np.swapaxes(a, -1, -2)) / 2)

    (factor,) = lapack("cholesky", compute, [a], [(shape, a.dtype)])

    def backward(dl: Any) -> list[Any]:
        # Murray, "Differentiation of the Cholesky decomposition", 2016, (8): l⁻ᵀ Φ(lᵀ dl) l⁻¹, made symmetric.
        inner = triangle(product(transposed(factor), triangle(dl, True)), True, 0.5)
        left = solve_triangles("cholesky", factor, inner, True, transpose=True)
        return [symmetric(solve_triangles("cholesky", factor, transposed(left), True, transpose=True))]

    (y,) = with_gradient("cholesky", [a], [factor], backward)
    factor = y
    return cast_if_needed(transposed(y) if upper else y, dtype)


def _reciprocal_gaps(values: Any, sums: bool = False) -> Any:
    """Matrix of 1 / (values[j] − values[i]), or of squares with `sums`; 0 where they are equal."""
    *batch, n = tuple(values.shape)
    row, column = _core.reshape(values, (*batch, 1, n)), _core.reshape(values, (*batch, n, 1))
    gap = _core.subtract(row, column)
    if sums:
        gap = _core.multiply(gap, _core.add(row, column))
    equal = _core.equal(gap, 0.0)
    return _core.where(equal, 0.0, _core.divide(1.0, _core.where(equal, 1.0, gap)))


def _columns(x: Any, factors: Any) -> Any:
    """x diag(factors)."""
    return _core.multiply(x, _core.reshape(factors, (*factors.shape[:-1], 1, factors.shape[-1])))


def _rows(factors: Any, x: Any) -> Any:
    """diag(factors) x."""
    return _core.multiply(x, _core.reshape(factors, (*factors.shape, 1)))


def _of_first_columns(basis: Any, d: Any, k: int) -> Any:
    """The gradient of the first k columns u₁ of an orthogonal matrix, on which its further columns u₂ depend.

    u₁ᵀ u₂ = 0 gives du₂ = −u₁ (u₂ᵀ du₁)ᵀ, so the gradient of u₂ is added to that of u₁ as −u₂ (u₁ᵀ du₂)ᵀ.
    """
    if d.shape[-1] == k:
        return d
    further = transposed(product(transposed(basis[..., :k]), d[..., k:]))
    return _core.subtract(d[..., :k], product(basis[..., k:], further))


@op
def eigh(x: Any) -> Any:
    """Eigenvalues and eigenvectors of symmetric matrices, by LAPACK on the host.

    Of a matrix that is not symmetric, the symmetric part is decomposed, as in Keras. The sign of an eigenvector is
    LAPACK's. Eigenvectors of equal eigenvalues are not unique: their gradient counts the difference of such a pair as
    no contribution, so that functions that do not depend on the choice have the right gradient.

    Args:
        x: (..., M, M).

    Returns:
        (eigenvalues (..., M) in ascending order, eigenvectors (..., M, M), one in each column).

    Raises:
        ValueError: the matrices are not square, or a value is not finite.

    >>> eigh(np.array([[2.0, 0.0], [0.0, 1.0]]))[0].numpy()
    array([1., 2.])
    """
    (a,), dtype = floats(x)
    shape = matrices("eigh", a, square=True)

    def compute(a: np.ndarray) -> Any:
        return np.linalg.eigh((a + np.swapaxes(a, -1, -2)) / 2)

    w, v = lapack("eigh", compute, [a], [(shape[:-1], a.dtype), (shape, a.dtype)], finite=True)

    def backward(dw: Any, dv: Any) -> list[Any]:
        # Giles 2008, 3.1: v (diag(dw) + F ∘ vᵀ dv) vᵀ with F of reciprocal gaps, made symmetric.
        vt = transposed(v)
        from_vectors = None
        if dv is not None:
            from_vectors = product(v, _core.multiply(_reciprocal_gaps(w), product(vt, dv)), vt)
        from_values = None if dw is None else product(_columns(v, dw), vt)
        return [symmetric(add_up([from_values, from_vectors]))]

    w, v = with_gradient("eigh", [a], [w, v], backward)
    return cast_if_needed(w, dtype), cast_if_needed(v, dtype)


@op
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition, x = u diag(s) vᵀ, by LAPACK on the host. Integers are cast to floatx.

    The signs of singular vectors are LAPACK's. Vectors of equal singular values, and those of the value 0, are not
    unique: their gradient counts such pairs as no contribution, so that functions that do not depend on the choice have
    the right gradient.

    Args:
        x: (..., M, N). K is the smaller of M and N.
        full_matrices: whether u and vᵀ are square; otherwise they have K columns and rows. True by default.
        compute_uv: whether to compute u and vᵀ; True by default.

    Returns:
        (u (..., M, M or K), s (..., K) in descending order, vᵀ (..., N or K, N)); with compute_uv=False only s.

    Raises:
        ValueError: fewer than two axes, or a value is not finite.

    >>> svd(np.array([[3.0, 0.0], [0.0, -4.0]]), compute_uv=False).numpy()
    array([4., 3.])
    """
    (a,), dtype = floats(x)
    matrices("svd", a)
    if not compute_uv:
        return cast_if_needed(singular_values(a), dtype)
    return tuple(cast_if_needed(y, dtype) for y in _svd(a, bool(full_matrices)))


def singular_values(a: Any) -> Any:
    """The singular values (..., K) of a Tensor (..., M, N); differentiable to any order."""
    *batch, m, n = tuple(a.shape)
    (s,) = lapack(
        "svd", lambda a: np.linalg.svd(a, compute_uv=False), [a], [((*batch, min(m, n)), a.dtype)], finite=True
    )

    def backward(ds: Any) -> list[Any]:
        u, _, vt = _svd(a, False)
        return [product(_columns(u, ds), vt)]

    return with_gradient("svd", [a], [s], backward)[0]


def _svd(a: Any, full: bool) -> tuple[Any, Any, Any]:
    *batch, m, n = tuple(a.shape)
    k = min(m, n)
    specs = [((*batch, m, m if full else k), a.dtype), ((*batch, k), a.dtype), ((*batch, n if full else k, n), a.dtype)]
    u, s, vt = lapack("svd", lambda a: np.linalg.svd(a, full_matrices=full), [a], specs, finite=True)

    def backward(du: Any, ds: Any, dvt: Any) -> list[Any]:
        # Townsend, "Differentiating the singular value decomposition", 2016
        u1, v1t = u[..., :k], vt[..., :k, :]
        v1 = transposed(v1t)
        gaps = _reciprocal_gaps(s, sums=True)
        zero = _core.equal(s, 0.0)
        inverse = _core.where(zero, 0.0, _core.divide(1.0, _core.where(zero, 1.0, s)))

        def of_vectors(basis: Any, first: Any, d: Any) -> tuple[Any, Any]:
            """(k, k) antisymmetric part over gaps, and the gradient outside of the span of `first`."""
            d1 = _of_first_columns(basis, d, k)
            inner = product(transposed(first), d1)
            outside = None if first.shape[-2] == k else _core.subtract(d1, product(first, inner))
            return _core.multiply(gaps, _core.subtract(inner, transposed(inner))), outside

        terms, outer = [], []
        if ds is not None:
            terms.append(product(_columns(u1, ds), v1t))
        if du is not None:
            inner, outside = of_vectors(u, u1, du)
            terms.append(product(u1, _columns(inner, s), v1t))
            outer.append(None if outside is None else product(_columns(outside, inverse), v1t))
        if dvt is not None:
            inner, outside = of_vectors(transposed(vt), v1, transposed(dvt))
            terms.append(product(u1, _rows(s, inner), v1t))
            outer.append(None if outside is None else product(u1, _rows(inverse, transposed(outside))))
        return [add_up(terms + outer)]

    u, s, vt = with_gradient("svd", [a], [u, s, vt], backward)
    return u, s, vt


@op
def qr(x: Any, mode: str = "reduced") -> Any:
    """QR decomposition, x = q r, by LAPACK on the host. Integers are cast to floatx.

    The signs are LAPACK's: the diagonal of r may be negative. The gradient exists where the first K columns of x are
    linearly independent.

    Args:
        x: (..., M, N). K is the smaller of M and N.
        mode: "reduced" (the default) or "complete".

    Returns:
        (q (..., M, K), r (..., K, N)); with "complete" q (..., M, M) and r (..., M, N).

    Raises:
        ValueError: another mode, or fewer than two axes. When gradients are computed: r is singular.

    >>> abs(qr(np.array([[3.0], [4.0]]))[1].numpy())
    array([[5.]])
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"ops.qr: expected mode 'reduced' or 'complete', received {mode!r}.")
    (a,), dtype = floats(x)
    *batch, m, n = matrices("qr", a)
    k = min(m, n)
    columns = m if mode == "complete" else k
    specs = [((*batch, m, columns), a.dtype), ((*batch, columns, n), a.dtype)]
    q, r = lapack("qr", lambda a: tuple(np.linalg.qr(a, "complete" if mode == "complete" else "reduced")), [a], specs)

    def backward(dq: Any, dr: Any) -> list[Any]:
        q1, r1 = q[..., :k], r[..., :k, :k]
        d1 = None if dq is None else _of_first_columns(q, dq, k)
        dr = None if dr is None else triangle(dr, False)
        right = None
        if n > m and dr is not None:  # Roberts and Roberts 2020: the further columns of x are q times those of r
            right = product(q1, dr[..., :k, k:])
            d1 = add_up([d1, product(a[..., k:], transposed(dr[..., :k, k:]))])
        # Walter and Lehmann, "Algorithmic differentiation of linear algebra functions", 2018, 4.2
        inner = add_up(
            [
                None if dr is None else product(r1, transposed(dr[..., :k, :k])),
                None if d1 is None else _core.negative(product(transposed(d1), q1)),
            ]
        )
        below = strict_lower((k, k))
        mirrored = _core.add(triangle(inner, True), transposed(_core.multiply(inner, below.astype(a.dtype))))
        total = add_up([d1, product(q1, mirrored)])
        left = transposed(solve_triangles("qr", r1, transposed(total), False))
        if n <= m:
            return [left]
        if right is None:
            right = _core.full((*batch, m, n - m), a.dtype, 0.0)
        return [_core.concatenate([left, right], -1)]

    q, r = with_gradient("qr", [a], [q, r], backward)
    return cast_if_needed(q, dtype), cast_if_needed(r, dtype)

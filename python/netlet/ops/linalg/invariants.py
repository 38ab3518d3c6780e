"""Numbers that describe a matrix: determinant, rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import op
from ..core.host_floats import floats
from ..core.properties import cast_if_needed
from .lapack import lapack, matrices, transposed, with_gradient
from .solving import inverse

__all__ = ["det", "logdet", "matrix_rank", "slogdet"]


def _cofactors(a: np.ndarray) -> np.ndarray:
    """det(a) a⁻ᵀ, of singular matrices too: det(u vᵀ) u diag(products of the other singular values) vᵀ."""
    u, s, vt = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return sign[..., None, None] * ((u * others[..., None, :]) @ vt)


def _scaled(factors: Any, x: Any) -> Any:
    """Each matrix times a number."""
    return _core.multiply(_core.reshape(factors, (*factors.shape, 1, 1)), x)


@op
def det(x: Any) -> Any:
    """Determinants of square matrices, by LAPACK on the host. Integers are cast to floatx.

    The gradient exists for singular matrices too; the second derivative does not.

    Args:
        x: (..., M, M).

    Returns:
        Tensor (...).

    Raises:
        ValueError: the matrices are not square. When gradients are computed: a value is not finite. For a second
            derivative: a matrix is singular.

    >>> det(np.array([[2.0, 0.0], [0.0, 3.0]])).item()
    6.0
    """
    (a,), dtype = floats(x)
    shape = matrices("det", a, square=True)
    (y,) = lapack("det", np.linalg.det, [a], [(shape[:-2], a.dtype)])

    def backward(dy: Any) -> list[Any]:
        return [_scaled(dy, lapack("det", _cofactors, [a], [(shape, a.dtype)], finite=True)[0])]

    def again(dy: Any) -> list[Any]:
        return [_scaled(_core.multiply(dy, y), transposed(inverse(a)))]  # Giles 2008, 2.2.4

    (y,) = with_gradient("det", [a], [y], backward, again)
    return cast_if_needed(y, dtype)


@op
def slogdet(x: Any) -> Any:
    """Signs and logarithms of the absolute values of determinants, by LAPACK on the host.

    Args:
        x: (..., M, M). Integers are cast to floatx.

    Returns:
        (signs (...): -1, 0 or 1; logarithms (...)). A singular matrix has the sign 0 and the logarithm -inf.

    Raises:
        ValueError: the matrices are not square. When gradients are computed: one is singular.

    >>> [y.item() for y in slogdet(np.array([[-1.0, 0.0], [0.0, 1.0]]))]
    [-1.0, 0.0]
    """
    (a,), dtype = floats(x)
    sign, log = _slogdet(a)
    return cast_if_needed(sign, dtype), cast_if_needed(log, dtype)


def _slogdet(a: Any) -> list[Any]:
    shape = matrices("slogdet", a, square=True)
    outputs = lapack("slogdet", lambda a: tuple(np.linalg.slogdet(a)), [a], [(shape[:-2], a.dtype)] * 2)

    def backward(_: Any, dlog: Any) -> list[Any]:
        return [None if dlog is None else _scaled(dlog, transposed(inverse(a)))]  # Giles 2008, 2.2.4

    return with_gradient("slogdet", [a], outputs, backward)


@op
def logdet(x: Any) -> Any:
    """Logarithms of the absolute values of determinants, by LAPACK on the host. Integers are cast to floatx.

    Args:
        x: (..., M, M); Keras means it for positive definite matrices.

    Returns:
        Tensor (...); -inf for a singular matrix.

    Raises:
        ValueError: the matrices are not square. When gradients are computed: one is singular.

    >>> logdet(np.array([[1.0, 0.0], [0.0, 1.0]])).item()
    0.0
    """
    (a,), dtype = floats(x)
    return cast_if_needed(_slogdet(a)[1], dtype)


@op
def matrix_rank(x: Any, tol: float | None = None) -> Any:
    """The number of singular values above a limit, by LAPACK on the host. It has no gradient.

    Args:
        x: (..., M, N). Integers are cast to floatx.
        tol: the limit; None (the default): the largest singular value times max(M, N) times the dtype's epsilon.

    Returns:
        int32 Tensor (...).

    Raises:
        ValueError: fewer than two axes, or a value is not finite.

    >>> matrix_rank(np.array([[1.0, 2.0], [2.0, 4.0]])).item()
    1
    """
    (a,), _ = floats(x)
    shape = matrices("matrix_rank", a)

    def compute(a: np.ndarray) -> np.ndarray:
        return np.linalg.matrix_rank(a, tol) if a.size else np.zeros(shape[:-2])

    return lapack("matrix_rank", compute, [a], [(shape[:-2], "int32")], finite=True)[0]

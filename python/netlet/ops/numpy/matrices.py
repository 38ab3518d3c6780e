"""Triangles, diagonals, rolled arrays and coordinate grids."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import standardize_dtype

from ..core.dispatch import axis_in, flat, nearest_dtype, of_dtype, op, shape_of

__all__ = ["diag", "diagflat", "diagonal", "meshgrid", "roll", "trace", "tri", "tril", "triu", "vander"]


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix with ones on and below the k-th diagonal, and zeros above.

    Args:
        N: number of rows.
        M: number of columns; None (the default): N.
        k: 0 (the default) is the main diagonal; above 0 to its right, below 0 to its left.
        dtype: name of the dtype; None (the default): floatx.

    Returns:
        Tensor (N, M).

    >>> tri(2, 3).numpy()
    array([[1., 0., 0.],
           [1., 1., 0.]], dtype=float32)
    """
    return _core.tensor(np.tri(N, M, k, dtype=standardize_dtype(dtype)))


def _triangle(x: Any, k: int, lower: bool, name: str) -> Any:
    """The lower or upper triangle of each matrix; zeros elsewhere."""
    shape = shape_of(x)
    if len(shape) < 2:
        raise ValueError(f"ops.{name}: expected matrices (..., M, N), received shape {shape}.")
    kept = np.tri(shape[-2], shape[-1], k if lower else k - 1, dtype=bool)
    zero = of_dtype(0, nearest_dtype(x))  # a Python 0 would make int32 of bools
    return _core.where(kept, x, zero) if lower else _core.where(kept, zero, x)


@op
def tril(x: Any, k: int = 0) -> Any:
    """Matrices with zeros above the k-th diagonal.

    Args:
        x: (..., M, N).
        k: 0 (the default) is the main diagonal.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: fewer than two axes.

    >>> tril(np.ones((2, 2))).numpy()
    array([[1., 0.],
           [1., 1.]])
    """
    return _triangle(x, int(k), True, "tril")


@op
def triu(x: Any, k: int = 0) -> Any:
    """Matrices with zeros below the k-th diagonal.

    Args:
        x: (..., M, N).
        k: 0 (the default) is the main diagonal.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: fewer than two axes.

    >>> triu(np.ones((2, 2))).numpy()
    array([[1., 1.],
           [0., 1.]])
    """
    return _triangle(x, int(k), False, "triu")


@op
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A diagonal of each matrix that two axes span, as the last axis of the result.

    Args:
        x: array or Tensor of at least two axes.
        offset: which diagonal: 0 (the default) is the main one.
        axis1: the matrices' rows; 0 by default.
        axis2: the matrices' columns; 1 by default.

    Returns:
        Tensor without axis1 and axis2, with the diagonal as a new last axis.

    Raises:
        ValueError: fewer than two axes, or the same axis twice.

    >>> diagonal(np.arange(4.0).reshape(2, 2)).numpy()
    array([0., 3.])
    """
    return _diagonal("diagonal", x, offset, axis1, axis2)


def _diagonal(name: str, x: Any, offset: int, axis1: int, axis2: int) -> Any:
    shape = shape_of(x)
    if len(shape) < 2:
        raise ValueError(f"ops.{name}: expected at least two axes, received shape {shape}.")
    first, second = (axis_in(a, len(shape), f"ops.{name}") for a in (axis1, axis2))
    if first == second:
        raise ValueError(f"ops.{name}: expected two different axes, received one axis twice.")
    rest = [i for i in range(len(shape)) if i not in (first, second)]
    m, n = shape[first], shape[second]
    flat = _core.reshape(_core.transpose(x, [*rest, first, second]), (*(shape[i] for i in rest), m * n))
    return _core.take(flat, np.diagonal(np.arange(m * n).reshape(m, n), int(offset)).copy(), len(rest))


@op
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal of each matrix that two axes span.

    Args:
        x: array or Tensor of at least two axes.
        offset: which diagonal: 0 (the default) is the main one.
        axis1: the matrices' rows; 0 by default.
        axis2: the matrices' columns; 1 by default.

    Returns:
        Tensor without the two axes.

    Raises:
        ValueError: fewer than two axes, an axis out of range, or the same axis twice.

    >>> trace(np.eye(3)).item()
    3.0
    """
    return _core.sum(_diagonal("trace", x, offset, axis1, axis2), -1)


@op
def diag(x: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix; or a matrix with a vector as its k-th diagonal and zeros elsewhere.

    Args:
        x: (M, N) or (N,).
        k: 0 (the default) is the main diagonal.

    Returns:
        Tensor: a vector for a matrix, and (N + |k|, N + |k|) for a vector.

    Raises:
        ValueError: x has another rank.

    >>> diag(np.array([1.0, 2.0])).numpy()
    array([[1., 0.],
           [0., 2.]])
    """
    shape, k = shape_of(x), int(k)
    if len(shape) == 2:
        return diagonal(x, k)
    if len(shape) != 1:
        raise ValueError(f"ops.diag: expected a vector or a matrix, received shape {shape}.")
    n, zero = shape[0] + abs(k), of_dtype(0, nearest_dtype(x))
    on_diagonal = np.eye(n, k=k, dtype=bool)
    # Row i of the matrix holds x[i] (k >= 0; only the first rows have one) or x[i + k] (k < 0).
    entry = np.clip(np.arange(n) + builtins.min(k, 0), 0, max(shape[0] - 1, 0))
    if shape[0] == 0:
        return _core.broadcast_to(_core.reshape(_core.concatenate([x, _core.reshape(zero, (1,))], 0), (1, 1)), (n, n))
    return _core.where(on_diagonal, _core.reshape(_core.take(x, entry, 0), (n, 1)), zero)


@op
def diagflat(x: Any, k: int = 0) -> Any:
    """A matrix with the elements of an array as its k-th diagonal and zeros elsewhere.

    Args:
        x: array or Tensor, flattened first.
        k: 0 (the default) is the main diagonal.

    Returns:
        Tensor (elements + |k|, elements + |k|).

    >>> diagflat([[1, 2]]).tolist()
    [[1, 0], [0, 2]]
    """
    return diag(flat(x), k)


@op
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The Vandermonde matrix: its columns are powers of a vector.

    Args:
        x: (M,).
        N: number of columns; None (the default): M.
        increasing: whether the powers increase from 0, from left to right; False (the default): they decrease to 0.

    Returns:
        Tensor (M, N) of x's dtype; int32 for bools and 8-bit integers.

    Raises:
        ValueError: x is not a vector, or N is below 0.

    >>> vander([1, 2, 3]).tolist()
    [[1, 1, 1], [4, 2, 1], [9, 3, 1]]
    """
    shape = shape_of(x)
    if len(shape) != 1:
        raise ValueError(f"ops.vander: expected a vector, received shape {shape}.")
    count = shape[0] if N is None else N
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or not 0 <= count < 2**31:
        raise ValueError(f"ops.vander: expected an integer N of at least 0, received {N!r}.")
    dtype = nearest_dtype(x)
    ones = _core.full((shape[0], 1), dtype, 1.0)
    factors = _core.broadcast_to(_core.reshape(x, (shape[0], 1)), (shape[0], builtins.max(int(count) - 1, 0)))
    powers = _core.cumprod(_core.concatenate([ones, factors], 1), 1)
    powers = _core.getitem(powers, (slice(None), slice(0, int(count))))
    return powers if increasing else _core.flip(powers, [1])


@op
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Elements shifted along axes; those shifted past the end come back at the start.

    Args:
        x: array or Tensor.
        shift: by how many positions; one number, or one for each axis.
        axis: axis or axes; None (the default): the flattened x, in its old shape again.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: an axis is out of range, or as many shifts as axes are not given.

    >>> roll(np.array([1.0, 2.0, 3.0]), 1).numpy()
    array([3., 1., 2.])
    """
    shape = shape_of(x)
    if axis is None:
        return _core.reshape(_roll(flat(x), int(np.sum(shift)), 0), shape)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    shifts = np.broadcast_to(np.asarray(shift), (len(axes),))
    for by, a in zip(shifts.tolist(), axes, strict=True):
        x = _roll(x, int(by), axis_in(a, len(shape), "ops.roll"))
    return x


def _roll(x: Any, shift: int, axis: int) -> Any:
    n = shape_of(x)[axis]
    if n == 0 or shift % n == 0:
        return _core.identity(x)
    head, tail = _core.split(x, [n - shift % n], axis)
    return _core.concatenate([tail, head], axis)


@op
def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """Coordinate arrays of a grid: for each vector, an array of the grid's shape.

    Args:
        *x: vectors.
        indexing: "ij": axis i belongs to vector i; "xy" (the default): the first two axes are exchanged.

    Returns:
        list of Tensors.

    Raises:
        ValueError: another indexing.

    >>> [g.shape for g in meshgrid(np.arange(2.0), np.arange(3.0))]
    [(3, 2), (3, 2)]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"ops.meshgrid: expected indexing 'xy' or 'ij', received {indexing!r}.")
    extents = [int(np.prod(shape_of(v), dtype=np.int64)) for v in x]
    place = list(range(len(x)))
    if indexing == "xy" and len(x) > 1:
        place[:2] = [1, 0]
    grid = [0] * len(x)
    for i, at in enumerate(place):
        grid[at] = extents[i]
    vectors = [
        _core.reshape(v, [n if j == place[i] else 1 for j in range(len(x))])
        for i, (v, n) in enumerate(zip(x, extents, strict=True))
    ]
    return [_core.broadcast_to(v, grid) for v in vectors]

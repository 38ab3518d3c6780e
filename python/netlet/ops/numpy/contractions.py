"""Products of two arrays beyond the matrix product: outer and inner products, sums over chosen axes."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float

from ..core.dispatch import axis_in, concrete, flat, nearest_dtype, op, shape_of
from .products import matmul

__all__ = ["correlate", "cross", "inner", "kron", "outer", "tensordot", "vdot"]


def _summed_axes(axes: Any, ranks: tuple[int, int]) -> tuple[list[int], list[int]]:
    """The argument `axes` of tensordot as the summed axes of each array."""
    if isinstance(axes, (int, np.integer)):
        n = int(axes)
        if not 0 <= n <= min(ranks):
            raise ValueError(f"ops.tensordot: axes={n} is out of range for arrays of ranks {ranks[0]} and {ranks[1]}.")
        return list(range(ranks[0] - n, ranks[0])), list(range(n))
    try:
        first, second = axes
        pair = [[operator.index(a) for a in ((v,) if isinstance(v, (int, np.integer)) else v)] for v in (first, second)]
    except (TypeError, ValueError):
        raise ValueError(f"ops.tensordot: expected an integer or two lists of axes, received axes={axes!r}.") from None
    found = [[axis_in(a, rank, "ops.tensordot") for a in given] for given, rank in zip(pair, ranks)]
    if len(found[0]) != len(found[1]) or any(len(set(f)) < len(f) for f in found):
        raise ValueError(f"ops.tensordot: expected two lists of different axes of one length, received axes={axes!r}.")
    return found[0], found[1]


@op
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes of two arrays, by one matrix product.

    Args:
        x1: array or Tensor.
        x2: array or Tensor.
        axes: n (2 by default): the last n axes of x1 with the first n axes of x2; or two lists: axes of x1 and the axes
            of x2 that belong to them.

    Returns:
        Tensor with the other axes of x1, then those of x2.

    Raises:
        ValueError: the sizes of the summed axes differ, or axes are not there.

    >>> tensordot(np.ones((2, 3, 4)), np.ones((4, 3, 5)), axes=([1, 2], [1, 0])).shape
    (2, 5)
    """
    a, b = shape_of(x1), shape_of(x2)
    first, second = _summed_axes(axes, (len(a), len(b)))
    if [a[i] for i in first] != [b[i] for i in second]:
        raise ValueError(
            f"ops.tensordot: expected one size of each pair of summed axes, received shapes {a} and {b} with "
            f"axes={axes!r}."
        )
    rows = [i for i in range(len(a)) if i not in first]
    columns = [i for i in range(len(b)) if i not in second]
    m, n, k = (math.prod(s[i] for i in at) for s, at in ((a, rows), (b, columns), (a, first)))
    left = _core.reshape(_core.transpose(x1, rows + first) if len(a) > 1 else x1, (m, k))
    right = _core.reshape(_core.transpose(x2, second + columns) if len(b) > 1 else x2, (k, n))
    return _core.reshape(matmul(left, right), (*(a[i] for i in rows), *(b[i] for i in columns)))


@op
def inner(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axes of two arrays; the product with a number.

    Args:
        x1: number, or array (..., K).
        x2: number, or array (..., K).

    Returns:
        Tensor with the other axes of x1, then those of x2.

    Raises:
        ValueError: different sizes of the last axes.

    >>> inner([1.0, 2.0], [[1.0, 0.0], [3.0, 4.0]]).tolist()
    [1.0, 11.0]
    """
    a, b = shape_of(x1), shape_of(x2)
    if not a or not b:
        return _core.multiply(x1, x2)
    if a[-1] != b[-1]:
        raise ValueError(f"ops.inner: expected one size of the last axes, received shapes {a} and {b}.")
    return tensordot(x1, x2, ([-1], [-1]))


@op
def outer(x1: Any, x2: Any) -> Any:
    """The products of each element of x1 with each element of x2.

    Args:
        x1: array or Tensor, flattened first.
        x2: array or Tensor, flattened first.

    Returns:
        Tensor (elements of x1, elements of x2).

    >>> outer([1, 2], [3, 4, 5]).tolist()
    [[3, 4, 5], [6, 8, 10]]
    """
    x1, x2 = concrete(x1), concrete(x2)
    m, n = math.prod(shape_of(x1)), math.prod(shape_of(x2))
    return _core.multiply(_core.reshape(x1, (m, 1)), _core.reshape(x2, (1, n)))


@op
def vdot(x1: Any, x2: Any) -> Any:
    """The sum of the products of all elements of two arrays of one size.

    Args:
        x1: array or Tensor, flattened first.
        x2: array or Tensor, flattened first.

    Returns:
        0-d Tensor.

    Raises:
        ValueError: different numbers of elements.

    >>> vdot([[1, 2], [3, 4]], [[1, 1], [1, 1]]).item()
    10
    """
    m, n = math.prod(shape_of(x1)), math.prod(shape_of(x2))
    if m != n:
        raise ValueError(f"ops.vdot: expected one number of elements, received {m} and {n}.")
    return matmul(flat(x1), flat(x2))


@op
def kron(x1: Any, x2: Any) -> Any:
    """The Kronecker product: x2 times each element of x1, in blocks.

    Args:
        x1: array or Tensor of any shape.
        x2: array or Tensor of any shape; missing axes in front have size 1.

    Returns:
        Tensor whose sizes are the products of those of x1 and x2.

    >>> kron([1, 10], [1, 2]).tolist()
    [1, 2, 10, 20]
    """
    x1, x2 = concrete(x1), concrete(x2)
    a, b = shape_of(x1), shape_of(x2)
    rank = max(len(a), len(b))
    a, b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    blocks = _core.multiply(
        _core.reshape(x1, [d for n in a for d in (n, 1)]), _core.reshape(x2, [d for n in b for d in (1, n)])
    )
    return _core.reshape(blocks, tuple(m * n for m, n in zip(a, b)))


@op
def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of two or three components.

    Args:
        x1: vectors along axisa; the other axes broadcast with those of x2.
        x2: vectors along axisb.
        axisa: axis of x1's vectors; -1 by default.
        axisb: axis of x2's vectors; -1 by default.
        axisc: axis of the result's vectors; -1 by default.
        axis: in place of axisa, axisb and axisc; None (the default): those count.

    Returns:
        Tensor of vectors of three components, with a missing third component taken as 0; of two vectors of two
        components the third component alone, without the axis.

    Raises:
        ValueError: vectors of another size.

    >>> cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]).tolist()
    [0.0, 0.0, 1.0]
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    parts = []
    for x, at in ((x1, axisa), (x2, axisb)):
        shape = shape_of(x)
        along = axis_in(at, len(shape), "ops.cross")
        if shape[along] not in (2, 3):
            raise ValueError(f"ops.cross: expected 2 or 3 components along axis {at}, received shape {shape}.")
        parts.append([_core.getitem(x, (slice(None),) * along + (i,)) for i in range(shape[along])])
    a, b = parts

    def product(i: int, j: int) -> Any:
        """a[i] * b[j], or None if one of them has no third component."""
        return _core.multiply(a[i], b[j]) if i < len(a) and j < len(b) else None

    def difference(p: Any, q: Any) -> Any:
        return _core.subtract(p, q) if p is not None and q is not None else p if q is None else _core.negative(q)

    last = difference(product(0, 1), product(1, 0))
    if len(a) == len(b) == 2:
        return last
    components = [difference(product(1, 2), product(2, 1)), difference(product(2, 0), product(0, 2)), last]
    return _core.stack(components, axis_in(axisc, len(shape_of(last)) + 1, "ops.cross"))


@op
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """The cross-correlation of two signals: y[k] = sum over n of x1[n + k] x2[n].

    Args:
        x1: (M,); integers are cast to floatx.
        x2: (N,).
        mode: "valid" (the default): where one signal covers the other, max(M, N) - min(M, N) + 1 values; "same": max(M,
            N) values; "full": wherever they overlap, M + N - 1 values.

    Returns:
        Tensor of one axis.

    Raises:
        ValueError: another mode, an argument that is not a vector, or one without elements.

    >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5], mode="same").tolist()
    [2.0, 3.5, 3.0]
    """
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"ops.correlate: expected mode 'valid', 'same' or 'full', received {mode!r}.")
    a, b = shape_of(x1), shape_of(x2)
    if len(a) != 1 or len(b) != 1 or not a[0] or not b[0]:
        raise ValueError(f"ops.correlate: expected two vectors with elements, received shapes {a} and {b}.")
    dtypes = [nearest_dtype(x1), nearest_dtype(x2)]
    common = "float64" if "float64" in dtypes else next((d for d in dtypes if is_float(d)), floatx())
    x1, x2 = (x if d == common else _core.cast(x, common) for x, d in ((x1, dtypes[0]), (x2, dtypes[1])))
    longer, shorter = max(a[0], b[0]), min(a[0], b[0])
    swapped = a[0] < b[0]  # the shorter signal slides, and the result is reversed
    signal, kernel = (x2, x1) if swapped else (x1, x2)
    before = {"valid": 0, "same": shorter // 2, "full": shorter - 1}[mode]
    after = {"valid": 0, "same": shorter - 1 - before, "full": shorter - 1}[mode]
    image, window = _core.reshape(signal, (1, longer, 1)), _core.reshape(kernel, (shorter, 1, 1))
    found = flat(_core.conv(image, window, None, [1], [(before, after)], [1]))
    return _core.flip(found, [0]) if swapped else found

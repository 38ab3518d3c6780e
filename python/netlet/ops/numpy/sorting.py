"""Sorting, selection and search. Sorting is stable: equal elements stay in order. NaN counts as the largest value."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import is_float

from ..core.dispatch import along, dtype_of, op, shape_of
from .reduce import Axis, axes_of

__all__ = ["argpartition", "argsort", "digitize", "in_top_k", "median", "searchsorted", "sort", "top_k"]


def _line(x: Any, axis: int | None, name: str) -> tuple[Any, int]:
    """x and the axis to sort along, counted from 0; a single number becomes (1,)."""
    return along(x, axis if shape_of(x) else None, f"ops.{name}")


@op
def sort(x: Any, axis: int = -1) -> Any:
    """The elements along an axis in increasing order; NaN last.

    Args:
        x: array or Tensor.
        axis: -1 by default; None: x is flattened first.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: the axis is out of range.

    >>> sort(np.array([3.0, 1.0, 2.0])).numpy()
    array([1., 2., 3.])
    """
    return _core.sort(*_line(x, axis, "sort"))


@op
def argsort(x: Any, axis: int = -1) -> Any:
    """The positions that sort the elements along an axis in increasing order.

    Args:
        x: array or Tensor.
        axis: -1 by default; None: x is flattened first.

    Returns:
        int32 Tensor of x's shape.

    Raises:
        ValueError: the axis is out of range.

    >>> argsort(np.array([3.0, 1.0, 2.0])).numpy()
    array([1, 2, 0], dtype=int32)
    """
    return _core.argsort(*_line(x, axis, "argsort"))


@op
def argpartition(x: Any, kth: int, axis: int = -1) -> Any:
    """Positions along an axis such that the kth is that of the kth smallest element, and smaller ones come before it.

    All positions are sorted by their elements, which fulfils this for every kth.

    Args:
        x: array or Tensor.
        kth: a position of the axis.
        axis: -1 by default; None: x is flattened first.

    Returns:
        int32 Tensor of x's shape.

    Raises:
        ValueError: kth is outside the axis.

    >>> argpartition(np.array([3.0, 1.0, 2.0]), 1).numpy()
    array([1, 2, 0], dtype=int32)
    """
    x, axis = _line(x, axis, "argpartition")
    n = shape_of(x)[axis]
    if not -n <= kth < n:
        raise ValueError(f"ops.argpartition: kth={kth} is out of range for an axis of size {n}.")
    return _core.argsort(x, axis)


@op
def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    """The k largest elements of the last axis and their positions, the largest first; of equal ones the first.

    Args:
        x: array or Tensor (..., N).
        k: 0 <= k <= N.
        sorted: ignored; the order is always that of the values.

    Returns:
        (values, positions): Tensors (..., k); positions int32.

    Raises:
        ValueError: k is not between 0 and N.

    >>> values, positions = top_k(np.array([1.0, 5.0, 3.0]), 2)
    >>> values.tolist(), positions.tolist()
    ([5.0, 3.0], [1, 2])
    """
    return _core.top_k(x, int(k))


@op
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether each target is among its k most probable classes: fewer than k predictions are larger than the target's.

    Args:
        targets: integers (...); one outside [0, classes) gives False.
        predictions: (..., classes).
        k: number of classes that count.

    Returns:
        bool Tensor (...).

    Raises:
        ValueError: shapes that do not fit.

    >>> in_top_k(np.array([1, 0]), np.array([[0.1, 0.2, 0.7], [0.1, 0.2, 0.7]]), k=2).numpy()
    array([ True, False])
    """
    return _core.in_top_k(targets, predictions, int(k))


@op
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """The positions at which values could be inserted into a sorted sequence so that it stays sorted.

    Args:
        sorted_sequence: (n,), increasing.
        values: array or Tensor of any shape.
        side: "left" (the default): before equal elements; "right": after them.

    Returns:
        int32 Tensor of the shape of values.

    Raises:
        ValueError: another side, or a sequence of another rank.

    >>> searchsorted(np.array([1.0, 2.0, 2.0]), np.array([2.0, 9.0])).numpy()
    array([1, 3], dtype=int32)
    """
    if side not in ("left", "right"):
        raise ValueError(f"ops.searchsorted: expected side 'left' or 'right', received {side!r}.")
    return _core.searchsorted(sorted_sequence, values, side == "right")


@op
def digitize(x: Any, bins: Any) -> Any:
    """The number of bin edges at or below each element.

    Args:
        x: array or Tensor of any shape.
        bins: increasing edges (n,).

    Returns:
        int32 Tensor of x's shape.

    >>> digitize(np.array([0.5, 1.0, 9.0]), np.array([1.0, 2.0])).numpy()
    array([0, 1, 2], dtype=int32)
    """
    return _core.searchsorted(bins, x, True)


@op
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The median over axes: the middle element, or the mean of the two middle ones; NaN if any element is NaN.

    Gradients flow to the middle elements.

    Args:
        x: array or Tensor; integers are cast to float32.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: no elements.

    >>> median(np.array([[1.0, 5.0, 2.0], [4.0, 3.0, 9.0]]), axis=1).numpy()
    array([2., 4.])
    """
    shape = shape_of(x)
    over = axes_of(x, axis, "median")
    over = list(range(len(shape))) if over is None else over
    rest = [i for i in range(len(shape)) if i not in over]
    kept = tuple(1 if i in over else n for i, n in enumerate(shape))
    n = int(np.prod([shape[i] for i in over], dtype=np.int64))
    if n == 0:
        raise ValueError(f"ops.median: no elements to choose from in an array of shape {shape}.")
    if not is_float(dtype_of(x)):
        x = _core.cast(x, "float32")
    lines = _core.sort(_core.reshape(_core.transpose(x, rest + over), (*(shape[i] for i in rest), n)), -1)
    first, last = (n - 1) // 2, n // 2
    middle = _core.getitem(lines, (Ellipsis, first))
    if last != first:
        middle = _core.multiply(_core.add(middle, _core.getitem(lines, (Ellipsis, last))), 0.5)
    largest = _core.getitem(lines, (Ellipsis, n - 1))  # NaN if any element is NaN
    middle = _core.where(_core.isnan(largest), largest, middle)
    return _core.reshape(middle, kept) if keepdims else middle

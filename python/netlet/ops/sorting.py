"""Order along an axis. Sorting is stable: equal entries stay as they were. NaN counts as larger than everything."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import is_float

from .dispatch import along, dtype_of, op, shape_of
from .reduce import Axis, axes_of


def _line(x: Any, axis: int | None, name: str) -> tuple[Any, int]:
    """As `along`; a number is a line of one."""
    return along(x, axis if shape_of(x) else None, f"ops.{name}")


@op
def sort(x: Any, axis: int = -1) -> Any:
    """The entries along the axis (of the flattened x if None) in rising order; NaN last.

    >>> sort(np.array([3.0, 1.0, 2.0])).numpy()
    array([1., 2., 3.])
    """
    return _core.sort(*_line(x, axis, "sort"))


@op
def argsort(x: Any, axis: int = -1) -> Any:
    """The int32 positions that put the entries along the axis into rising order.

    >>> argsort(np.array([3.0, 1.0, 2.0])).numpy()
    array([1, 2, 0], dtype=int32)
    """
    return _core.argsort(*_line(x, axis, "argsort"))


@op
def argpartition(x: Any, kth: int, axis: int = -1) -> Any:
    """The int32 positions that put the kth smallest entry into its place, smaller ones before it: argsort.

    >>> argpartition(np.array([3.0, 1.0, 2.0]), 1).numpy()
    array([1, 2, 0], dtype=int32)
    """
    x, axis = _line(x, axis, "argpartition")
    n = shape_of(x)[axis]
    if not -n <= kth < n:
        raise ValueError(f"ops.argpartition: kth={kth} is out of range for an axis of extent {n}.")
    return _core.argsort(x, axis)


@op
def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    """(values, int32 positions) of the k largest entries of the last axis, the largest first; of equal ones the first.

    The order is the same for `sorted=False`.

    Raises:
        ValueError: k is not between 0 and the extent of the last axis.

    >>> values, positions = top_k(np.array([1.0, 5.0, 3.0]), 2)
    >>> values.tolist(), positions.tolist()
    ([5.0, 3.0], [1, 2])
    """
    return _core.top_k(x, int(k))


@op
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether fewer than k of the predictions (..., classes) are larger than that for the target (...): bool.

    A target outside [0, classes) is not.

    >>> in_top_k(np.array([1, 0]), np.array([[0.1, 0.2, 0.7], [0.1, 0.2, 0.7]]), k=2).numpy()
    array([ True, False])
    """
    return _core.in_top_k(targets, predictions, int(k))


@op
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where each value would be put into a sorted sequence (n,), before (or side="right": behind) equal ones; int32.

    >>> searchsorted(np.array([1.0, 2.0, 2.0]), np.array([2.0, 9.0])).numpy()
    array([1, 3], dtype=int32)
    """
    if side not in ("left", "right"):
        raise ValueError(f"ops.searchsorted: side is 'left' or 'right'; given {side!r}.")
    return _core.searchsorted(sorted_sequence, values, side == "right")


@op
def digitize(x: Any, bins: Any) -> Any:
    """The int32 number of rising bin edges at or below each element.

    >>> digitize(np.array([0.5, 1.0, 9.0]), np.array([1.0, 2.0])).numpy()
    array([0, 1, 2], dtype=int32)
    """
    return _core.searchsorted(bins, x, True)


@op
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The middle entry over the axes (all if None), or the mean of the two in the middle; NaN if there is one.

    Gradients flow to the entries that were chosen.

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
    largest = _core.getitem(lines, (Ellipsis, n - 1))  # NaN if there is one
    middle = _core.where(_core.isnan(largest), largest, middle)
    return _core.reshape(middle, kept) if keepdims else middle

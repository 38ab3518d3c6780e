"""Arrays with something added around them: constants, or their own elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import nearest_dtype, of_dtype, op, shape_of
from .sorting import median

__all__ = ["pad"]

_BY_POSITION = {"edge": "edge", "reflect": "reflect", "symmetric": "symmetric", "wrap": "wrap", "circular": "wrap"}
_STATISTICS = {
    "maximum": lambda x, axis: _core.max(x, [axis], True),
    "minimum": lambda x, axis: _core.min(x, [axis], True),
    "mean": lambda x, axis: _core.mean(x, [axis], True),
    "median": lambda x, axis: median(x, axis, True),
}
_MODES = ("constant", "empty", "linear_ramp", *_BY_POSITION, *_STATISTICS)


@op
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """x with elements added before and after it along each axis.

    Args:
        x: array or Tensor.
        pad_width: (before, after) for each axis, or one pair or number for all.
        mode: what is added: "constant" (the default) a number; "edge" the nearest element; "reflect" and "symmetric"
            the elements next to the edge in reverse order, without and with the edge; "wrap" or "circular" those at the
            other end; "maximum", "minimum", "mean" or "median" of the axis; "linear_ramp" numbers that fall to 0;
            "empty" anything.
        constant_values: the number of mode "constant"; None (the default): 0.

    Returns:
        Tensor, longer by before + after along each axis.

    Raises:
        ValueError: another mode, widths that do not fit, constant_values with another mode, or an axis without
            elements to repeat.

    >>> pad([1.0, 2.0], [(1, 2)]).tolist()
    [0.0, 1.0, 2.0, 0.0, 0.0]
    >>> pad([1, 2, 3], 2, mode="reflect").tolist()
    [3, 2, 1, 2, 3, 2, 1]
    """
    if mode not in _MODES:
        raise ValueError(f"ops.pad: expected a mode of {_MODES}, received {mode!r}.")
    if constant_values is not None and mode != "constant":
        raise ValueError(f"ops.pad: expected constant_values with mode='constant' only, received mode={mode!r}.")
    shape = shape_of(x)
    before, after = _widths(pad_width, len(shape))
    if mode in ("constant", "empty"):
        value = 0.0 if constant_values is None else constant_values
        if isinstance(value, (int, float, np.number)):
            return _core.pad(x, before, after, float(value))
        inside = np.zeros([b + n + a for b, n, a in zip(before, shape, after)], bool)
        inside[tuple(slice(b, b + n) for b, n in zip(before, shape))] = True
        return _core.where(inside, _core.pad(x, before, after, 0.0), of_dtype(value, nearest_dtype(x)))
    result = _core.identity(x) if not any(before + after) else x
    for axis, widths in enumerate(zip(before, after)):
        if min(widths) < 0:
            raise ValueError(f"ops.pad: expected widths of at least 0, received {pad_width!r}.")
        if any(widths):
            if shape[axis] == 0:
                raise ValueError(f"ops.pad: mode {mode!r} needs elements along axis {axis}, received shape {shape}.")
            result = _pad_axis(result, axis, widths, mode)
    return result


def _widths(pad_width: Any, rank: int) -> tuple[list[int], list[int]]:
    """The argument pad_width as the numbers of elements before and after each axis."""
    try:
        widths = np.asarray(pad_width)
        if widths.dtype.kind not in "iu" and widths.size:
            raise ValueError
        before, after = np.broadcast_to(widths, (rank, 2)).T.astype(int).tolist()
    except ValueError:
        raise ValueError(
            f"ops.pad: expected pad_width as an integer, a pair, or a pair of integers for each of {rank} axes, "
            f"received {pad_width!r}."
        ) from None
    return before, after


def _pad_axis(x: Any, axis: int, widths: tuple[int, int], mode: str) -> Any:
    """x padded along one axis by its own elements."""
    shape = shape_of(x)
    if mode in _BY_POSITION:
        if (parts := _copies(x, axis, widths, _BY_POSITION[mode])) is not None:
            return _core.concatenate([p for p in (parts[0], x, parts[1]) if p is not None], axis)
        kind: Any = _BY_POSITION[mode]
        return _core.take(x, np.pad(np.arange(shape[axis], dtype="int32"), widths, mode=kind), axis)
    if mode in _STATISTICS:
        value = _STATISTICS[mode](x, axis)
        if nearest_dtype(value) != nearest_dtype(x):  # means of integers are rounded, as in NumPy
            value = _core.cast(_core.round(value), nearest_dtype(x))
        parts = [_core.repeat(value, w, axis) if w else None for w in widths]
    else:
        ends = [_core.getitem(x, (slice(None),) * axis + (s,)) for s in (slice(0, 1), slice(-1, None))]
        parts = [_ramp(e, w, axis, last) if w else None for e, w, last in zip(ends, widths, (False, True))]
    return _core.concatenate([p for p in (parts[0], x, parts[1]) if p is not None], axis)


def _copies(x: Any, axis: int, widths: tuple[int, int], mode: str) -> list[Any] | None:
    """What is added before and after x: copies of its blocks, which is several times as fast as a take.

    None if a width is so large that elements of x occur twice on one side.
    """
    n, (before, after) = shape_of(x)[axis], widths
    edge = 1 if mode == "reflect" else 0  # a reflection has the edge once
    if mode != "edge" and max(widths) > n - edge:
        return None

    def block(start: int, stop: int) -> Any:
        part = _core.getitem(x, (slice(None),) * axis + (slice(start, stop),))
        return _core.flip(part, [axis]) if mode in ("reflect", "symmetric") else part

    if mode == "edge":
        first = _core.repeat(block(0, 1), before, axis) if before else None
        return [first, _core.repeat(block(n - 1, n), after, axis) if after else None]
    if mode == "wrap":
        return [block(n - before, n) if before else None, block(0, after) if after else None]
    return [
        block(edge, before + edge) if before else None,
        block(n - after - edge, n - edge) if after else None,
    ]


def _ramp(edge: Any, width: int, axis: int, last: bool) -> Any:
    """`width` numbers from 0 towards the edge; from the edge towards 0 at the last end."""
    t = np.arange(width) / width
    t = (t[::-1] if last else t).reshape([width if i == axis else 1 for i in range(len(shape_of(edge)))])
    dtype = nearest_dtype(edge)
    values = (
        _core.multiply(_core.cast(edge, "float64"), t)
        if "float" not in dtype
        else _core.multiply(edge, _core.cast(t, dtype))
    )
    return values if nearest_dtype(values) == dtype else _core.cast(values, dtype)

"""Numbers spaced evenly, or evenly on a logarithmic scale, between two ends.

Numbers as ends give constants, computed by NumPy in float64. Arrays and Tensors broadcast, and gradients flow to them.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.promotion import result_type
from netlet.config import floatx, is_float, standardize_dtype

from ..core.dispatch import axis_in, concrete, nearest_dtype, op, shape_of
from ..core.properties import cast_if_needed

__all__ = ["geomspace", "linspace", "logspace"]


def _count(num: Any, name: str) -> int:
    """The argument `num`."""
    try:
        count = -1 if isinstance(num, bool) else operator.index(num)
    except TypeError:
        count = -1
    if not 0 <= count < 2**40:
        raise ValueError(f"ops.{name}: expected an integer num of at least 0, received {num!r}.")
    return count


def _numbers(*values: Any) -> bool:
    return all(isinstance(v, (int, float, np.integer, np.floating)) for v in values)


def _ends(start: Any, stop: Any) -> tuple[Any, Any, str]:
    """Both ends as floats of one dtype, broadcast, and the dtype."""
    dtypes = [nearest_dtype(x) for x in (start, stop) if not _numbers(x)]
    floats = [d for d in dtypes if is_float(d)]
    common = result_type(*floats) if floats else floatx()
    start, stop = (_core.cast(concrete(x), common) for x in (start, stop))
    shape = np.broadcast_shapes(shape_of(start), shape_of(stop))
    return _core.broadcast_to(start, shape), _core.broadcast_to(stop, shape), common


def _between(start: Any, stop: Any, num: int, endpoint: bool, axis: int, dtype: str, name: str) -> Any:
    """start (1 - t) + stop t for num values of t, along a new axis."""
    shape = shape_of(start)
    at = axis_in(axis, len(shape) + 1, f"ops.{name}")
    t = np.linspace(0.0, 1.0, num, bool(endpoint)).reshape([num if i == at else 1 for i in range(len(shape) + 1)])
    low, high = (_core.cast(v, dtype) for v in (1.0 - t, t))
    start, stop = _core.expand_dims(start, at), _core.expand_dims(stop, at)
    return _core.add(_core.multiply(start, low), _core.multiply(stop, high))


@op
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` evenly spaced numbers from start to stop.

    Args:
        start: first number; or an array of them.
        stop: last number; or an array of them.
        num: how many; 50 by default.
        endpoint: whether stop is included; True by default.
        retstep: whether to return the distance of neighbours, too; False by default.
        dtype: name of the dtype; None (the default): floatx, or the dtype of arrays of floats.
        axis: position of the new axis, for arrays; 0 by default.

    Returns:
        Tensor (num,), or with an axis more than the arrays; with retstep (Tensor, distance).

    Raises:
        ValueError: num is below 0, or start and stop do not broadcast.

    >>> linspace(0.0, 1.0, 3).tolist()
    [0.0, 0.5, 1.0]
    """
    num = _count(num, "linspace")
    parts = num - 1 if endpoint else num
    if _numbers(start, stop):
        values = _core.tensor(np.linspace(start, stop, num, bool(endpoint)), standardize_dtype(dtype))
        step = _core.tensor((stop - start) / parts if parts > 0 else np.nan, standardize_dtype(dtype))
        return (values, step) if retstep else values
    start, stop, common = _ends(start, stop)
    values = _between(start, stop, num, endpoint, axis, common, "linspace")
    given = standardize_dtype(dtype or common)
    values = cast_if_needed(values, given)
    if not retstep:
        return values
    step = _core.multiply(_core.subtract(stop, start), 1.0 / parts if parts > 0 else np.nan)
    return values, cast_if_needed(step, given)


@op
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` numbers evenly spaced on a logarithmic scale, from base**start to base**stop.

    Args:
        start: first exponent; or an array of them.
        stop: last exponent; or an array of them.
        num: how many; 50 by default.
        endpoint: whether base**stop is included; True by default.
        base: the base, a number; 10 by default.
        dtype: name of the dtype; None (the default): floatx, or the dtype of arrays of floats.
        axis: position of the new axis, for arrays; 0 by default.

    Returns:
        Tensor (num,), or with an axis more than the arrays.

    Raises:
        ValueError: num is below 0, or start and stop do not broadcast.

    >>> logspace(0.0, 2.0, 3).tolist()
    [1.0, 10.0, 100.0]
    """
    num = _count(num, "logspace")
    if _numbers(start, stop, base):
        return _core.tensor(np.logspace(start, stop, num, bool(endpoint), base), standardize_dtype(dtype))
    start, stop, common = _ends(start, stop)
    given = standardize_dtype(dtype or common)
    exponents = _between(start, stop, num, endpoint, axis, common, "logspace")
    values = _core.power(base if _numbers(base) else _core.cast(concrete(base), common), exponents)
    return cast_if_needed(values, given)


@op
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`num` numbers of a geometric progression from start to stop: each is the one before times a constant.

    Args:
        start: first number, not 0; or an array of them.
        stop: last number, of start's sign; or an array of them.
        num: how many; 50 by default.
        endpoint: whether stop is included; True by default.
        dtype: name of the dtype; None (the default): floatx, or the dtype of arrays of floats.
        axis: position of the new axis, for arrays; 0 by default.

    Returns:
        Tensor (num,), or with an axis more than the arrays; NaN where start and stop have different signs.

    Raises:
        ValueError: num is below 0, a number is 0 or of the other's sign, or start and stop do not broadcast.

    >>> geomspace(1.0, 100.0, 3).tolist()
    [1.0, 10.0, 100.0]
    """
    num = _count(num, "geomspace")
    if _numbers(start, stop):
        if not start * stop > 0:
            raise ValueError(f"ops.geomspace: expected two numbers of one sign, not 0, received {start} and {stop}.")
        return _core.tensor(np.geomspace(start, stop, num, bool(endpoint)), standardize_dtype(dtype))
    start, stop, common = _ends(start, stop)
    given = standardize_dtype(dtype or common)
    sign = _core.sign(start)
    first, last = (_core.log(_core.multiply(sign, x)) for x in (start, stop))
    at = axis_in(axis, len(shape_of(start)) + 1, "ops.geomspace")
    values = _core.exp(_between(first, last, num, endpoint, axis, common, "geomspace"))
    values = _core.multiply(values, _core.expand_dims(sign, at))
    return cast_if_needed(values, given)

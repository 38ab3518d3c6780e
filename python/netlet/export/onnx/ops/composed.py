"""Ops that are formulas of other ops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from netlet import ops
from netlet.config import is_float

from ..registry import op


def _average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    return ops.mean(x, axis) if weights is None else ops.sum(x * weights, axis) / ops.sum(weights, axis)


def _neighbours(x: Any, axis: int) -> tuple[Any, Any]:
    """(all but the first, all but the last) entries along an axis."""
    before = (slice(None),) * (axis % len(x.shape))
    later, earlier = (*before, slice(1, None)), (*before, slice(None, -1))
    return x[later], x[earlier]


def _diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    for _ in range(n):
        later, earlier = _neighbours(a, axis)
        a = later - earlier
    return a


def _nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    if not is_float(x.dtype):
        return x
    largest = {"float16": 65504.0, "float64": 1.7976931348623157e308}.get(x.dtype, 3.4028234663852886e38)
    x = ops.where(ops.isnan(x), nan, x)
    x = ops.where(ops.isposinf(x), largest if posinf is None else posinf, x)
    return ops.where(ops.isneginf(x), -largest if neginf is None else neginf, x)


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = ops.where(condition, choice, result)
    return result


def _heaviside(x1: Any, x2: Any) -> Any:
    return ops.where(x1 > 0, 1.0, ops.where(x1 < 0, 0.0, x2))


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    later, earlier = _neighbours(y, axis)
    steps = dx if x is None else ops.diff(x, axis=axis if len(x.shape) > 1 else -1)
    return ops.sum((later + earlier) * steps, axis=axis) / 2


def _number(x: Any) -> Any:
    return ops.where(ops.isnan(x), 0.0, x)


def _count(x: Any, axis: Any, keepdims: bool) -> Any:
    return ops.sum(ops.cast(ops.logical_not(ops.isnan(x)), x.dtype), axis, keepdims)


FORMULAS: dict[str, Callable[..., Any]] = {
    "average": _average,
    "cbrt": lambda x: ops.sign(x) * ops.abs(x) ** (1 / 3),
    "dequantize_absmax": lambda q, scale: ops.cast(q, "float32") * scale,
    "diff": _diff,
    "fliplr": lambda x: ops.flip(x, 1),
    "flipud": lambda x: ops.flip(x, 0),
    "fmax": lambda x1, x2: ops.where(ops.isnan(x1), x2, ops.where(ops.isnan(x2), x1, ops.maximum(x1, x2))),
    "fmin": lambda x1, x2: ops.where(ops.isnan(x1), x2, ops.where(ops.isnan(x2), x1, ops.minimum(x1, x2))),
    "heaviside": _heaviside,
    "logaddexp2": lambda x1, x2: ops.logaddexp(x1 * math.log(2), x2 * math.log(2)) / math.log(2),
    "nan_to_num": _nan_to_num,
    "nanmean": lambda x, axis=None, keepdims=False: ops.sum(_number(x), axis, keepdims) / _count(x, axis, keepdims),
    "nansum": lambda x, axis=None, keepdims=False: ops.sum(_number(x), axis, keepdims),
    "select": _select,
    "trace": lambda x, offset=0, axis1=0, axis2=1: ops.sum(ops.diagonal(x, offset, axis1, axis2), -1),
    "trapezoid": _trapezoid,
}


def _formula(name: str, fn: Callable[..., Any]) -> Any:
    return lambda e, out, **arguments: e.run_traced(name, fn, (), arguments, [])


for _name, _fn in FORMULAS.items():
    op(_name)(_formula(_name, _fn))

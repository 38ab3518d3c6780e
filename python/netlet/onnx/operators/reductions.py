"""Sums, extrema and the like along axes, and running sums and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .element_types import is_integer
from .registry import operator
from .values import constant


def _extremum(name: str) -> Callable[..., Any]:
    """The reduction to the largest or smallest element: over no elements it is that of the type."""
    function = getattr(ops, name)
    end = {"max": "lowest", "min": "highest"}[name]

    def reduce(x: Any, axis: Any, keepdims: bool) -> Any:
        if 0 in x.shape:
            return _of_nothing(x, axis, keepdims, _limit(x, end))
        return function(x, axis=axis, keepdims=keepdims)

    return reduce


def _limit(x: Any, end: str) -> Any:
    """The lowest or highest value of x's type."""
    dtype = np.dtype(str(x.dtype)) if str(x.dtype) != "bfloat16" else np.dtype("float32")
    if dtype.kind == "f":
        return np.inf if end == "highest" else -np.inf
    if dtype.kind == "b":
        return end == "highest"
    limits = np.iinfo(dtype)
    return limits.max if end == "highest" else limits.min


def _of_nothing(x: Any, axis: Any, keepdims: bool, value: Any) -> Any:
    """A reduction over no elements: `value` everywhere."""
    rank = len(x.shape)
    reduced = set(range(rank)) if axis is None else {a % rank for a in axis}
    kept = [1 if i in reduced else d for i, d in enumerate(x.shape) if keepdims or i not in reduced]
    return ops.full(kept, value, dtype=str(x.dtype))


def _sum(x: Any, axis: Any, keepdims: bool) -> Any:
    return ops.sum(x, axis=axis, keepdims=keepdims)


def _log_sum_exp(x: Any, axis: Any, keepdims: bool) -> Any:
    if 0 in x.shape:
        return _of_nothing(x, axis, keepdims, -np.inf)
    return ops.logsumexp(x if not is_integer(x) else ops.cast(x, "float64"), axis=axis, keepdims=keepdims)


REDUCTIONS: dict[str, Callable[[Any, Any, bool], Any]] = {
    "ReduceL1": lambda x, axis, keepdims: _sum(ops.abs(x), axis, keepdims),
    "ReduceL2": lambda x, axis, keepdims: ops.sqrt(_sum(ops.square(x), axis, keepdims)),
    "ReduceLogSum": lambda x, axis, keepdims: ops.log(_sum(x, axis, keepdims)),
    "ReduceLogSumExp": _log_sum_exp,
    "ReduceMax": _extremum("max"),
    "ReduceMean": lambda x, axis, keepdims: ops.mean(x, axis=axis, keepdims=keepdims),
    "ReduceMin": _extremum("min"),
    "ReduceProd": lambda x, axis, keepdims: ops.prod(x, axis=axis, keepdims=keepdims),
    "ReduceSum": _sum,
    "ReduceSumSquare": lambda x, axis, keepdims: _sum(ops.square(x), axis, keepdims),
}


def _register(name: str, function: Callable[[Any, Any, bool], Any]) -> None:
    # The axes became an input in opset 13 (ReduceSum) and 18 (the others): either way at most one of them is there.
    @operator(name)
    def reduction(node: Node, x: Any, axes: Any = None) -> Any:
        axis = node.attribute("axes", None) if axes is None else constant(node, axes, "axes").tolist()
        if not axis and node.attribute("noop_with_empty_axes", 0):
            return x if not len(x.shape) else function(ops.expand_dims(x, 0), (0,), False)
        return function(x, tuple(axis) if axis else None, bool(node.attribute("keepdims", 1)))


for _name, _function in REDUCTIONS.items():
    _register(_name, _function)


def _register_arg(name: str, function: Callable[..., Any]) -> None:
    @operator(name)
    def arg_extremum(node: Node, x: Any) -> Any:
        axis, keepdims = node.attribute("axis", 0), bool(node.attribute("keepdims", 1))
        if not node.attribute("select_last_index", 0):
            return function(x, axis=axis, keepdims=keepdims)
        last = ops.subtract(x.shape[axis] - 1, function(ops.flip(x, axis=axis), axis=axis, keepdims=keepdims))
        return ops.cast(last, "int64")


for _name, _arg in {"ArgMax": ops.argmax, "ArgMin": ops.argmin}.items():
    _register_arg(_name, _arg)


def _running(node: Node, x: Any, axis: Any, function: Callable[..., Any], start: int) -> Any:
    """A running sum or product, in reverse or without the element itself by attribute."""
    along = int(constant(node, axis, "axis").item()) % len(x.shape)
    reverse = node.attribute("reverse", 0)
    x = ops.flip(x, axis=along) if reverse else x
    if node.attribute("exclusive", 0):
        size = x.shape[along]
        first = [slice(None)] * along + [slice(0, size - 1)]
        shape = [1 if i == along else d for i, d in enumerate(x.shape)]
        x = ops.concatenate([ops.full(shape, start, dtype=str(x.dtype)), ops.getitem(x, tuple(first))], axis=along)
    result = function(x, axis=along)
    return ops.flip(result, axis=along) if reverse else result


@operator("CumSum")
def cumsum(node: Node, x: Any, axis: Any) -> Any:
    """Sums of the elements up to each one."""
    return _running(node, x, axis, ops.cumsum, 0)


@operator("CumProd")
def cumprod(node: Node, x: Any, axis: Any) -> Any:
    """Products of the elements up to each one."""
    return _running(node, x, axis, ops.cumprod, 1)

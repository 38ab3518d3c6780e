"""Normalizations."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.config import epsilon as default_epsilon

from ..exporter import Exporter
from ..registry import Unsupported, op
from ..values import Value
from .reductions import axes_list, reduced


def along(array: np.ndarray, axes: list[int], rank: int) -> np.ndarray:
    """An array of the axes' sizes, with axes of size 1 between, so that it broadcasts to a tensor of `rank`."""
    shape = [1] * rank
    for axis, n in zip(axes, array.shape, strict=True):
        shape[axis] = n
    return array.reshape(shape)


@op("batch_normalization")
def _batch_normalization(
    e: Exporter, out: Any, x: Any, mean: Any, variance: Any, axis: int, offset: Any, scale: Any, epsilon: float
) -> Any:
    """ONNX's BatchNormalization, whose channels are axis 1; runtimes fold it into a convolution before it."""
    rank, dtype = len(x.shape), out.dtype
    if any(isinstance(v, Value) for v in (mean, variance, offset, scale)) or rank < 2:
        raise Unsupported("statistics that the model computes")
    size = x.shape[axis]
    weights = [np.ones(size) if scale is None else scale, np.zeros(size) if offset is None else offset, mean, variance]
    names = [e.name(w, dtype) for w in weights]
    axis %= rank
    if axis == rank - 1 and rank > 2:
        made = e.graph.op("BatchNormalization", e.first(x, dtype), *names, epsilon=float(epsilon))
        return Value(out, first=made)
    if axis == 1:
        return e.graph.op("BatchNormalization", e.name(x, dtype), *names, epsilon=float(epsilon))
    raise Unsupported(f"axis={axis} of an input of rank {rank}; expected the first or last one behind the batch")


@op("layer_normalization")
def _layer_normalization(
    e: Exporter, out: Any, x: Any, gamma: Any, beta: Any, axis: Any, epsilon: float | None, rms_scaling: bool = False
) -> str:
    g, rank, dtype = e.graph, len(x.shape), out.dtype
    axes = sorted(axes_list(axis, rank))
    eps = float(default_epsilon() if epsilon is None else epsilon)
    sizes = [x.shape[a] for a in axes]
    plain = axes == list(range(axes[0], rank)) and None not in sizes
    if plain and not rms_scaling and dtype in ("float32", "float64"):
        scale = np.ones(sizes) if gamma is None else gamma
        bias = None if beta is None else e.name(beta, dtype)
        found: str = g.op("LayerNormalization", e.name(x, dtype), e.name(scale, dtype), bias, axis=axes[0], epsilon=eps)
        return found
    # Statistics of halves are of float32, as netlet computes them.
    inner = "float32" if dtype in ("float16", "bfloat16") else dtype
    name = e.name(x, inner)
    mean = reduced(e, "ReduceMean", name, axes, True)
    centred = g.op("Sub", name, mean)
    variance = reduced(e, "ReduceMean", g.op("Mul", centred, centred), axes, True)
    return _scaled(e, name if rms_scaling else centred, variance, eps, axes, rank, inner, dtype, gamma, beta)


def _scaled(
    e: Exporter,
    name: str,
    variance: str,
    eps: float,
    axes: list[int],
    rank: int,
    inner: str,
    dtype: str,
    gamma: Any,
    beta: Any,
) -> str:
    g = e.graph
    y = g.op("Div", name, g.op("Sqrt", g.op("Add", variance, g.constant(eps, inner))))
    for weight, kind in ((gamma, "Mul"), (beta, "Add")):
        if weight is not None:
            array, hint = e.constant_of(weight)
            y = g.op(kind, y, g.constant(along(array, axes, rank), inner, hint))
    return e.cast_name(y, inner, dtype)


@op("rms_normalization")
def _rms_normalization(e: Exporter, out: Any, x: Any, scale: Any, axis: Any, epsilon: float | None) -> str:
    g, rank, dtype = e.graph, len(x.shape), out.dtype
    axes = sorted(axes_list(axis, rank))
    inner = "float32" if dtype in ("float16", "bfloat16") else dtype
    name = e.name(x, inner)
    squares = reduced(e, "ReduceMean", g.op("Mul", name, name), axes, True)
    eps = float(default_epsilon() if epsilon is None else epsilon)
    return _scaled(e, name, squares, eps, axes, rank, inner, dtype, scale, None)


def group_normalization(
    e: Exporter, out: Any, x: Any, groups: int, gamma: Any, beta: Any, axis: int, epsilon: float
) -> Any:
    """Adds the operators of a group normalization: ONNX's InstanceNormalization of the groups as channels."""
    g, rank, dtype = e.graph, len(x.shape), out.dtype
    axis %= rank
    last = axis == rank - 1 and rank > 2
    if not last and axis != 1:
        raise Unsupported(f"axis={axis} of an input of rank {rank}")
    inner = "float32" if dtype in ("float16", "bfloat16") else dtype
    name = e.first(x, inner) if last else e.name(x, inner)
    shape = g.op("Shape", name)
    grouped = g.op("Reshape", name, g.ints(0, groups, -1))
    ones, zeros = g.constant(np.ones(groups), inner), g.constant(np.zeros(groups), inner)
    y = g.op("Reshape", g.op("InstanceNormalization", grouped, ones, zeros, epsilon=float(epsilon)), shape)
    for weight, kind in ((gamma, "Mul"), (beta, "Add")):
        if weight is not None:
            array, hint = e.constant_of(weight)
            y = g.op(kind, y, g.constant(along(array, [1], rank), inner, hint))
    y = e.cast_name(y, inner, dtype)
    return Value(out, first=y) if last else y


@op("normalize")
def _normalize(e: Exporter, out: Any, x: Any, axis: Any, order: int, epsilon: float | None) -> str:
    g, dtype = e.graph, out.dtype
    name, axes = e.name(x, dtype), axes_list(axis, len(x.shape))
    floor = float(default_epsilon() if epsilon is None else epsilon)
    if order == 2:
        squares = reduced(e, "ReduceSum", g.op("Mul", name, name), axes, True)
        norm = g.op("Sqrt", g.op("Max", squares, g.constant(floor * floor, dtype)))
    elif order == 1:
        norm = g.op("Max", reduced(e, "ReduceL1", name, axes, True), g.constant(floor, dtype))
    else:
        raise Unsupported(f"order={order}")
    found: str = g.op("Div", name, norm)
    return found

"""Ops that make tensors: like others, one-hot and multi-hot vectors, bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exporter import Exporter
from ..registry import Unsupported, op
from .arithmetic import cast_to
from .reductions import reduced


def _filled(e: Exporter, out: Any, x: Any, value: Any) -> str:
    shape = e.graph.op("Shape", e.name(x))
    found: str = e.graph.op("Expand", e.name(value, out.dtype), shape)
    return found


@op("zeros_like", "empty_like")
def _zeros_like(e: Exporter, out: Any, x: Any, dtype: Any) -> str:
    return _filled(e, out, x, 0)


@op("ones_like")
def _ones_like(e: Exporter, out: Any, x: Any, dtype: Any) -> str:
    return _filled(e, out, x, 1)


@op("full_like")
def _full_like(e: Exporter, out: Any, x: Any, fill_value: Any, dtype: Any) -> str:
    return _filled(e, out, x, fill_value)


def one_hot(e: Exporter, indices: str, classes: int, axis: int, dtype: str) -> str:
    """Adds a OneHot of int64 indices; a negative index has no 1 (ONNX would count it from the end)."""
    g = e.graph
    at = g.op("Where", g.op("Less", indices, g.constant(0, "int64")), g.constant(classes, "int64"), indices)
    found: str = g.op("OneHot", at, g.constant(classes, "int64"), g.constant(np.array([0, 1]), dtype), axis=axis)
    return found


@op("one_hot")
def _one_hot(e: Exporter, out: Any, x: Any, num_classes: int, axis: int, dtype: Any, sparse: bool) -> str:
    return one_hot(e, e.name(x, "int64"), num_classes, axis, out.dtype)


@op("multi_hot")
def _multi_hot(
    e: Exporter, out: Any, inputs: Any, num_classes: int, axis: int, dtype: Any, sparse: bool, **more: Any
) -> str:
    hot = one_hot(e, e.name(inputs, "int64"), num_classes, -1, out.dtype)
    rank = len(inputs.shape)
    if rank == 0:
        return hot
    if axis not in (-1, rank - 1):
        raise Unsupported(f"axis={axis}")
    return reduced(e, "ReduceMax", hot, [rank - 1], False)


@op("digitize")
def _digitize(e: Exporter, out: Any, x: Any, bins: Any) -> str:
    """How many bins are at most x."""
    g = e.graph
    limits = np.asarray(bins)
    wide = g.op("Unsqueeze", e.name(x), g.ints(-1))
    above = g.op("GreaterOrEqual", wide, g.constant(limits, x.dtype))
    return reduced(e, "ReduceSum", cast_to(e, above, out.dtype), [len(x.shape)], False)

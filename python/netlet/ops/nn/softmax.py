"""The fused dense layer, softmax and its relatives, gated linear units and one-hot."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import axis_in, float_op, shape_of

__all__ = ["glu", "log_softmax", "softmax", "sparsemax"]


def _along_last(fn: Any, x: Any, axis: Any, name: str) -> Any:
    """fn(x, axis) along one axis, or along several as one."""
    shape = shape_of(x)
    if isinstance(axis, (tuple, list)):
        axes = [axis_in(a, len(shape), name) for a in axis]
        rest = [i for i in range(len(shape)) if i not in axes]
        order = rest + axes
        moved = _core.transpose(x, order)
        kept = tuple(shape[i] for i in rest)
        flat = _core.reshape(moved, (*kept, int(np.prod([shape[i] for i in axes], dtype=np.int64))))
        back = _core.reshape(fn(flat, -1), tuple(shape[i] for i in order))
        return _core.transpose(back, [order.index(i) for i in range(len(shape))])
    return fn(x, axis_in(axis, len(shape), name))


@float_op
def softmax(x: Any, axis: Any = -1) -> Any:
    """Probabilities e**x / sum(e**x) along an axis, stable for large x.

    Args:
        x: array or Tensor.
        axis: axis or axes that sum to 1; -1 by default.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: the axis is out of range.

    >>> softmax([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    return _along_last(_core.softmax, x, axis, "ops.softmax")


@float_op
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log(softmax(x)) along an axis, stable for large x.

    Args:
        x: array or Tensor.
        axis: axis or axes over which probabilities sum to 1; -1 by default.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: the axis is out of range.

    >>> log_softmax([0.0, 0.0]).numpy().round(4)
    array([-0.6931, -0.6931], dtype=float32)
    """
    return _along_last(_core.log_softmax, x, axis, "ops.log_softmax")


@float_op
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The probability distribution nearest to x along an axis; many of its entries are 0.

    The result sums to 1. Keras 3's function of this name returns other numbers where more than one entry is above 0;
    they do not sum to 1.

    Args:
        x: array or Tensor.
        axis: -1 by default.

    Returns:
        Tensor of x's shape.

    Source: Martins and Astudillo, 2016.

    Raises:
        ValueError: the axis is out of range.

    >>> sparsemax([1.0, 0.5, -1.0]).tolist()
    [0.75, 0.25, 0.0]
    """
    return _core.sparsemax(x, axis_in(axis, len(shape_of(x)), "ops.sparsemax"))


@float_op
def glu(x: Any, axis: int = -1) -> Any:
    """Gated linear unit: a * sigmoid(b), where a and b are the halves of x along an axis.

    Args:
        x: array or Tensor.
        axis: an axis of even size; -1 by default.

    Returns:
        Tensor of half x's size along the axis.

    Raises:
        ValueError: the axis has an odd size.

    Source: Dauphin et al., 2017.

    >>> glu([2.0, 0.0]).tolist()
    [1.0]
    """
    shape = shape_of(x)
    axis = axis_in(axis, len(shape), "ops.glu")
    if shape[axis] % 2:
        raise ValueError(f"ops.glu: expected an even size of axis {axis}, received shape {shape}.")
    half, before = shape[axis] // 2, [slice(None)] * axis
    a = _core.getitem(x, (*before, slice(0, half)))
    b = _core.getitem(x, (*before, slice(half, None)))
    return _core.multiply(a, _core.activation(b, "sigmoid"))

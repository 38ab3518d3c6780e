"""The fused dense layer, softmax and its relatives, gated linear units and one-hot."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import standardize_dtype

from .dispatch import axis_in, float_op, op, shape_of


@op
def dense(x: Any, kernel: Any, bias: Any = None, activation: str = "linear", alpha: float = 0.0) -> Any:
    """activation(x @ kernel + bias) in one pass: x (..., K), kernel (K, N), bias (N,) -> (..., N).

    Args:
        activation: one that the matrix product applies on its tile: linear, relu, leaky_relu, sigmoid, tanh, elu or
            exponential; the others are ops of their own.
        alpha: the slope of leaky_relu, the scale of elu.

    Raises:
        ValueError: the extents do not fit.

    >>> dense(np.ones((1, 2)), np.ones((2, 3)), np.zeros(3), "relu").numpy()
    array([[2., 2., 2.]])
    """
    return _core.dense(x, kernel, bias, activation, alpha)


def _along_last(fn: Any, x: Any, axis: Any, name: str) -> Any:
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
    """e**x / sum(e**x) along the axis (or axes), stable for large x.

    >>> softmax(np.array([0.0, 0.0])).numpy()
    array([0.5, 0.5])
    """
    return _along_last(_core.softmax, x, axis, "ops.softmax")


@float_op
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log(softmax(x)) along the axis (or axes)."""
    return _along_last(_core.log_softmax, x, axis, "ops.log_softmax")


@float_op
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The probabilities nearest to x along the axis, many of them 0 (Martins and Astudillo, 2016).

    They add up to 1; what Keras 3 returns under this name does not where more than one of them is above 0.

    >>> sparsemax(np.array([1.0, 0.5, -1.0])).numpy()
    array([0.75, 0.25, 0.  ])
    """
    return _core.sparsemax(x, axis_in(axis, len(shape_of(x)), "ops.sparsemax"))


@float_op
def glu(x: Any, axis: int = -1) -> Any:
    """a * sigmoid(b) where a and b are the halves of x along the axis (Dauphin et al., 2017)."""
    shape = shape_of(x)
    axis = axis_in(axis, len(shape), "ops.glu")
    if shape[axis] % 2:
        raise ValueError(f"ops.glu: axis {axis} of {shape} must have an even extent.")
    half, before = shape[axis] // 2, [slice(None)] * axis
    a = _core.getitem(x, (*before, slice(0, half)))
    b = _core.getitem(x, (*before, slice(half, None)))
    return _core.multiply(a, _core.activation(b, "sigmoid"))


@op
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """A new axis with 1 at the position that each integer names, else 0; integers outside [0, num_classes) give zeros.

    >>> one_hot(np.array([0, 2]), 3).numpy()
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    if sparse:
        raise NotImplementedError("ops.one_hot: sparse=True is not supported.")
    return _core.one_hot(x, int(num_classes), standardize_dtype(dtype), int(axis))

"""The fused dense layer, softmax and its relatives, gated linear units and one-hot."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import standardize_dtype

from .dispatch import axis_in, float_op, op, shape_of


@op
def dense(x: Any, kernel: Any, bias: Any = None, activation: str = "linear", alpha: float = 0.0) -> Any:
    """The output of a dense layer in one pass: activation(x @ kernel + bias).

    Args:
        x: (..., K).
        kernel: (K, N).
        bias: (N,), or None (the default).
        activation: one that the matrix product applies to each tile of its result: "linear" (the default), "relu",
            "leaky_relu", "sigmoid", "tanh", "elu" or "exponential".
        alpha: slope of leaky_relu, factor of elu; 0.0 by default.

    Returns:
        Tensor (..., N).

    Raises:
        ValueError: shapes that do not fit, or another activation.

    >>> dense(np.ones((1, 2)), np.ones((2, 3)), np.zeros(3), "relu").numpy()
    array([[2., 2., 2.]])
    """
    return _core.dense(x, kernel, bias, activation, alpha)


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


@op
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """A new axis with 1 at the position that each integer names, and 0 elsewhere.

    Args:
        x: integers of any shape; those outside [0, num_classes) give zeros.
        num_classes: size of the new axis.
        axis: position of the new axis; -1 (the default): last.
        dtype: name of the dtype; None (the default): floatx.
        sparse: False; there are dense tensors only.

    Returns:
        Tensor with one axis more than x.

    Raises:
        NotImplementedError: sparse is True.

    >>> one_hot(np.array([0, 2]), 3).numpy()
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    if sparse:
        raise NotImplementedError("ops.one_hot: sparse=True is not supported.")
    return _core.one_hot(x, int(num_classes), standardize_dtype(dtype), int(axis))

"""Activations, the fused dense layer, softmax and one-hot: the ops that networks are made of."""

from __future__ import annotations

import math
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


@float_op
def relu(x: Any) -> Any:
    """max(x, 0).

    >>> relu(np.array([-1.0, 2.0])).numpy()
    array([0., 2.])
    """
    return _core.activation(x, "relu")


@float_op
def relu_general(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """x from `threshold` to `max_value`, max_value above, negative_slope * (x - threshold) below."""
    top = math.inf if max_value is None else float(max_value)
    return _core.activation(x, "relu_general", float(negative_slope), top, float(threshold))


@float_op
def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)."""
    return _core.activation(x, "relu6")


@float_op
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x above 0, negative_slope * x below."""
    return _core.activation(x, "leaky_relu", float(negative_slope))


@float_op
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x above 0, alpha * (e**x - 1) below (Clevert et al., 2016)."""
    return _core.activation(x, "elu", float(alpha))


@float_op
def selu(x: Any) -> Any:
    """scale * elu(x, a) with the constants of Klambauer et al., 2017."""
    return _core.activation(x, "selu")


@float_op
def celu(x: Any, alpha: float = 1.0) -> Any:
    """max(x, 0) + min(alpha * (e**(x / alpha) - 1), 0) (Barron, 2017)."""
    return _core.activation(x, "celu", float(alpha))


@float_op
def sigmoid(x: Any) -> Any:
    """1 / (1 + e**-x)."""
    return _core.activation(x, "sigmoid")


@float_op
def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    return _core.activation(x, "tanh")


@float_op
def softplus(x: Any) -> Any:
    """log(1 + e**x), stable for large |x|."""
    return _core.activation(x, "softplus")


@float_op
def softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    return _core.activation(x, "softsign")


@float_op
def silu(x: Any) -> Any:
    """x * sigmoid(x); also called swish."""
    return _core.activation(x, "silu")


swish = silu


@float_op
def mish(x: Any) -> Any:
    """x * tanh(softplus(x)) (Misra, 2019)."""
    return _core.activation(x, "mish")


@float_op
def hard_sigmoid(x: Any) -> Any:
    """clip(x / 6 + 0.5, 0, 1)."""
    return _core.activation(x, "hard_sigmoid")


@float_op
def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x); also called hard_swish."""
    return _core.activation(x, "hard_silu")


hard_swish = hard_silu


@float_op
def hard_tanh(x: Any) -> Any:
    """clip(x, -1, 1)."""
    return _core.activation(x, "hard_tanh")


@float_op
def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)) = -softplus(-x)."""
    return _core.activation(x, "log_sigmoid")


@float_op
def exponential(x: Any) -> Any:
    """e**x."""
    return _core.activation(x, "exponential")


@float_op
def tanh_shrink(x: Any) -> Any:
    """x - tanh(x)."""
    return _core.activation(x, "tanh_shrink")


@float_op
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved towards 0 by the threshold, 0 inside it."""
    return _core.activation(x, "soft_shrink", float(threshold))


@float_op
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x outside of [-threshold, threshold], 0 inside."""
    return _core.activation(x, "hard_shrink", float(threshold))


@float_op
def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x**2 + b)) / 2 (Barron, 2021)."""
    return _core.activation(x, "squareplus", float(b))


@float_op
def sparse_plus(x: Any) -> Any:
    """0 up to -1, (x + 1)**2 / 4 up to 1, x above."""
    return _core.activation(x, "sparse_plus")


@float_op
def sparse_sigmoid(x: Any) -> Any:
    """clip((x + 1) / 2, 0, 1)."""
    return _core.activation(x, "sparse_sigmoid")


@float_op
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x above the threshold, else default_value."""
    return _core.activation(x, "threshold", float(threshold), float(default_value))


@float_op
def gelu(x: Any, approximate: bool = True) -> Any:
    """x * Phi(x), Phi the normal distribution function (Hendrycks and Gimpel, 2016), or its tanh approximation."""
    return _core.activation(x, "gelu_tanh" if approximate else "gelu")


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

"""Rectified and shrinking activation functions: relu, elu, softplus and their relatives."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core

from ..core.dispatch import float_op

__all__ = [
    "celu",
    "elu",
    "hard_shrink",
    "leaky_relu",
    "relu",
    "relu6",
    "relu_general",
    "selu",
    "soft_shrink",
    "softplus",
    "sparse_plus",
    "squareplus",
    "tanh_shrink",
    "threshold",
]


@float_op
def relu(x: Any) -> Any:
    """Rectified linear unit: max(x, 0).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> relu([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return _core.activation(x, "relu")


@float_op
def relu_general(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Rectified linear unit with a slope below the threshold and an upper limit.

    x where threshold <= x, at most max_value; negative_slope * (x - threshold) below the threshold.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.
        negative_slope: slope below the threshold; 0.0 by default.
        max_value: largest output; None (the default): no limit.
        threshold: 0.0 by default.

    Returns:
        Tensor of x's shape.

    >>> relu_general([-2.0, 0.5, 9.0], negative_slope=0.5, max_value=6.0).tolist()
    [-1.0, 0.5, 6.0]
    """
    top = math.inf if max_value is None else float(max_value)
    return _core.activation(x, "relu_general", float(negative_slope), top, float(threshold))


@float_op
def relu6(x: Any) -> Any:
    """Rectified linear unit with outputs of at most 6: min(max(x, 0), 6).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> relu6([-1.0, 9.0]).tolist()
    [0.0, 6.0]
    """
    return _core.activation(x, "relu6")


@float_op
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Leaky rectified linear unit: x above 0, negative_slope * x below.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.
        negative_slope: slope below 0; 0.2 by default.

    Returns:
        Tensor of x's shape.

    >>> leaky_relu([-1.0, 2.0], negative_slope=0.5).tolist()
    [-0.5, 2.0]
    """
    return _core.activation(x, "leaky_relu", float(negative_slope))


@float_op
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit: x above 0, alpha * (e**x - 1) below.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.
        alpha: factor below 0; 1.0 by default.

    Returns:
        Tensor of x's shape.

    Source: Clevert et al., 2016.

    >>> elu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return _core.activation(x, "elu", float(alpha))


@float_op
def selu(x: Any) -> Any:
    """Scaled exponential linear unit: scale * elu(x, a) with the paper's constants.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    Source: Klambauer et al., 2017.

    >>> selu([0.0]).tolist()
    [0.0]
    """
    return _core.activation(x, "selu")


@float_op
def celu(x: Any, alpha: float = 1.0) -> Any:
    """Continuously differentiable exponential linear unit: max(x, 0) + min(alpha * (e**(x / alpha) - 1), 0).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.
        alpha: scale below 0; 1.0 by default.

    Returns:
        Tensor of x's shape.

    Source: Barron, 2017.

    >>> celu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return _core.activation(x, "celu", float(alpha))


@float_op
def softplus(x: Any) -> Any:
    """log(1 + e**x), stable for large |x|.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> softplus([0.0]).numpy().round(4)
    array([0.6931], dtype=float32)
    """
    return _core.activation(x, "softplus")


@float_op
def squareplus(x: Any, b: float = 4) -> Any:
    """Smooth relu: (x + sqrt(x**2 + b)) / 2.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.
        b: smoothness; 4 by default.

    Returns:
        Tensor of x's shape.

    Source: Barron, 2021.

    >>> squareplus([0.0]).tolist()
    [1.0]
    """
    return _core.activation(x, "squareplus", float(b))


@float_op
def sparse_plus(x: Any) -> Any:
    """Smooth relu that is exactly 0 for x <= -1, x for x >= 1, and (x + 1)**2 / 4 between.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> sparse_plus([-2.0, 0.0, 2.0]).tolist()
    [0.0, 0.25, 2.0]
    """
    return _core.activation(x, "sparse_plus")


@float_op
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x where x > threshold, else default_value.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.
        threshold: the limit.
        default_value: output where x <= threshold.

    Returns:
        Tensor of x's shape.

    >>> threshold([0.5, 2.0], 1.0, -1.0).tolist()
    [-1.0, 2.0]
    """
    return _core.activation(x, "threshold", float(threshold), float(default_value))


@float_op
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved towards 0 by the threshold; 0 where |x| <= threshold.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.
        threshold: 0.5 by default.

    Returns:
        Tensor of x's shape.

    >>> soft_shrink([-2.0, 0.25, 2.0]).tolist()
    [-1.5, 0.0, 1.5]
    """
    return _core.activation(x, "soft_shrink", float(threshold))


@float_op
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where |x| > threshold, else 0.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.
        threshold: 0.5 by default.

    Returns:
        Tensor of x's shape.

    >>> hard_shrink([-2.0, 0.25, 2.0]).tolist()
    [-2.0, 0.0, 2.0]
    """
    return _core.activation(x, "hard_shrink", float(threshold))


@float_op
def tanh_shrink(x: Any) -> Any:
    """x - tanh(x).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> tanh_shrink([0.0]).tolist()
    [0.0]
    """
    return _core.activation(x, "tanh_shrink")

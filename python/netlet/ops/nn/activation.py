"""Smooth and saturating activation functions of each element: sigmoid, tanh, gelu and their relatives."""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import float_op

__all__ = [
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "log_sigmoid",
    "mish",
    "sigmoid",
    "silu",
    "softsign",
    "sparse_sigmoid",
    "swish",
]


@float_op
def sigmoid(x: Any) -> Any:
    """Logistic function: 1 / (1 + e**-x).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> sigmoid([0.0]).tolist()
    [0.5]
    """
    return _core.activation(x, "sigmoid")


@float_op
def softsign(x: Any) -> Any:
    """x / (1 + |x|).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> softsign([-1.0, 1.0]).tolist()
    [-0.5, 0.5]
    """
    return _core.activation(x, "softsign")


@float_op
def silu(x: Any) -> Any:
    """Sigmoid linear unit: x * sigmoid(x). Also called swish.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> silu([0.0]).tolist()
    [0.0]
    """
    return _core.activation(x, "silu")


swish = silu


@float_op
def mish(x: Any) -> Any:
    """x * tanh(softplus(x)).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    Source: Misra, 2019.

    >>> mish([0.0]).tolist()
    [0.0]
    """
    return _core.activation(x, "mish")


@float_op
def hard_sigmoid(x: Any) -> Any:
    """Piecewise linear sigmoid: clip(x / 6 + 0.5, 0, 1).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> hard_sigmoid([-3.0, 0.0, 3.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return _core.activation(x, "hard_sigmoid")


@float_op
def hard_silu(x: Any) -> Any:
    """x * clip(x / 6 + 0.5, 0, 1). Also called hard_swish.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> hard_silu([-3.0, 3.0]).tolist()
    [-0.0, 3.0]
    """
    return _core.activation(x, "hard_silu")


hard_swish = hard_silu


@float_op
def hard_tanh(x: Any) -> Any:
    """Piecewise linear hyperbolic tangent: clip(x, -1, 1).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> hard_tanh([-2.0, 0.5]).tolist()
    [-1.0, 0.5]
    """
    return _core.activation(x, "hard_tanh")


@float_op
def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)) = -softplus(-x), stable for large |x|.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> log_sigmoid([0.0]).numpy().round(4)
    array([-0.6931], dtype=float32)
    """
    return _core.activation(x, "log_sigmoid")


@float_op
def exponential(x: Any) -> Any:
    """e**x, as an activation.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> exponential([0.0]).tolist()
    [1.0]
    """
    return _core.activation(x, "exponential")


@float_op
def sparse_sigmoid(x: Any) -> Any:
    """Piecewise linear sigmoid: clip((x + 1) / 2, 0, 1).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> sparse_sigmoid([-1.0, 0.0, 1.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return _core.activation(x, "sparse_sigmoid")


@float_op
def gelu(x: Any, approximate: bool = True) -> Any:
    """Gaussian error linear unit: x * Phi(x), with Phi the normal distribution function.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.
        approximate: True (the default): Phi by tanh; False: Phi by erf, the
            default of `activations.gelu`.

    Returns:
        Tensor of x's shape.

    Source: Hendrycks and Gimpel, 2016.

    >>> gelu([0.0, 1.0], approximate=False).numpy().round(4)
    array([0.    , 0.8413], dtype=float32)
    """
    return _core.activation(x, "gelu_tanh" if approximate else "gelu")

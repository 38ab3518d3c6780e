"""Smooth and saturating activation functions of each element: sigmoid, tanh, gelu and their relatives."""

from __future__ import annotations

from typing import Any

from netlet import _core

from .dispatch import float_op


@float_op
def sigmoid(x: Any) -> Any:
    """1 / (1 + e**-x)."""
    return _core.activation(x, "sigmoid")


@float_op
def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    return _core.activation(x, "tanh")


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
def sparse_sigmoid(x: Any) -> Any:
    """clip((x + 1) / 2, 0, 1)."""
    return _core.activation(x, "sparse_sigmoid")


@float_op
def gelu(x: Any, approximate: bool = True) -> Any:
    """x * Phi(x), Phi the normal distribution function (Hendrycks and Gimpel, 2016), or its tanh approximation."""
    return _core.activation(x, "gelu_tanh" if approximate else "gelu")

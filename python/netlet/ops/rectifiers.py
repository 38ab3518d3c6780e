"""Rectified and shrinking activation functions: relu, elu, softplus and their relatives."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core

from .dispatch import float_op


@float_op
def relu(x: Any) -> Any:
    """max(x, 0).

    >>> import numpy as np
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
def softplus(x: Any) -> Any:
    """log(1 + e**x), stable for large |x|."""
    return _core.activation(x, "softplus")


@float_op
def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x**2 + b)) / 2 (Barron, 2021)."""
    return _core.activation(x, "squareplus", float(b))


@float_op
def sparse_plus(x: Any) -> Any:
    """0 up to -1, (x + 1)**2 / 4 up to 1, x above."""
    return _core.activation(x, "sparse_plus")


@float_op
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x above the threshold, else default_value."""
    return _core.activation(x, "threshold", float(threshold), float(default_value))


@float_op
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved towards 0 by the threshold, 0 inside it."""
    return _core.activation(x, "soft_shrink", float(threshold))


@float_op
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x outside of [-threshold, threshold], 0 inside."""
    return _core.activation(x, "hard_shrink", float(threshold))


@float_op
def tanh_shrink(x: Any) -> Any:
    """x - tanh(x)."""
    return _core.activation(x, "tanh_shrink")

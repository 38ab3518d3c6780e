"""The product of a dense layer."""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import op

__all__ = ["dense"]


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

    >>> import numpy as np
    >>> dense(np.ones((1, 2)), np.ones((2, 3)), np.zeros(3), "relu").numpy()
    array([[2., 2., 2.]])
    """
    return _core.dense(x, kernel, bias, activation, alpha)

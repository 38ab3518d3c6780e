"""A result of the native module and its gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet import _core


def leaves(*arrays: np.ndarray) -> list[Any]:
    """Tensors of the arrays, whose gradients can be asked for."""
    tensors = [_core.tensor(a) for a in arrays]
    for t in tensors:
        t.requires_grad = True
    return tensors


def value_and_gradients(
    f: Callable[..., Any], arrays: Sequence[np.ndarray], dy: Any
) -> tuple[np.ndarray, list[np.ndarray]]:
    """f of the arrays, and its gradients. dy: the gradient of the result, or a function of the result's shape."""
    tensors = leaves(*arrays)
    with _core.Tape(grad=True) as tape:
        y = f(*tensors)
        grads = tape.gradients(y, tensors, dy(y.shape) if callable(dy) else dy)
    return y.numpy(), [g.numpy() for g in grads]

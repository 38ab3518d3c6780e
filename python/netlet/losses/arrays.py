"""Bringing targets, predictions and weights to shapes and types that fit each other, by Keras's rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, config
from netlet.ops.dispatch import concrete


def as_tensor(x: Any, dtype: str | None = None) -> _core.Tensor:
    """x as a Tensor, cast where its dtype is another; arrays are borrowed where possible."""
    tensor = x if isinstance(x, _core.Tensor) else _core.as_tensor(concrete(x))
    return tensor if dtype is None or tensor.dtype == dtype else _core.cast(tensor, dtype)


def floating(x: Any) -> Any:
    """x as it is if it holds floats (float16 and long double become the nearest of ours), else cast to floatx."""
    x = concrete(x)
    if str(x.dtype) in config.FLOATS:
        return x
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return x.astype("float64" if x.dtype.itemsize > 4 else "float32")
    return _core.cast(x, config.floatx())


def match_ranks(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Where the ranks differ by one and the extra axis has extent 1: that axis is dropped, or given to a vector.

    (N, 1) with (N,) become (N, 1) and (N, 1); (N, T, 1) with (N, T) become (N, T) and (N, T).
    """
    x1, x2 = concrete(x1), concrete(x2)
    if len(x1.shape) == len(x2.shape) + 1:
        x1, x2 = _match(x1, x2)
    elif len(x2.shape) == len(x1.shape) + 1:
        x2, x1 = _match(x2, x1)
    return x1, x2


def _match(longer: Any, shorter: Any) -> tuple[Any, Any]:
    if longer.shape[-1] != 1:
        return longer, shorter
    if len(shorter.shape) == 1:
        return longer, _core.reshape(shorter, (*shorter.shape, 1))
    return _core.reshape(longer, tuple(longer.shape[:-1])), shorter


def common_shape(name: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both broadcast to one shape; ValueError where that is impossible."""
    a, b = tuple(y_true.shape), tuple(y_pred.shape)
    if a == b:
        return y_true, y_pred
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        raise ValueError(f"{name}: y_true has shape {a} and y_pred {b}; they do not fit each other.") from None
    y_true = y_true if a == shape else _core.broadcast_to(y_true, shape)
    return y_true, y_pred if b == shape else _core.broadcast_to(y_pred, shape)


def is_leading(weights: tuple[int, ...], values: tuple[int, ...]) -> bool:
    """Whether weights have the first axes of values, possibly followed by axes of 1: what the kernels take."""
    rank = len(weights)
    while rank and weights[rank - 1] == 1:
        rank -= 1
    return weights[:rank] == values[:rank]

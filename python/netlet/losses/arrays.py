"""Matching the shapes and dtypes of targets, predictions and weights, by Keras's rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, config
from netlet.ops.core.dispatch import concrete


def as_tensor(x: Any, dtype: str | None = None) -> _core.Tensor:
    """Returns x as a Tensor of `dtype` (None: its own). The Tensor uses an array's memory if possible."""
    tensor = x if isinstance(x, _core.Tensor) else _core.as_tensor(concrete(x))
    return tensor if dtype is None or tensor.dtype == dtype else _core.cast(tensor, dtype)


def floating(x: Any) -> Any:
    """Returns x if its dtype is one of ours; other floats as float32 or float64; anything else cast to floatx."""
    x = concrete(x)
    if str(x.dtype) in config.FLOATS:
        return x
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return x.astype("float64" if x.dtype.itemsize > 4 else "float32")
    return _core.cast(x, config.floatx())


def match_ranks(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Matches ranks that differ by one if the last axis of the longer shape has size 1.

    A vector gets that axis; otherwise the axis is dropped: (N, 1) with (N,) become (N, 1) and (N, 1); (N, T, 1) with
    (N, T) become (N, T) and (N, T).
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
    """Broadcasts both to one shape. Raises ValueError, with `name`, if that is impossible."""
    a, b = tuple(y_true.shape), tuple(y_pred.shape)
    if a == b:
        return y_true, y_pred
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        raise ValueError(f"{name}: expected y_true and y_pred that broadcast, received shapes {a} and {b}.") from None
    y_true = y_true if a == shape else _core.broadcast_to(y_true, shape)
    return y_true, y_pred if b == shape else _core.broadcast_to(y_pred, shape)


def is_leading(weights: tuple[int, ...], values: tuple[int, ...]) -> bool:
    """Whether a weight's shape is the first axes of the values' shape, possibly followed by axes of size 1.

    Kernels accept only such weights.
    """
    rank = len(weights)
    while rank and weights[rank - 1] == 1:
        rank -= 1
    return weights[:rank] == values[:rank]

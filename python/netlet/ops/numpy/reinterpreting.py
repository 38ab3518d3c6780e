"""The bytes of an array read as another dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import numpy_dtype, standardize_dtype
from netlet.engine.needs_values import NeedsValues

from ..core.dispatch import concrete, nearest_dtype, op

__all__ = ["view"]


@op
def view(x: Any, dtype: Any = None) -> Any:
    """x's bytes read as another dtype. No gradient flows to another dtype.

    Args:
        x: array or Tensor. An array of a dtype that netlet lacks is cast to one that it has first.
        dtype: name of the dtype; None (the default): x's.

    Returns:
        Tensor of x's shape, except that the size of the last axis changes with the size of an element.

    Raises:
        ValueError: the last axis does not hold a whole number of elements of the new dtype.
        NeedsValues: another dtype inside a recorded step.

    >>> view(np.array([1.0], "float32"), "int32").tolist()
    [1065353216]
    """
    old, new = nearest_dtype(x), standardize_dtype(dtype or nearest_dtype(x))
    if old == new:
        return _core.identity(x)
    given = concrete(x)
    if isinstance(given, _core.Tensor) and given.recorded:
        raise NeedsValues("ops.view", f"{old} read as {new} needs bytes")
    values = np.ascontiguousarray(_core.as_tensor(given).numpy())
    if values.ndim == 0 and values.itemsize != numpy_dtype(new).itemsize:
        raise ValueError(f"ops.view: a 0-d array of {old} has another number of bytes than one of {new}.")
    values = values.reshape(given.shape)
    try:
        return _core.tensor(values.view(numpy_dtype(new)))
    except ValueError:
        raise ValueError(
            f"ops.view: expected a last axis that holds whole elements of {new}, received {old} of shape {given.shape}."
        ) from None

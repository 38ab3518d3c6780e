"""Arrays of other libraries as NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core


def as_ndarray(x: Any) -> np.ndarray:
    """`np.asarray` that reads DLPack first: bfloat16 and objects without `__array__` too.

    Args:
        x: array, array of another library, or anything else that NumPy converts.

    Returns:
        The array; it shares x's memory where it can.

    Raises:
        TypeError: an array of another library that holds no numbers, or that it does not share.

    >>> as_ndarray([1, 2]).shape
    (2,)
    """
    if hasattr(x, "__dlpack__") and not isinstance(x, np.ndarray):
        return _core.as_tensor(x).numpy()
    return np.asarray(x)

"""dtypes of ops that NumPy computes on the host, in float32 or float64."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import floatx, is_float

from .dispatch import concrete, dtype_of


def floats(*arguments: Any) -> tuple[list[Any], str]:
    """The arguments as Tensors of one dtype, float32 or float64, and the dtype of the results.

    Integers count as floatx. Halves are computed in float32.

    Args:
        arguments: arrays, Tensors, Variables, numbers.

    Returns:
        (list of Tensors, dtype).

    >>> import numpy as np
    >>> floats(np.eye(2), np.eye(2, dtype="float32"))[1]
    'float64'
    """
    tensors = [_core.as_tensor(concrete(x)) for x in arguments]
    dtypes = [t.dtype if is_float(t.dtype) else floatx() for t in tensors]
    result = dtypes[0] if len(set(dtypes)) == 1 else "float64" if "float64" in dtypes else "float32"
    used = result if result in ("float32", "float64") else "float32"
    return [t if t.dtype == used else _core.cast(t, used) for t in tensors], result


def returned(y: Any, dtype: str) -> Any:
    """y in the dtype of the results; see `floats`."""
    return y if dtype_of(y) == dtype else _core.cast(y, dtype)

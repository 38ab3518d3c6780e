"""dtypes of ops that NumPy computes on the host, in float32 or float64."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.base.promotion import result_type
from netlet.config import floatx, is_float

from .dispatch import concrete
from .properties import cast_if_needed


def floats(*arguments: Any) -> tuple[list[Any], str]:
    """The arguments as Tensors of one dtype, float32 or float64, and the dtype of the results.

    Integers count as floatx. Halves are computed in float32.

    Args:
        arguments: arrays, Tensors, Variables, numbers.

    Returns:
        (list of Tensors, dtype). `cast_if_needed` brings a result to the dtype.

    >>> import numpy as np
    >>> floats(np.eye(2), np.eye(2, dtype="float32"))[1]
    'float64'
    """
    tensors = [_core.as_tensor(concrete(x)) for x in arguments]
    dtypes = [t.dtype if is_float(t.dtype) else floatx() for t in tensors]
    result = result_type(*dtypes)
    used = result if result in ("float32", "float64") else "float32"
    return [cast_if_needed(t, used) for t in tensors], result

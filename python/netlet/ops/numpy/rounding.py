"""Sign, rounding and limiting of each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import is_float

from ..core.dispatch import as_float, concrete, nearest_dtype, op

__all__ = ["ceil", "clip", "floor", "round", "sign", "trunc"]


@op
def sign(x: Any) -> Any:
    """-1, 0 or 1 by the sign of each element; no gradient flows.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor of x's shape.

    >>> sign([-2.0, 0.0, 3.0]).tolist()
    [-1.0, 0.0, 1.0]
    """
    return _core.sign(x)


@op
def floor(x: Any) -> Any:
    """The largest integer <= x, element by element; no gradient flows.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx, as in Keras.

    Returns:
        Tensor of x's shape, of floats.

    >>> floor([-1.5, 1.5]).tolist()
    [-2.0, 1.0]
    """
    return _core.floor(as_float(x))


@op
def ceil(x: Any) -> Any:
    """The smallest integer >= x, element by element; no gradient flows.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx, as in Keras.

    Returns:
        Tensor of x's shape, of floats.

    >>> ceil([-1.5, 1.5]).tolist()
    [-1.0, 2.0]
    """
    return _core.ceil(as_float(x))


@op
def round(x: Any, decimals: int = 0) -> Any:
    """Each element rounded to a number of decimals, halves to even, as in NumPy.

    Args:
        x: array or Tensor of any shape.
        decimals: decimal places; 0 by default. Below 0: powers of ten left of the decimal point.

    Returns:
        Tensor of x's shape.

    >>> round([0.5, 1.5, 2.4]).tolist()
    [0.0, 2.0, 2.0]
    """
    if decimals == 0:
        return _core.round(x)
    dtype = nearest_dtype(x)
    if not is_float(dtype):
        if decimals > 0:
            return _core.identity(x)
        scale = 10.0**-decimals
        tens = _core.multiply(_core.round(_core.divide(_core.cast(concrete(x), "float64"), scale)), scale)
        return _core.cast(tens, dtype)
    scale = 10.0**decimals
    return _core.divide(_core.round(_core.multiply(x, scale)), scale)


@op
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Each element limited to [x_min, x_max].

    Args:
        x: array or Tensor of any shape. Integers are cast to floatx if a limit is a float, as in Keras.
        x_min: lower limit, a number or an array that broadcasts with x; None: no limit.
        x_max: upper limit, a number or an array that broadcasts with x; None: no limit.

    Returns:
        Tensor of x's shape.

    >>> clip([-1.0, 0.5, 2.0], 0.0, 1.0).tolist()
    [0.0, 0.5, 1.0]
    """
    if not all(v is None or isinstance(v, (int, float, np.number)) for v in (x_min, x_max)):
        x = x if x_min is None else _core.maximum(x, x_min)
        return _core.identity(x) if x_max is None else _core.minimum(x, x_max)
    if isinstance(x_min, (float, np.floating)) or isinstance(x_max, (float, np.floating)):
        x = as_float(x)
    return _core.clip(x, None if x_min is None else float(x_min), None if x_max is None else float(x_max))


@op
def trunc(x: Any) -> Any:
    """Each element without its decimals: rounded towards 0; no gradient flows.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor of x's shape and dtype.

    >>> trunc([-1.7, 1.7]).tolist()
    [-1.0, 1.0]
    """
    return _core.trunc(x)

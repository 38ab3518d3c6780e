"""Sign, rounding and limiting of each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float

from .dispatch import concrete, nearest_dtype, op


@op
def sign(x: Any) -> Any:
    """-1, 0 or 1; no gradient flows."""
    return _core.sign(x)


@op
def floor(x: Any) -> Any:
    """The largest integer that is not above x."""
    return _core.floor(x)


@op
def ceil(x: Any) -> Any:
    """The smallest integer that is not below x."""
    return _core.ceil(x)


@op
def round(x: Any, decimals: int = 0) -> Any:
    """Half to even, as NumPy does."""
    if decimals == 0:
        return _core.round(x)
    scale = 10.0**decimals
    return _core.divide(_core.round(_core.multiply(x, scale)), scale)


@op
def clip(x: Any, x_min: float | None, x_max: float | None) -> Any:
    """x limited to [x_min, x_max]; None is no limit. Integers between floats become floatx, as in Keras.

    >>> clip(np.array([-1.0, 0.5, 2.0]), 0.0, 1.0).numpy()
    array([0. , 0.5, 1. ])
    """
    if isinstance(x_min, (float, np.floating)) or isinstance(x_max, (float, np.floating)):
        x = x if is_float(nearest_dtype(x)) else _core.cast(concrete(x), floatx())
    return _core.clip(x, None if x_min is None else float(x_min), None if x_max is None else float(x_max))

"""Pooling over images (N, spatial ..., C) of one to three spatial axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from ..config import floatx, is_float
from .data_format import back, channels_last
from .dispatch import concrete, dtype_of, op, shape_from, shape_of


def _sizes(given: Any, axes: int, name: str) -> tuple[int, ...]:
    """One entry for each spatial axis."""
    return shape_from(given, name) * (axes if isinstance(given, (int, np.integer)) else 1)


def _pool(kernel: Any, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: str | None) -> Any:
    name = kernel.__name__
    if padding not in ("valid", "same"):
        raise ValueError(f'ops.{name}: `padding` is "valid" or "same"; given {padding!r}.')
    x = inputs if is_float(dtype_of(inputs)) else _core.cast(concrete(inputs), floatx())
    axes = max(len(shape_of(x)) - 2, 0)
    window = _sizes(pool_size, axes, f"ops.{name}: pool_size")
    steps = window if strides is None else _sizes(strides, axes, f"ops.{name}: strides")
    return back(kernel(channels_last(x, data_format), window, steps, padding == "same"), data_format)


@op
def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Any:
    """The largest value of each window, by channels.

    The gradient flows to the first of equal values; a NaN in a window is its result.

    Args:
        inputs: (N, spatial ..., C), with 1 to 3 spatial axes; (N, C, spatial ...) if data_format="channels_first".
        pool_size: extent of the windows: an integer, or one for each spatial axis.
        strides: from one window to the next; None: pool_size, so that they touch.
        padding: "valid": windows inside the image only, floor((n - pool_size) / stride) + 1 of them; "same":
            ceil(n / stride) of them, the image in their middle (where the rest is odd, one cell
            less before it than after, as in TensorFlow), and what lies outside is no maximum.
        data_format: "channels_last" (None) or "channels_first".

    Raises:
        ValueError: the image is smaller than a window (and padding is "valid"), or a size is not positive.

    >>> max_pool(np.arange(16.0).reshape(1, 4, 4, 1), 2)[0, ..., 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    return _pool(_core.max_pool, inputs, pool_size, strides, padding, data_format)


@op
def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Any:
    """The mean of each window, by channels. With padding="same" it is over what lies inside the image.

    Arguments and errors are those of `max_pool`.

    >>> average_pool(np.arange(16.0).reshape(1, 4, 4, 1), 2)[0, ..., 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    return _pool(_core.average_pool, inputs, pool_size, strides, padding, data_format)

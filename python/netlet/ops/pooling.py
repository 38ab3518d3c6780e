"""Pooling over images (N, spatial ..., C) of one to three spatial axes."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float

from .data_format import back, channels_last
from .dispatch import concrete, dtype_of, op, shape_of
from .resampling import means, windows
from .windows import Window, per_axis, standardize_padding


def _pool(kernel: Any, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: str | None) -> Any:
    name = f"ops.{kernel.__name__}"
    x = inputs if is_float(dtype_of(inputs)) else _core.cast(concrete(inputs), floatx())
    x = channels_last(x, data_format)
    extents = shape_of(x)[1:-1]
    size = per_axis(pool_size, len(extents), f"{name}: `pool_size`")
    steps = size if strides is None else per_axis(strides, len(extents), f"{name}: `strides`")
    window = Window(size, steps, (1,) * len(size), standardize_padding(padding, name))
    return back(kernel(x, size, steps, window.pads(extents)), data_format)


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

    >>> max_pool(np.arange(16.0).reshape(1, 4, 4, 1), 2)[0, ..., 0].numpy()
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

    >>> average_pool(np.arange(16.0).reshape(1, 4, 4, 1), 2)[0, ..., 0].numpy()
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    return _pool(_core.average_pool, inputs, pool_size, strides, padding, data_format)


def _adaptive(name: str, along: Any, inputs: Any, output_size: Any, data_format: str | None) -> Any:
    """`along(x, axis, extent)` over each spatial axis in turn."""
    x = inputs if is_float(dtype_of(inputs)) else _core.cast(concrete(inputs), floatx())
    x = channels_last(x, data_format)
    extents = shape_of(x)[1:-1]
    size = per_axis(output_size, len(extents), f"ops.{name}: `output_size`")
    for axis, m in enumerate(size, 1):
        if not 0 < m <= extents[axis - 1]:
            raise ValueError(f"ops.{name}: output_size={size} is larger than the image in {shape_of(x)}.")
        x = along(x, axis, m)
    return back(x, data_format)


@op
def adaptive_average_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    """Means over as many windows as `output_size` says: entry i of m is over floor(i n / m) .. ceil((i + 1) n / m) - 1.

    Args:
        inputs: (N, spatial ..., C), with 1 to 3 spatial axes; (N, C, spatial ...) if data_format="channels_first".
        output_size: extents of the result: an integer, or one for each spatial axis.

    Raises:
        ValueError: the image is smaller than the result.

    >>> adaptive_average_pool(np.array([1.0, 2.0, 6.0]).reshape(1, 3, 1), 2).ravel().numpy()
    array([1.5, 4. ])
    """

    def along(x: Any, axis: int, m: int) -> Any:
        return _core.resample(x, axis, *means(shape_of(x)[axis], m))

    return _adaptive("adaptive_average_pool", along, inputs, output_size, data_format)


@op
def adaptive_max_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    """The largest values of the windows of `adaptive_average_pool`; equal ones share the gradient.

    >>> adaptive_max_pool(np.array([1.0, 2.0, 6.0]).reshape(1, 3, 1), 2).ravel().numpy()
    array([2., 6.])
    """

    def along(x: Any, axis: int, m: int) -> Any:
        n = shape_of(x)[axis]
        if n % m == 0:  # windows that only touch
            window = [n // m if i == axis else 1 for i in range(1, len(shape_of(x)) - 1)]
            return _core.max_pool(x, window, window, [(0, 0)] * len(window))
        first, count = windows(n, m)
        longest = int(count.max())
        parts = [_core.take(x, first + np.minimum(t, count - 1), axis) for t in range(longest)]
        return functools.reduce(_core.maximum, parts)

    return _adaptive("adaptive_max_pool", along, inputs, output_size, data_format)

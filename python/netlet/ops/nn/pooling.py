"""Pooling over images (N, spatial..., C) with one to three spatial axes."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import as_float, op, shape_of
from ..spatial.data_format import back, channels_last
from ..spatial.resampling import means, windows
from ..spatial.windows import Window, per_axis, standardize_padding

__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool"]


def _pool(kernel: Any, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: str | None) -> Any:
    """`kernel` over the windows of channels-last inputs, in the argument's data format."""
    name = f"ops.{kernel.__name__}"
    x = as_float(inputs)
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
    """The maximum of each window, for each channel.

    The gradient flows to the first of equal values. A window with a NaN gives NaN.

    Args:
        inputs: (N, spatial..., C), or (N, C, spatial...) for channels first; 1 to 3 spatial axes.
        pool_size: window size: an integer, or one for each spatial axis.
        strides: distance between neighbouring windows: an integer, or one for each spatial axis; None (the default):
            pool_size.
        padding: "valid" (the default): windows inside the image only, floor((n - pool_size) / stride) + 1 of them.
            "same": ceil(n / stride) windows; an odd padding is on the high side, as in TensorFlow, and is never the
            maximum.
        data_format: "channels_last" (None, the default) or "channels_first".

    Returns:
        Tensor (N, places..., C), or (N, C, places...) for channels first.

    Raises:
        ValueError: the image is smaller than a window with "valid" padding, or a size is not positive.

    >>> max_pool(np.arange(16.0).reshape(1, 4, 4, 1), 2)[0, ..., 0].numpy()
    array([[ 5.,  7.],
           [13., 15.]])
    """
    return _pool(_core.max_pool, inputs, pool_size, strides, padding, data_format)


@op
def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Any:
    """The mean of each window, for each channel. With padding="same" the mean is over elements inside the image only.

    Args:
        inputs: (N, spatial..., C), or (N, C, spatial...) for channels first; 1 to 3 spatial axes.
        pool_size: window size: an integer, or one for each spatial axis.
        strides: distance between neighbouring windows: an integer, or one for each spatial axis; None (the default):
            pool_size.
        padding: "valid" (the default) or "same", as for `max_pool`.
        data_format: "channels_last" (None, the default) or "channels_first".

    Returns:
        Tensor (N, places..., C), or (N, C, places...) for channels first.

    Raises:
        ValueError: the image is smaller than a window with "valid" padding, or a size is not positive.

    >>> average_pool(np.arange(16.0).reshape(1, 4, 4, 1), 2)[0, ..., 0].numpy()
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    return _pool(_core.average_pool, inputs, pool_size, strides, padding, data_format)


def _adaptive(name: str, along: Any, inputs: Any, output_size: Any, data_format: str | None) -> Any:
    """`along(x, axis, size)` applied to one spatial axis after the other."""
    x = as_float(inputs)
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
    """Means over a given number of windows.

    Along an axis of n, window i of m covers the entries from floor(i n / m) to ceil((i + 1) n / m) - 1.

    Args:
        inputs: (N, spatial..., C), or (N, C, spatial...) for channels first; 1 to 3 spatial axes.
        output_size: size of the result: an integer, or one for each spatial axis.
        data_format: "channels_last" (None, the default) or "channels_first".

    Returns:
        Tensor (N, output_size..., C), or (N, C, output_size...) for channels first.

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
    """Maxima over a given number of windows, those of `adaptive_average_pool`. Equal maxima share the gradient.

    Args:
        inputs: (N, spatial..., C), or (N, C, spatial...) for channels first; 1 to 3 spatial axes.
        output_size: size of the result: an integer, or one for each spatial axis.
        data_format: "channels_last" (None, the default) or "channels_first".

    Returns:
        Tensor (N, output_size..., C), or (N, C, output_size...) for channels first.

    Raises:
        ValueError: the image is smaller than the result.

    >>> adaptive_max_pool(np.array([1.0, 2.0, 6.0]).reshape(1, 3, 1), 2).ravel().numpy()
    array([2., 6.])
    """

    def along(x: Any, axis: int, m: int) -> Any:
        n = shape_of(x)[axis]
        if n % m == 0:  # windows that do not overlap
            window = [n // m if i == axis else 1 for i in range(1, len(shape_of(x)) - 1)]
            return _core.max_pool(x, window, window, [(0, 0)] * len(window))
        first, count = windows(n, m)
        longest = int(count.max())
        parts = [_core.take(x, first + np.minimum(t, count - 1), axis) for t in range(longest)]
        return functools.reduce(_core.maximum, parts)

    return _adaptive("adaptive_max_pool", along, inputs, output_size, data_format)

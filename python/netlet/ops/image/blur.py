"""Gaussian blur."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float

from ..core.dispatch import concrete, nearest_dtype, op
from ..nn.convolution import depthwise_conv
from ..spatial.data_format import back, channels_last
from ..spatial.windows import per_axis
from .affine import batched

__all__ = ["gaussian_blur"]

_LARGE = 25  # taps; larger kernels are applied as a row and a column


@op
def gaussian_blur(
    images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: str | None = None
) -> Any:
    """Images blurred by a normalized Gaussian kernel, with zeros outside of the image.

    Args:
        images: (N, H, W, C) or (H, W, C); the results for integers are rounded.
        kernel_size: (columns, rows) of the kernel (the order of Keras's function); (3, 3) by default.
        sigma: standard deviations along (columns, rows), in pixels; numbers or a Tensor (2,); (1, 1) by default.
        data_format: "channels_last" (None, the default) or "channels_first".

    Returns:
        Tensor of the images' shape and dtype. There are gradients for images and sigma.

    Raises:
        ValueError: shapes that do not fit.

    >>> gaussian_blur(np.array([[0.0, 1.0, 0.0]])[..., None])[..., 0].numpy().round(3)
    array([[0.124, 0.204, 0.124]])
    """
    name = "ops.image.gaussian_blur"
    dtype = nearest_dtype(images)
    x, single = batched(concrete(images), name)
    x = channels_last(x if is_float(dtype) else _core.cast(x, floatx()), data_format)
    x = _core.as_tensor(x)
    columns, rows = per_axis(kernel_size, 2, f"{name}: `kernel_size`")
    sigma = sigma if hasattr(sigma, "shape") else np.asarray(sigma, "float64")
    if tuple(sigma.shape) != (2,):
        raise ValueError(f"{name}: expected `sigma` to be two numbers, received shape {tuple(sigma.shape)}.")
    across, down = _core.split(_core.cast(sigma, x.dtype), [1], 0)
    row = _core.reshape(_gaussian(columns, across), (1, columns, 1, 1))
    column = _core.reshape(_gaussian(rows, down), (rows, 1, 1, 1))
    kernels = [_core.multiply(column, row)] if rows * columns <= _LARGE else [row, column]
    for kernel in kernels:
        x = depthwise_conv(x, _core.tile(kernel, (1, 1, x.shape[3], 1)), 1, "same")
    if not is_float(dtype):
        x = _core.cast(_core.round(x), dtype)
    y = back(x, data_format)
    return _core.reshape(y, y.shape[1:]) if single else y


def _gaussian(size: int, sigma: Any) -> Any:
    """exp(-x²/2σ²) at `size` places around 0, divided by their sum."""
    places = np.arange(size, dtype="float64") - (size - 1) / 2
    ratio = _core.divide(_core.cast(places, sigma.dtype), sigma)
    values = _core.exp(_core.multiply(_core.square(ratio), -0.5))
    return _core.divide(values, _core.sum(values))

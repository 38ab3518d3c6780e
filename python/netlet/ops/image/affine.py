"""Affine and projective transforms of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float

from ..core.dispatch import nearest_dtype, op, shape_of
from ..spatial.data_format import back, channels_last

__all__ = ["affine_transform"]


@op
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Images under an affine or projective map of their coordinates, with gradients for the images.

    Pixel (x, y) of the output is the input's at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1.

    Args:
        images: (N, H, W, C) or (H, W, C); the results for integers are rounded.
        transform: (N, 8) or (8,): a0, a1, a2, b0, b1, b2, c0, c1; one row for all images, or one for each.
        interpolation: "nearest" or "bilinear" (the default).
        fill_mode: how pixels outside the image are computed: "constant" (the default), "nearest", "wrap", "mirror" or
            "reflect".
        fill_value: value outside the image for "constant"; 0 by default.
        data_format: "channels_last" (None, the default) or "channels_first" (N, C, H, W).

    Returns:
        Tensor of the images' shape and dtype.

    Raises:
        ValueError: shapes that do not fit, or an unknown mode.

    >>> image = np.array([[1.0, 2.0, 3.0]])[..., None]
    >>> affine_transform(image, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0])[..., 0].numpy()  # one pixel to the left
    array([[2., 3., 0.]])
    """
    dtype = nearest_dtype(images)
    x, single = batched(images, "ops.image.affine_transform")
    x = channels_last(x, data_format)
    matrix = transform if hasattr(transform, "shape") else np.asarray(transform, "float32")
    if len(shape_of(matrix)) == 1:
        matrix = _core.reshape(matrix, (1, *shape_of(matrix)))
    x = x if is_float(dtype) else _core.cast(x, floatx())
    y = _core.affine_transform(x, matrix, interpolation, fill_mode, float(fill_value))
    y = back(rounded(y, dtype), data_format)
    return _core.reshape(y, shape_of(images)) if single else y


def rounded(y: Any, dtype: str) -> Any:
    """Results in the images' dtype, halves rounded away from 0 for integers.

    Args:
        y: results, of a float type.
        dtype: the images' dtype.

    Returns:
        Tensor.

    >>> rounded(np.array([1.5, -2.5]), "int32").numpy()
    array([ 2, -3], dtype=int32)
    """
    if is_float(dtype):
        return y
    return _core.cast(_core.add(y, _core.multiply(_core.sign(y), 0.5)), dtype)  # the cast truncates


def batched(images: Any, name: str) -> tuple[Any, bool]:
    """Images with a batch axis, and whether it was added.

    Args:
        images: (N, H, W, C) or (H, W, C).
        name: name of the op, for the message.

    Returns:
        (images (N, H, W, C), bool).

    Raises:
        ValueError: another rank.

    >>> batched(np.zeros((2, 2, 1)), "ops.image.affine_transform")[1]
    True
    """
    shape = shape_of(images)
    if len(shape) not in (3, 4):
        raise ValueError(f"{name}: expected one image (H, W, C) or a batch (N, H, W, C), received shape {shape}.")
    return (_core.reshape(images, (1, *shape)), True) if len(shape) == 3 else (images, False)

"""Images seen through a map of their coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float

from .data_format import back, channels_last
from .dispatch import nearest_dtype, op, shape_of


@op
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Images seen through an affine or projective map of their coordinates. Differentiable in the images.

    The output's pixel (x, y) is the input's at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1.

    Args:
        images: (N, H, W, C) or (H, W, C); integers are rounded back to their type.
        transform: (N, 8) or (8,): a0, a1, a2, b0, b1, b2, c0, c1; one row serves all images.
        interpolation: "nearest" or "bilinear".
        fill_mode: what stands outside of the image: "constant", "nearest", "wrap", "mirror" or "reflect".
        fill_value: of "constant".
        data_format: "channels_last", or "channels_first" for (N, C, H, W).

    Raises:
        ValueError: shapes that do not fit, an unknown mode.

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
    if is_float(dtype):
        y = _core.affine_transform(x, matrix, interpolation, fill_mode, float(fill_value))
    else:
        y = _core.affine_transform(_core.cast(x, floatx()), matrix, interpolation, fill_mode, float(fill_value))
        y = _core.cast(_core.add(y, _core.multiply(_core.sign(y), 0.5)), dtype)  # to nearest: the cast truncates
    y = back(y, data_format)
    return _core.reshape(y, shape_of(images)) if single else y


def batched(images: Any, name: str) -> tuple[Any, bool]:
    """Images with a batch axis, and whether it had to be added.

    Raises:
        ValueError: neither three nor four axes.
    """
    shape = shape_of(images)
    if len(shape) not in (3, 4):
        raise ValueError(f"{name}: expected one image (H, W, C) or a batch of them (N, H, W, C); given shape {shape}.")
    return (_core.reshape(images, (1, *shape)), True) if len(shape) == 3 else (images, False)

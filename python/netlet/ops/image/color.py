"""Colour spaces: grayscale, RGB and HSV."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float, numpy_dtype

from ..core.dispatch import concrete, nearest_dtype, op, shape_of
from ..spatial.data_format import standardize

__all__ = ["hsv_to_rgb", "rgb_to_grayscale", "rgb_to_hsv"]

LUMINANCE = (0.2989, 0.5870, 0.1140)


@op
def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """Luminance of RGB images: 0.2989 red + 0.587 green + 0.114 blue.

    Args:
        images: (N, H, W, 3) or (H, W, 3); images with one channel are returned as they are.
        data_format: "channels_last" (None, the default) or "channels_first".

    Returns:
        Tensor (N, H, W, 1) or (H, W, 1) of the images' dtype; integers are truncated, as in Keras.

    Raises:
        ValueError: not an image or batch of images with 1 or 3 channels.

    >>> rgb_to_grayscale(np.array([[[1.0, 0.5, 0.0]]])).numpy().round(4)
    array([[[0.5924]]])
    """
    axis = _channel_axis(images, data_format, "ops.image.rgb_to_grayscale", (1, 3))
    x = concrete(images)
    if shape_of(x)[axis] == 1:
        return _core.as_tensor(x)
    dtype = nearest_dtype(x)
    x = x if is_float(dtype) else _core.cast(x, floatx())
    red, green, blue = _core.split(x, [1, 2], axis)
    y = _core.multiply(red, LUMINANCE[0])
    y = _core.add(_core.add(y, _core.multiply(green, LUMINANCE[1])), _core.multiply(blue, LUMINANCE[2]))
    return y if is_float(dtype) else _core.cast(y, dtype)


@op
def rgb_to_hsv(images: Any, data_format: str | None = None) -> Any:
    """RGB images as hue, saturation and value.

    value = max(r, g, b); saturation = (max - min) / max; hue in [0, 1), where red is 0, green 1/3 and blue 2/3.

    Args:
        images: (N, H, W, 3) or (H, W, 3), floats, usually in [0, 1].
        data_format: "channels_last" (None, the default) or "channels_first".

    Returns:
        Tensor of the images' shape and dtype.

    Raises:
        ValueError: integers; not an image or batch of images with 3 channels.

    >>> rgb_to_hsv(np.array([[[0.0, 0.5, 0.25]]])).numpy().round(3)
    array([[[0.417, 1.   , 0.5  ]]])
    """
    axis = _channel_axis(images, data_format, "ops.image.rgb_to_hsv", (3,))
    x = _floats(images, "ops.image.rgb_to_hsv")
    epsilon = _epsilon(x.dtype)
    x = _core.where(_core.less(_core.abs(x), epsilon), 0.0, x)
    red, green, blue = _core.split(x, [1, 2], axis)
    value = _core.maximum(_core.maximum(red, green), blue)
    width = _core.subtract(value, _core.minimum(_core.minimum(red, green), blue))
    positive, coloured = _core.greater(value, 0.0), _core.greater(width, 0.0)
    saturation = _core.where(positive, _core.divide(width, _core.where(positive, value, 1.0)), 0.0)
    sixth = _core.multiply(_core.reciprocal(_core.where(coloured, width, 1.0)), 1 / 6)
    from_green = _core.add(_core.multiply(sixth, _core.subtract(blue, red)), 2 / 6)
    from_blue = _core.add(_core.multiply(sixth, _core.subtract(red, green)), 4 / 6)
    hue = _core.where(_core.equal(value, green), from_green, from_blue)
    hue = _core.where(_core.equal(value, red), _core.multiply(sixth, _core.subtract(green, blue)), hue)
    hue = _core.add(_core.where(coloured, hue, 0.0), _core.cast(_core.less(hue, 0.0), hue.dtype))
    return _core.concatenate([hue, saturation, value], axis)


@op
def hsv_to_rgb(images: Any, data_format: str | None = None) -> Any:
    """Images of hue, saturation and value as RGB: the inverse of `rgb_to_hsv`.

    Args:
        images: (N, H, W, 3) or (H, W, 3), floats; the hue has period 1.
        data_format: "channels_last" (None, the default) or "channels_first".

    Returns:
        Tensor of the images' shape and dtype.

    Raises:
        ValueError: integers; not an image or batch of images with 3 channels.

    >>> hsv_to_rgb(np.array([[[0.5, 1.0, 0.5]]])).numpy()
    array([[[0. , 0.5, 0.5]]])
    """
    axis = _channel_axis(images, data_format, "ops.image.hsv_to_rgb", (3,))
    hue, saturation, value = _core.split(_floats(images, "ops.image.hsv_to_rgb"), [1, 2], axis)
    angle = _core.multiply(_core.subtract(hue, _core.floor(hue)), 6.0)
    # value * (1 - saturation * (1 - d)) with d in [0, 1], the part of the colour at this hue
    chroma = _core.multiply(value, saturation)
    rest = _core.subtract(value, chroma)
    red = _core.subtract(_core.abs(_core.subtract(angle, 3.0)), 1.0)
    green = _core.subtract(2.0, _core.abs(_core.subtract(angle, 2.0)))
    blue = _core.subtract(2.0, _core.abs(_core.subtract(angle, 4.0)))
    parts = [_core.add(rest, _core.multiply(chroma, _core.clip(d, 0.0, 1.0))) for d in (red, green, blue)]
    return _core.concatenate(parts, axis)


def _channel_axis(images: Any, data_format: str | None, name: str, channels: tuple[int, ...]) -> int:
    shape = shape_of(images)
    axis = -1 if standardize(data_format) == "channels_last" else -3
    if len(shape) not in (3, 4) or shape[axis] not in channels:
        wanted = " or ".join(map(str, channels))
        raise ValueError(f"{name}: expected one image or a batch of images with {wanted} channels, received {shape}.")
    return axis + len(shape)


def _floats(images: Any, name: str) -> Any:
    if not is_float(nearest_dtype(images)):
        raise ValueError(f"{name}: expected floats, received {nearest_dtype(images)}.")
    return _core.as_tensor(concrete(images))


def _epsilon(dtype: str) -> float:
    return 2.0**-7 if dtype == "bfloat16" else float(np.finfo(numpy_dtype(dtype)).eps)

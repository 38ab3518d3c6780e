"""Resizing, cropping, padding and upsampling of images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float

from ..core.dispatch import concrete, dtype_of, nearest_dtype, op, shape_of
from ..spatial import resampling
from ..spatial.data_format import back, channels_last
from ..spatial.windows import per_axis

__all__ = ["resize"]


def standardize_interpolation(interpolation: Any, name: str) -> str:
    """The name of an interpolation in lower case.

    Args:
        interpolation: the name, in any case.
        name: name of the op or layer, for the message.

    Returns:
        str.

    Raises:
        ValueError: an unknown name.

    >>> standardize_interpolation("Bilinear", "ops.image.resize")
    'bilinear'
    """
    if not isinstance(interpolation, str) or interpolation.lower() not in resampling.INTERPOLATIONS:
        known = ", ".join(map(repr, resampling.INTERPOLATIONS))
        raise ValueError(f"{name}: expected `interpolation` to be one of {known}, received {interpolation!r}.")
    return interpolation.lower()


@op
def resize(
    images: Any,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Any:
    """Images resized to another height and width, with gradients.

    Pixels are areas: row i of m is at (i + 1/2) n / m - 1/2 of the n old ones.

    Args:
        images: (N, H, W, C) or (H, W, C); the results for integers are rounded and limited to their range.
        size: (height, width) of the result in pixels.
        interpolation: "nearest", "bilinear" (the default), "bicubic" (Keys, a = -1/2), "lanczos3" or "lanczos5".
        antialias: whether every pixel counts when an image shrinks (the filter gets wider), not only those next to a
            sample; False by default.
        crop_to_aspect_ratio: whether to cut the largest part of the new aspect ratio out of the middle first; False by
            default.
        pad_to_aspect_ratio: whether to pad to the new aspect ratio first; False by default.
        fill_mode: "constant", the default and the only mode.
        fill_value: value of the padding; 0.0 by default.
        data_format: "channels_last" (None, the default) or "channels_first" (N, C, H, W).

    Returns:
        Tensor of the new size and the images' dtype.

    Raises:
        ValueError: another rank, a size that is not positive, an unknown interpolation, or cropping and padding at
            once.

    Source: Keras 3, `keras.ops.image.resize`, on JAX.

    >>> resize(np.array([[0.0, 1.0]])[..., None], (1, 4))[0, :, 0].numpy()
    array([0.  , 0.25, 0.75, 1.  ])
    """
    name = "ops.image.resize"
    shape, dtype = shape_of(images), nearest_dtype(images)
    if len(shape) not in (3, 4):
        raise ValueError(f"{name}: expected images of rank 4 (a batch) or 3 (one image), received shape {shape}.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(f"{name}: expected at most one of `crop_to_aspect_ratio` and `pad_to_aspect_ratio`.")
    if fill_mode != "constant":
        raise ValueError(f'{name}: expected `fill_mode` "constant", received {fill_mode!r}.')
    if not isinstance(size, Iterable):
        raise ValueError(f"{name}: expected `size` to be (height, width), received {size!r}.")
    target = per_axis(tuple(size), 2, f"{name}: `size`")
    method = standardize_interpolation(interpolation, name)
    x = channels_last(concrete(images), data_format, batched=len(shape) == 4)
    extents = shape_of(x)[-3:-1]
    if 0 in extents:
        raise ValueError(f"{name}: expected images of at least one pixel, received shape {shape}.")
    if crop_to_aspect_ratio:
        x = cropped(x, target)
    elif pad_to_aspect_ratio:
        x = _padded(x, target, fill_value)
    y = _resampled(x, target, method, antialias, dtype)
    return back(y, data_format, batched=len(shape) == 4)


def _resampled(x: Any, target: tuple[int, ...], method: str, antialias: bool, dtype: str) -> Any:
    """Channels-last images resized to `target`, in `dtype`."""
    shape, whole = shape_of(x), not is_float(dtype)
    axes = [axis for axis, m in zip((-3, -2), target) if shape[axis] != m]
    axes.sort(key=lambda axis: target[axis + 3] / shape[axis])  # the axis that shrinks most first: less work
    exact = whole and method == "nearest"
    y = _core.cast(x, floatx()) if whole and not exact else x
    for axis in axes:
        bands = resampling.interpolation(shape[axis], target[axis + 3], method, bool(antialias))
        y = _core.take(y, bands[0], axis + len(shape)) if exact else _core.resample(y, axis, *bands)
    if whole and not exact:
        limits = np.iinfo(dtype) if dtype != "bool" else np.iinfo("int8")
        y = _core.cast(_core.minimum(_core.maximum(_core.round(y), float(limits.min)), float(limits.max)), dtype)
    return y if axes else _core.identity(y)


def centre(extent: int, part: int) -> int:
    """The start of the middle part of an axis.

    Args:
        extent: size of the axis.
        part: size of the part.

    Returns:
        int.

    >>> centre(10, 4)
    3
    """
    return (extent - part) // 2


def cropped(x: Any, target: tuple[int, ...]) -> Any:
    """The largest middle part of images that has the aspect ratio of `target`.

    Args:
        x: (..., H, W, C).
        target: (height, width).

    Returns:
        Tensor.

    >>> cropped(np.zeros((4, 8, 1)), (2, 2)).shape
    (4, 4, 1)
    """
    h, w = shape_of(x)[-3:-1]
    height, width = cropped_size((h, w), target)
    top, left = centre(h, height), centre(w, width)
    return _core.getitem(x, (..., slice(top, top + height), slice(left, left + width), slice(None)))


def cropped_size(size: tuple[int, int], target: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of the largest part of an image that has the aspect ratio of `target`.

    Args:
        size: (height, width) of the image.
        target: (height, width).

    Returns:
        (height, width).

    >>> cropped_size((4, 8), (2, 2))
    (4, 4)
    """
    h, w = size
    return max(min(h, int(float(w * target[0]) / target[1])), 1), max(min(w, int(float(h * target[1]) / target[0])), 1)


def _padded(x: Any, target: tuple[int, ...], value: float) -> Any:
    """Channels-last images padded to the aspect ratio of `target`."""
    shape = shape_of(x)
    h, w = shape[-3:-1]
    top = (max(h, int(float(w * target[0]) / target[1])) - h) // 2
    left = 0 if top else (max(w, int(float(h * target[1]) / target[0])) - w) // 2
    border = [0] * (len(shape) - 3) + [top, left, 0]
    return _core.pad(x, border, border, float(value))


def upsample(x: Any, size: tuple[int, ...]) -> Any:
    """Each pixel repeated along each spatial axis.

    Args:
        x: (N, spatial..., C).
        size: repetitions along each spatial axis.

    Returns:
        Tensor.

    >>> upsample(np.zeros((1, 2, 3, 1)), (2, 2)).shape
    (1, 4, 6, 1)
    """
    n, *extents, c = shape_of(x)
    if c < 16 and size[-1] > 1 and is_float(dtype_of(x)) and 0 not in (n, c, *extents):
        # Copying single pixels of a few bytes is slow: repeat along the last axis first, then copy whole rows.
        x = _core.resample(x, -2, *resampling.interpolation(extents[-1], extents[-1] * size[-1], "nearest"))
        extents[-1] *= size[-1]
        size = (*size[:-1], 1)
    apart = [n, *(d for extent in extents for d in (extent, 1)), c]
    blocks = [n, *(d for pair in zip(extents, size) for d in pair), c]
    y = _core.broadcast_to(_core.reshape(x, apart), blocks)
    return _core.reshape(y, [n, *(extent * f for extent, f in zip(extents, size)), c])

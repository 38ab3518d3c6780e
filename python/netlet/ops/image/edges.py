"""Sobel edges, and the structural similarity of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import is_float

from ..core.dispatch import nearest_dtype, op, shape_of
from ..spatial import resampling
from ..spatial.data_format import back, channels_last
from .affine import batched
from .coordinates import in_floats

__all__ = ["sobel_edges", "ssim"]


@op
def sobel_edges(images: Any, data_format: str | None = None) -> Any:
    """The slopes of images along y and x by Sobel's filters, with zeros outside the images.

    Args:
        images: (N, H, W, C).
        data_format: "channels_last" (None, the default) or "channels_first" (N, C, H, W).

    Returns:
        Tensor of the images' dtype and shape with one more axis: the slopes along y and along x, eight times too large.

    Raises:
        ValueError: another rank.

    >>> sobel_edges(np.array([[0.0, 1.0, 2.0]]).reshape(1, 1, 3, 1))[0, 0, 1, 0].numpy()
    array([0., 4.])
    """
    shape, dtype = shape_of(images), nearest_dtype(images)
    if len(shape) != 4:
        raise ValueError(f"ops.image.sobel_edges: expected images (N, H, W, C), received shape {shape}.")
    x = channels_last(in_floats(images, dtype), data_format)
    h, w = shape_of(x)[1:3]

    def along(y: Any, axis: int, taps: list[float]) -> Any:
        return _core.resample(y, axis, *_centred(h if axis == 1 else w, taps))

    slopes = [
        along(along(x, 2, [1.0, 2.0, 1.0]), 1, [-1.0, 0.0, 1.0]),
        along(along(x, 1, [1.0, 2.0, 1.0]), 2, [-1.0, 0.0, 1.0]),
    ]
    y = _core.stack([back(slope, data_format) for slope in slopes], -1)
    return y if is_float(dtype) else _core.cast(y, dtype)


def _centred(n: int, taps: list[float]) -> resampling.Bands:
    """The weights of n entries, each computed from three neighbours; those outside the axis count as 0."""
    first = np.clip(np.arange(n) - 1, 0, None).astype("int32")
    count = (np.minimum(np.arange(n) + 1, n - 1) - first + 1).astype("int32")
    weights = np.tile(np.asarray(taps), (n, 1))
    weights[:1] = [*taps[1:], 0.0]  # the first entry has no neighbour before it
    return first, count, weights


@op
def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Any:
    """The structural similarity of images, a mean over pixels and channels: 1 for equal images. Differentiable.

    With means m, variances v and covariance c of both images under a Gaussian window:
    (2 m1 m2 + (k1 max)^2) (2 c + (k2 max)^2) / ((m1^2 + m2^2 + (k1 max)^2) (v1 + v2 + (k2 max)^2)).

    Args:
        image1: (N, H, W, C) or (H, W, C).
        image2: of the same shape.
        max_val: the largest possible value; 1.0 by default.
        filter_size: rows and columns of the window; 11 by default. Only windows inside the images count.
        filter_sigma: standard deviation of the window in pixels; 1.5 by default.
        k1: 0.01 by default.
        k2: 0.03 by default.
        data_format: "channels_last" (None, the default) or "channels_first" (N, C, H, W).

    Returns:
        Tensor (N,), or a scalar for one image, of image1's dtype.

    Raises:
        ValueError: another rank, shapes that differ, or images smaller than the window.

    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity".

    >>> float(ssim(np.ones((12, 12, 1)), np.ones((12, 12, 1))))
    1.0
    """
    name, dtype = "ops.image.ssim", nearest_dtype(image1)
    if shape_of(image1) != shape_of(image2):
        raise ValueError(f"{name}: expected images of one shape, received {shape_of(image1)} and {shape_of(image2)}.")
    (x, single), (y, _) = (batched(in_floats(v, nearest_dtype(v)), name) for v in (image1, image2))
    x, y = channels_last(x, data_format), channels_last(y, data_format)
    _, h, w, c = shape_of(x)
    if filter_size < 1 or min(h, w) < filter_size:
        raise ValueError(f"{name}: expected images of at least {filter_size} rows and columns, received {h} and {w}.")
    # All five moments are smoothed as channels of one image.
    moments = _core.concatenate([x, y, _core.square(x), _core.square(y), _core.multiply(x, y)], 3)
    for axis, size in ((1, h), (2, w)):
        moments = _core.resample(moments, axis, *_window(size, filter_size, filter_sigma))
    m1, m2, s1, s2, s12 = _core.split(moments, [c, 2 * c, 3 * c, 4 * c], 3)
    squares, product = _core.add(_core.square(m1), _core.square(m2)), _core.multiply(m1, m2)
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    covariance = _core.subtract(s12, product)
    variances = _core.subtract(_core.add(s1, s2), squares)
    above = _core.multiply(_affine(product, 2.0, c1), _affine(covariance, 2.0, c2))
    below = _core.multiply(_affine(squares, 1.0, c1), _affine(variances, 1.0, c2))
    result = _core.mean(_core.divide(above, below), [1, 2, 3])
    result = result if is_float(dtype) else _core.cast(result, dtype)
    return _core.reshape(result, ()) if single else result


def _affine(x: Any, scale: float, shift: float) -> Any:
    return _core.add(x if scale == 1.0 else _core.multiply(x, scale), shift)


def _window(n: int, size: int, sigma: float) -> resampling.Bands:
    """The weights of a Gaussian window at each place inside an axis of n entries."""
    places = n - size + 1
    taps = np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * sigma**2))
    first = np.arange(places, dtype="int32")
    return first, np.full(places, size, "int32"), np.tile(taps / taps.sum(), (places, 1))

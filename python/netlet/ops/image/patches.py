"""Patches of images and volumes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import concrete, op, shape_of
from ..spatial.data_format import back, channels_last
from ..spatial.windows import per_axis, standardize_padding

__all__ = ["extract_patches", "extract_patches_3d"]


@op
def extract_patches(
    images: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """Patches of images, each as one vector of its pixels.

    Args:
        images: (N, H, W, C) or (H, W, C); with three sizes volumes, as for `extract_patches_3d`.
        size: height and width of a patch, an integer or a pair; three integers for volumes.
        strides: distance between patches; None (the default): `size`, so that patches do not overlap.
        dilation_rate: distance between the pixels of a patch; 1 by default.
        padding: "valid" (the default) or "same", which pads with zeros.
        data_format: "channels_last" (None, the default) or "channels_first": (N, C, H, W).

    Returns:
        Tensor (N, rows, columns, height * width * C) of the images' dtype, (N, height * width * C, rows, columns) for
        "channels_first".

    Raises:
        ValueError: another rank, or invalid sizes.

    >>> extract_patches(np.arange(8.0).reshape(2, 4, 1), 2)[0].numpy()
    array([[0., 1., 4., 5.],
           [2., 3., 6., 7.]])
    """
    name = "ops.image.extract_patches"
    whole = isinstance(size, (tuple, list))
    if whole and len(size) not in (2, 3):
        raise ValueError(f"{name}: expected `size` to be an integer or two or three integers, received {size!r}.")
    axes = len(size) if whole else 2
    return _patches(name, images, size, strides, dilation_rate, padding, data_format, axes)


@op
def extract_patches_3d(
    volumes: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """Patches of volumes, each as one vector of its values.

    Args:
        volumes: (N, D, H, W, C) or (D, H, W, C).
        size: depth, height and width of a patch, an integer or three.
        strides: distance between patches; None (the default): `size`, so that patches do not overlap.
        dilation_rate: distance between the values of a patch; 1 by default.
        padding: "valid" (the default) or "same", which pads with zeros.
        data_format: "channels_last" (None, the default) or "channels_first": (N, C, D, H, W).

    Returns:
        Tensor (N, places along D, H and W, depth * height * width * C) of the volumes' dtype.

    Raises:
        ValueError: another rank, or invalid sizes.

    >>> extract_patches_3d(np.zeros((2, 4, 6, 8, 3)), 2).shape
    (2, 2, 3, 4, 24)
    """
    name = "ops.image.extract_patches_3d"
    return _patches(name, volumes, size, strides, dilation_rate, padding, data_format, 3)


def _patches(
    name: str, images: Any, size: Any, strides: Any, dilation: Any, padding: str, data_format: str | None, axes: int
) -> Any:
    window = per_axis(size, axes, f"{name}: `size`")
    step = window if strides is None else per_axis(strides, axes, f"{name}: `strides`")
    apart = per_axis(dilation, axes, f"{name}: `dilation_rate`")
    same = standardize_padding(padding, name) == "same"
    shape = shape_of(images)
    if len(shape) not in (axes + 1, axes + 2):
        raise ValueError(f"{name}: expected rank {axes + 1} (one) or {axes + 2} (a batch), received shape {shape}.")
    single = len(shape) == axes + 1
    x = concrete(images)
    x = channels_last(_core.reshape(x, (1, *shape)) if single else x, data_format)
    n, *sizes, c = shape_of(x)
    spans = [(k - 1) * d + 1 for k, d in zip(window, apart)]
    if same:
        short = [max((math.ceil(m / s) - 1) * s + span - m, 0) for m, s, span in zip(sizes, step, spans)]
        x = _core.pad(x, [0, *(p // 2 for p in short), 0], [0, *(p - p // 2 for p in short), 0], 0.0)
        sizes = [m + p for m, p in zip(sizes, short)]
    places = [(m - span) // s + 1 if m >= span else 0 for m, s, span in zip(sizes, step, spans)]
    for axis, (m, k, s, d, count) in enumerate(zip(sizes, window, step, apart, places)):
        if s == k and d == 1:  # neighbouring patches: the axis is split
            if m > count * k:
                x = _core.getitem(x, (*[slice(None)] * (1 + axis), slice(0, count * k)))
        else:
            entries = np.arange(count)[:, None] * s + np.arange(k) * d
            x = _core.take(x, entries.ravel().astype("int32"), 1 + axis)
    x = _core.reshape(x, (n, *(v for pair in zip(places, window) for v in pair), c))
    order = [0, *range(1, 2 * axes, 2), *range(2, 2 * axes + 1, 2), 2 * axes + 1]
    y = _core.reshape(_core.transpose(x, order), (n, *places, math.prod(window) * c))
    y = back(y, data_format)
    return _core.reshape(y, shape_of(y)[1:]) if single else y

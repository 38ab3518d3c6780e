"""Cropping and padding of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import concrete, op, shape_of
from ..spatial.data_format import standardize

__all__ = ["crop_images", "pad_images"]


def _checked(name: str, before: Any, after: Any, target: Any, labels: tuple[str, str, str]) -> None:
    """Checks that two of the three numbers of an axis are given, and that they are integers of at least 0."""
    given = dict(zip(labels, (before, after, target)))
    if sum(v is None for v in given.values()) != 1:
        raise ValueError(f"{name}: expected exactly two of {', '.join(labels)}, received {given}.")
    for label, value in given.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0):
            raise ValueError(f"{name}: expected `{label}` to be an integer of at least 0, received {value!r}.")


def _axes(name: str, shape: tuple[int, ...], data_format: str | None) -> tuple[int, int]:
    """The axes of height and width, counted from 0."""
    if len(shape) not in (3, 4):
        raise ValueError(f"{name}: expected images of rank 4 (a batch) or 3 (one image), received shape {shape}.")
    last = standardize(data_format) == "channels_last"
    return (len(shape) - 3, len(shape) - 2) if last else (len(shape) - 2, len(shape) - 1)


def _third(whole: Any, *parts: Any) -> int:
    return int(whole) - sum(map(int, parts))


@op
def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Images padded with zeros. For each axis two numbers are given: before and after, or one of them and the new size.

    Args:
        images: (N, H, W, C) or (H, W, C).
        top_padding: rows of zeros above; None (the default): computed from the others.
        left_padding: columns of zeros to the left; None (the default): computed from the others.
        bottom_padding: rows of zeros below; None (the default): computed from the others.
        right_padding: columns of zeros to the right; None (the default): computed from the others.
        target_height: height of the result; None (the default): computed from the others.
        target_width: width of the result; None (the default): computed from the others.
        data_format: "channels_last" (None, the default) or "channels_first": (N, C, H, W).

    Returns:
        Tensor of the images' dtype.

    Raises:
        ValueError: not exactly two numbers for an axis, a negative one, or a target below the images' size.

    >>> pad_images(np.ones((1, 2, 1)), 1, 0, target_height=2, target_width=3)[..., 0].numpy()
    array([[0., 0., 0.],
           [1., 1., 0.]])
    """
    name, shape = "ops.image.pad_images", shape_of(images)
    axes = _axes(name, shape, data_format)
    _checked(name, top_padding, bottom_padding, target_height, ("top_padding", "bottom_padding", "target_height"))
    _checked(name, left_padding, right_padding, target_width, ("left_padding", "right_padding", "target_width"))
    before, after = [0] * len(shape), [0] * len(shape)
    for axis, low, high, target in (
        (axes[0], top_padding, bottom_padding, target_height),
        (axes[1], left_padding, right_padding, target_width),
    ):
        size = shape[axis]
        before[axis] = _third(target, size, high) if low is None else int(low)
        after[axis] = _third(target, size, low) if high is None else int(high)
        if before[axis] < 0 or after[axis] < 0:
            raise ValueError(f"{name}: expected a target of at least the images' size, {shape}, received {target}.")
    return _core.pad(concrete(images), before, after, 0.0)


@op
def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """A part of images. For each axis two numbers are given: cut before and after, or one of them and the new size.

    Args:
        images: (N, H, W, C) or (H, W, C).
        top_cropping: rows to cut above; None (the default): computed from the others.
        left_cropping: columns to cut at the left; None (the default): computed from the others.
        bottom_cropping: rows to cut below; None (the default): computed from the others.
        right_cropping: columns to cut at the right; None (the default): computed from the others.
        target_height: height of the result; None (the default): computed from the others.
        target_width: width of the result; None (the default): computed from the others.
        data_format: "channels_last" (None, the default) or "channels_first": (N, C, H, W).

    Returns:
        Tensor of the images' dtype.

    Raises:
        ValueError: not exactly two numbers for an axis, a negative one, or a part outside the images.

    >>> crop_images(np.arange(6.0).reshape(2, 3, 1), 1, 0, target_height=1, target_width=2)[..., 0].numpy()
    array([[3., 4.]])
    """
    name, shape = "ops.image.crop_images", shape_of(images)
    axes = _axes(name, shape, data_format)
    _checked(name, top_cropping, bottom_cropping, target_height, ("top_cropping", "bottom_cropping", "target_height"))
    _checked(name, left_cropping, right_cropping, target_width, ("left_cropping", "right_cropping", "target_width"))
    part = [slice(None)] * len(shape)
    for axis, low, high, target in (
        (axes[0], top_cropping, bottom_cropping, target_height),
        (axes[1], left_cropping, right_cropping, target_width),
    ):
        size = shape[axis]
        begin = _third(size, target, high) if low is None else int(low)
        end = begin + int(target) if target is not None else size - int(high or 0)
        if begin < 0 or end < begin or end > size:
            raise ValueError(f"{name}: expected a part inside the images, {shape}, received [{begin}, {end}).")
        part[axis] = slice(begin, end)
    return _core.getitem(concrete(images), tuple(part))

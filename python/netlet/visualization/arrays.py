"""Images as NumPy arrays with the channels last."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.ops.spatial.data_format import standardize


def channels_last(name: str, images: Any, data_format: str | None) -> np.ndarray:
    """A batch of images as an array (N, H, W, C).

    Args:
        name: name of the function, for the message.
        images: (N, H, W, C), or (N, C, H, W) for "channels_first".
        data_format: "channels_last", "channels_first", or None for channels last.

    Returns:
        ndarray, maybe a view.

    Raises:
        ValueError: another rank or data_format.

    >>> channels_last("plot_image_gallery", np.zeros((1, 3, 4, 5)), "channels_first").shape
    (1, 4, 5, 3)
    """
    array = np.asarray(images)
    if array.ndim != 4:
        raise ValueError(f"{name}: expected a batch of images of rank 4, received shape {array.shape}.")
    return array.transpose(0, 2, 3, 1) if standardize(data_format) == "channels_first" else array


def in_bytes_range(images: np.ndarray, value_range: Any) -> np.ndarray:
    """Images with `value_range` scaled to [0, 255], as float32; unchanged if that is their range.

    Args:
        images: array of any shape.
        value_range: (smallest, largest) value of the images.

    Returns:
        ndarray, maybe `images` itself.

    >>> in_bytes_range(np.array([-1.0, 1.0]), (-1, 1))
    array([  0., 255.], dtype=float32)
    """
    low, high = value_range
    if (low, high) == (0, 255):
        return images
    return (images.astype("float32") - low) * (255.0 / (high - low))


def back(images: np.ndarray, data_format: str | None) -> np.ndarray:
    """The inverse of `channels_last`.

    Args:
        images: (N, H, W, C).
        data_format: as for `channels_last`.

    Returns:
        ndarray.

    >>> back(np.zeros((1, 4, 5, 3)), "channels_first").shape
    (1, 3, 4, 5)
    """
    first = standardize(data_format) == "channels_first"
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)) if first else images

"""Segmentation masks drawn over images."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.ops.spatial.data_format import standardize

from .arrays import channels_last


def draw_segmentation_masks(
    images: Any,
    segmentation_masks: Any,
    num_classes: int | None = None,
    color_mapping: dict[int, Any] | None = None,
    alpha: float = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: str | None = None,
) -> np.ndarray:
    """Images with the classes of their pixels as colours over them.

    Args:
        images: (N, H, W, 3) in [0, 255].
        segmentation_masks: (N, H, W, 1) or (N, H, W): the class of each pixel, integers.
        num_classes: pixels of classes below this number are drawn; None (the default): all.
        color_mapping: {class: (red, green, blue)}, in [0, 255]; None (the default): a palette, black for class 0.
        alpha: opacity of the colours in [0, 1]; 0.8 by default.
        blend: whether colours are mixed with the images; True by default. If not, `alpha` and `ignore_index` have no
            meaning.
        ignore_index: class whose pixels are not drawn; -1 by default.
        data_format: "channels_last" (None, the default) or "channels_first": images (N, 3, H, W), masks (N, 1, H, W).

    Returns:
        Array (N, H, W, 3), uint8 if `blend`, else float32.

    Raises:
        ValueError: images of another rank, or masks of another shape.
        TypeError: masks that are no integers.

    >>> draw_segmentation_masks(np.full((1, 1, 2, 3), 100.0), np.array([[[0, 1]]]), alpha=0.5)[0, 0].tolist()
    [[50, 50, 50], [50, 113, 65]]
    """
    name = "draw_segmentation_masks"
    x = channels_last(name, images, data_format).astype("float32")
    masks = np.asarray(segmentation_masks)
    if masks.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected `segmentation_masks` of integers, received {masks.dtype}.")
    if masks.ndim == 4:
        masks = masks[:, 0] if standardize(data_format) == "channels_first" else masks[..., 0]
    if masks.shape != x.shape[:3]:
        raise ValueError(f"{name}: expected masks of shape {(*x.shape[:3], 1)}, received {segmentation_masks.shape}.")
    if num_classes is None:
        num_classes = int(masks.max(initial=-1)) + 1
    colors = _palette(num_classes) if color_mapping is None else color_mapping
    drawn = x.copy()
    for label in range(num_classes):
        if label in colors:
            drawn[masks == label] = np.asarray(colors[label], "float32")
    if not blend:
        return drawn
    mixed = x * np.float32(1 - alpha) + drawn * np.float32(alpha)
    return np.where((masks != ignore_index)[..., None], mixed, x).astype("uint8")


def _palette(count: int) -> dict[int, np.ndarray]:
    """Colours that differ from one class to the next; those of Keras."""
    steps = np.array([2**25 - 1, 2**15 - 1, 2**21 - 1])
    return {label: label * steps % 255 for label in range(count)}

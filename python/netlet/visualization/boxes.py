"""Bounding boxes drawn into images."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.base.extras import needs
from netlet.utils.bounding_boxes import convert_format

from .arrays import back, channels_last


def draw_bounding_boxes(
    images: Any,
    bounding_boxes: dict[str, Any],
    bounding_box_format: str,
    class_mapping: dict[int, str] | None = None,
    color: Any = (128, 128, 128),
    line_thickness: int = 2,
    text_thickness: int | None = 1,
    font_scale: float = 1.0,
    data_format: str | None = None,
) -> np.ndarray:
    """Images with bounding boxes, and the names of their classes, drawn into them.

    Args:
        images: (N, H, W, C): integers in [0, 255], or floats in [0, 255] or, if none is above 1, in [0, 1].
        bounding_boxes: {"boxes": (N, boxes, 4), "labels": (N, boxes)}, and maybe "confidences" (N, boxes). Boxes with
            label -1 are not drawn.
        bounding_box_format: see `netlet.utils.bounding_boxes`.
        class_mapping: {label: name}; a name is written at its box. Needs Pillow, which matplotlib installs. None by
            default.
        color: red, green and blue in [0, 255]; grey by default.
        line_thickness: pixels; 2 by default. Below 0, boxes are filled.
        text_thickness: pixels; 1 by default, None for `line_thickness`.
        font_scale: 1.0 by default: letters of about 22 pixels.
        data_format: "channels_last" (None, the default) or "channels_first" (N, C, H, W).

    Returns:
        uint8 array of the images' shape.

    Raises:
        ValueError: another rank, or boxes without "boxes" or "labels".
        TypeError: `bounding_boxes` is no dict.
        ImportError: names are to be written and Pillow is not installed.

    >>> boxes = {"boxes": np.array([[[1, 1, 3, 3]]]), "labels": np.array([[0]])}
    >>> draw_bounding_boxes(np.zeros((1, 5, 5, 1)), boxes, "xyxy", color=(9,), line_thickness=1)[0, ..., 0]
    array([[0, 0, 0, 0, 0],
           [0, 9, 9, 9, 0],
           [0, 9, 0, 9, 0],
           [0, 9, 9, 9, 0],
           [0, 0, 0, 0, 0]], dtype=uint8)
    """
    name = "draw_bounding_boxes"
    x = channels_last(name, images, data_format)
    if not isinstance(bounding_boxes, dict):
        raise TypeError(f"{name}: expected `bounding_boxes` to be a dict, received {type(bounding_boxes).__name__}.")
    if not {"boxes", "labels"} <= set(bounding_boxes):
        raise ValueError(f"{name}: expected a dict with 'boxes' and 'labels', received {sorted(bounding_boxes)}.")
    boxes = np.asarray(convert_format(bounding_boxes["boxes"], bounding_box_format, "xyxy", *x.shape[1:3]))
    labels = np.asarray(bounding_boxes["labels"]).astype("int64")
    confidences = bounding_boxes.get("confidences")
    paint = np.resize(np.asarray(color, "float64"), x.shape[3]).clip(0, 255).astype("uint8")
    result = _bytes(x)
    for i, image in enumerate(result):
        for j, (box, label) in enumerate(zip(boxes[i], labels[i], strict=True)):
            if label == -1:
                continue
            x1, y1, x2, y2 = (int(v) for v in np.nan_to_num(box).clip(-(2**30), 2**30))
            _rectangle(image, x1, y1, x2, y2, paint, line_thickness)
            if class_mapping and int(label) in class_mapping:
                text = class_mapping[int(label)]
                if confidences is not None:
                    text = f"{text} | {float(np.asarray(confidences)[i, j]):.2f}"
                _write(image, text, x1, y1, paint, font_scale, text_thickness or abs(line_thickness))
    return back(result, data_format)


def _bytes(x: np.ndarray) -> np.ndarray:
    """Images as a new uint8 array."""
    if x.dtype.kind == "f" and x.size:
        x = np.clip(x, 0, 1) * 255 if x.max() <= 1 else np.clip(x, 0, 255)
    return x.astype("uint8", order="C")


def _rectangle(image: np.ndarray, x1: int, y1: int, x2: int, y2: int, paint: np.ndarray, thickness: int) -> None:
    """Draws lines through the pixels (x1, y1) and (x2, y2), or fills the rectangle if thickness < 0."""

    def fill(left: int, top: int, right: int, bottom: int) -> None:
        image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = paint

    if thickness < 0:
        return fill(x1, y1, x2 + 1, y2 + 1)
    before, after = (thickness - 1) // 2, thickness // 2 + 1
    for y in (y1, y2):
        fill(x1 - before, y - before, x2 + after, y + after)
    for x in (x1, x2):
        fill(x - before, y1 - before, x + after, y2 + after)


def _write(image: np.ndarray, text: str, x: int, y: int, paint: np.ndarray, scale: float, thickness: int) -> None:
    """Writes above the corner (x, y) of a box, or inside the box if there is no room above."""
    needs("PIL", "plot", "the text of boxes in netlet.visualization")
    from PIL import Image, ImageDraw, ImageFont

    try:
        font = ImageFont.load_default(max(22.0 * scale, 1.0))
    except TypeError:  # before Pillow 10.1
        font = ImageFont.load_default()
    height = int(scale * 12)
    place = (x, y - 8) if y - 8 - 2 * height > 0 else (x + 3, y + 2 * height + thickness + 3)
    mask = Image.new("L", (image.shape[1], image.shape[0]))
    # A bitmap font has no baseline to place text by.
    anchor = "ls" if isinstance(font, ImageFont.FreeTypeFont) else None
    ImageDraw.Draw(mask).text(place, text, 255, font, anchor, stroke_width=max(thickness - 1, 0))
    share = np.asarray(mask)[..., None] / 255.0
    image[...] = np.round(image * (1 - share) + paint * share)

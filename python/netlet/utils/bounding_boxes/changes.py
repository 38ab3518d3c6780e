"""Bounding boxes of images that are clipped, cropped, padded or transformed."""

from __future__ import annotations

import math
from typing import Any

from netlet import ops

from .formats import columns, join


def _only_xyxy(name: str, bounding_box_format: str, *others: str) -> None:
    known = ("xyxy", *others)
    if bounding_box_format not in known:
        raise NotImplementedError(f"{name}: expected a format of {known}, received {bounding_box_format!r}.")


def clip_to_image_size(
    bounding_boxes: dict[str, Any], height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> dict[str, Any]:
    """Boxes clipped to the image. The labels of boxes without an area are -1.

    Args:
        bounding_boxes: {"boxes": (..., boxes, 4), "labels": (..., boxes) or (..., boxes, 1)}; labels may be
            missing.
        height: height of the image in pixels; needed for "xyxy"; default None.
        width: width of the image in pixels; needed for "xyxy"; default None.
        bounding_box_format: "xyxy" (the default) or "rel_xyxy".

    Returns:
        A new dict.

    Raises:
        NotImplementedError: another format.
        ValueError: height or width is missing.

    >>> boxes = {"boxes": ops.array([[-1.0, 0.0, 9.0, 2.0]]), "labels": ops.array([3])}
    >>> clip_to_image_size(boxes, 4, 5)["boxes"].numpy()
    array([[0., 0., 5., 2.]], dtype=float32)
    """
    name = "clip_to_image_size"
    _only_xyxy(name, bounding_box_format, "rel_xyxy")
    if bounding_box_format == "rel_xyxy":
        height = width = 1.0
    elif height is None or width is None:
        raise ValueError(f"{name}: expected `height` and `width` for boxes in 'xyxy'.")
    x1, y1, x2, y2 = columns(ops.convert_to_tensor(bounding_boxes["boxes"]))
    x1, x2 = (ops.clip(x, 0.0, width) for x in (x1, x2))
    y1, y2 = (ops.clip(y, 0.0, height) for y in (y1, y2))
    result = {**bounding_boxes, "boxes": join(x1, y1, x2, y2)}
    if bounding_boxes.get("labels") is not None:
        area = ops.multiply(ops.subtract(x2, x1), ops.subtract(y2, y1))  # (..., boxes, 1)
        labels = ops.convert_to_tensor(bounding_boxes["labels"])
        area = area if len(labels.shape) == len(area.shape) else ops.squeeze(area, -1)
        result["labels"] = ops.where(ops.greater(area, 0.0), labels, ops.cast(-1, labels.dtype))
    return result


def crop(boxes: Any, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Any:
    """Boxes of a part of an image, clipped to it.

    Args:
        boxes: (..., 4).
        top: the first row of the part.
        left: the first column of the part.
        height: height of the part.
        width: width of the part.
        bounding_box_format: "xyxy", the default and the only one.

    Returns:
        Tensor of the boxes' shape.

    Raises:
        NotImplementedError: another format.

    >>> crop(ops.array([[10.0, 20.0, 50.0, 60.0]]), top=10, left=20, height=40, width=30).numpy()
    array([[ 0., 10., 30., 40.]], dtype=float32)
    """
    _only_xyxy("crop", bounding_box_format)
    x1, y1, x2, y2 = columns(ops.convert_to_tensor(boxes))
    x1, x2 = (ops.clip(ops.subtract(x, left), 0, width) for x in (x1, x2))
    y1, y2 = (ops.clip(ops.subtract(y, top), 0, height) for y in (y1, y2))
    return join(x1, y1, x2, y2)


def pad(
    boxes: Any, top: Any, left: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """Boxes of an image that is padded.

    Args:
        boxes: (..., 4).
        top: number of rows above.
        left: number of columns to the left.
        height: accepted for compatibility with Keras.
        width: accepted for compatibility with Keras.
        bounding_box_format: "xyxy", the default and the only one.

    Returns:
        Tensor of the boxes' shape.

    Raises:
        NotImplementedError: another format.

    >>> pad(ops.array([[1.0, 2.0, 3.0, 4.0]]), top=10, left=20).numpy()
    array([[21., 12., 23., 14.]], dtype=float32)
    """
    _only_xyxy("pad", bounding_box_format)
    x1, y1, x2, y2 = columns(ops.convert_to_tensor(boxes))
    return join(ops.add(x1, left), ops.add(y1, top), ops.add(x2, left), ops.add(y2, top))


def affine_transform(
    boxes: Any,
    angle: Any,
    translate_x: Any,
    translate_y: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    height: Any,
    width: Any,
    center_x: float | None = None,
    center_y: float | None = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """The boxes around boxes that are rotated, scaled, sheared and translated.

    Args:
        boxes: (N, boxes, 4).
        angle: (N,): degrees, as the other arguments up to shear_y.
        translate_x: fraction of width - 1 by which boxes move to the left.
        translate_y: fraction of height - 1 by which boxes move up.
        scale: factor of the coordinates.
        shear_x: angle of the shear along x, in degrees.
        shear_y: angle of the shear along y, in degrees.
        height: height of the image.
        width: width of the image.
        center_x: the middle of the transform as a fraction of width - 1; 0.5 by default.
        center_y: the same along y; default None.
        bounding_box_format: "xyxy", the default and the only one.

    Returns:
        Tensor of the boxes' shape.

    Raises:
        NotImplementedError: another format.

    Source: Keras 3, `keras.utils.bounding_boxes.affine_transform`, with its signs.

    >>> box, zero = ops.array([[[0.0, 0.0, 1.0, 0.0]]]), ops.zeros(1)
    >>> affine_transform(box, ops.array([90.0]), zero, zero, ops.ones(1), zero, zero, 3, 3).numpy().round(3)
    array([[[0., 1., 0., 2.]]], dtype=float32)
    """
    _only_xyxy("affine_transform", bounding_box_format)
    cx = (0.5 if center_x is None else center_x) * (width - 1)
    cy = (0.5 if center_y is None else center_y) * (height - 1)
    turn, sx, sy = (ops.multiply(ops.convert_to_tensor(v), -math.pi / 180.0) for v in (angle, shear_x, shear_y))
    tx = ops.subtract(cx, ops.multiply(translate_x, width - 1))
    ty = ops.subtract(cy, ops.multiply(translate_y, height - 1))
    # The matrix of rotation and shear [[a, b], [c, d]] has determinant 1; this is its inverse, scaled.
    a = ops.divide(ops.cos(ops.subtract(turn, sy)), ops.cos(sy))
    c = ops.divide(ops.sin(ops.subtract(sy, turn)), ops.cos(sy))
    b = ops.add(ops.multiply(a, ops.tan(sx)), ops.sin(turn))
    d = ops.subtract(ops.cos(turn), ops.multiply(c, ops.tan(sx)))
    a0, a1, b0, b1 = (ops.multiply(v, scale) for v in (d, ops.negative(b), ops.negative(c), a))
    a2 = ops.subtract(cx, ops.add(ops.multiply(a0, tx), ops.multiply(a1, ty)))
    b2 = ops.subtract(cy, ops.add(ops.multiply(b0, tx), ops.multiply(b1, ty)))
    a0, a1, a2, b0, b1, b2 = (ops.reshape(v, (-1, 1, 1)) for v in (a0, a1, a2, b0, b1, b2))
    x1, y1, x2, y2 = columns(ops.cast(ops.convert_to_tensor(boxes), a0.dtype))
    x, y = join(x1, x2, x2, x1), join(y1, y1, y2, y2)  # the corners
    return around(
        ops.add(ops.add(ops.multiply(a0, x), ops.multiply(a1, y)), a2),
        ops.add(ops.add(ops.multiply(b0, x), ops.multiply(b1, y)), b2),
    )


def around(x: Any, y: Any) -> Any:
    """The boxes around corners, in "xyxy".

    Args:
        x: (..., corners).
        y: (..., corners).

    Returns:
        Tensor (..., 4).

    >>> around(ops.array([[0.0, 2.0, 1.0]]), ops.array([[5.0, 3.0, 4.0]])).numpy()
    array([[0., 3., 2., 5.]], dtype=float32)
    """
    low, high = ([f(v, axis=-1, keepdims=True) for v in (x, y)] for f in (ops.min, ops.max))
    return join(*low, *high)

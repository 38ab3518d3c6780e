"""The complete intersection over union."""

from __future__ import annotations

import math
from typing import Any

from netlet import ops
from netlet.config import epsilon

from .formats import columns, convert_format
from .overlap import intersection


def compute_ciou(boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Any = None) -> Any:
    """The complete intersection over union of pairs of boxes: less a distance of middles and of aspect ratios.

    Args:
        boxes1: (..., 4).
        boxes2: (..., 4), which broadcasts with boxes1.
        bounding_box_format: their format, not a relative one: see `netlet.utils.bounding_boxes`.
        image_shape: accepted for compatibility with Keras.

    Returns:
        Tensor (...).

    Raises:
        ValueError: a relative format.

    Source: Zheng et al. 2020, "Distance-IoU Loss"; epsilons as in Keras.

    >>> compute_ciou([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 2.0, 2.0]], "xyxy").numpy().round(3)
    array([1.], dtype=float32)
    """
    if "rel" in bounding_box_format:
        raise ValueError(f"compute_ciou: expected a format in pixels, received {bounding_box_format!r}.")
    first, second = (columns(convert_format(b, bounding_box_format, "xyxy")) for b in (boxes1, boxes2))
    eps = epsilon()
    sizes = [(ops.subtract(b[2], b[0]), ops.add(ops.subtract(b[3], b[1]), eps)) for b in (first, second)]

    def around(i: int) -> Any:
        return ops.subtract(ops.maximum(first[i + 2], second[i + 2]), ops.minimum(first[i], second[i]))

    def apart(i: int) -> Any:
        return ops.subtract(
            ops.multiply(ops.add(first[i], first[i + 2]), 0.5), ops.multiply(ops.add(second[i], second[i + 2]), 0.5)
        )

    shared = intersection(first, second)
    union = ops.subtract(ops.add(ops.multiply(*sizes[0]), ops.multiply(*sizes[1])), shared)
    iou = ops.divide(shared, ops.add(union, 2 * eps))
    diagonal = ops.add(ops.add(ops.square(around(0)), ops.square(around(1))), eps)
    distance = ops.add(ops.square(apart(0)), ops.square(apart(1)))
    slopes = [ops.arctan(ops.divide(w, h)) for w, h in sizes]
    aspect = ops.multiply(ops.square(ops.subtract(slopes[1], slopes[0])), 4 / math.pi**2)
    weight = ops.divide(aspect, ops.add(ops.subtract(aspect, iou), 1 + eps))
    loss = ops.add(ops.divide(distance, diagonal), ops.multiply(aspect, weight))
    return ops.squeeze(ops.subtract(iou, loss), -1)

"""Boxes as distances to anchors, which detectors learn."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.config import epsilon

from .formats import convert_format, join

_ENCODINGS = ("center_xywh", "center_yxhw")


def _checked(name: str, variance: Any, encoding: str, image_shape: Any) -> tuple[Any, dict[str, Any]]:
    """The variance as a Tensor, and height and width."""
    if variance is not None:
        variance = ops.convert_to_tensor(variance, "float32")
        if not variance.shape or variance.shape[-1] != 4:
            raise ValueError(f"{name}: expected `variance` to be four numbers, received shape {tuple(variance.shape)}.")
    if encoding not in _ENCODINGS:
        raise ValueError(f"{name}: expected an encoding of {_ENCODINGS}, received {encoding!r}.")
    height, width = (None, None) if image_shape is None else image_shape[:2]
    return variance, {"height": height, "width": width}


def encode_box_to_deltas(
    anchors: Any,
    boxes: Any,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Any:
    """The distances of boxes to anchors: of the middles in sizes of the anchor, and logarithms of the ratios of sizes.

    Args:
        anchors: (boxes, 4).
        boxes: (boxes, 4) or (N, boxes, 4).
        anchor_format: format of the anchors: see `netlet.utils.bounding_boxes`.
        box_format: format of the boxes.
        encoding_format: order of the result: "center_yxhw" (the default) or "center_xywh".
        variance: four numbers that divide the result; None by default.
        image_shape: (height, width, channels), needed for relative formats; default None.

    Returns:
        Tensor of the boxes' shape.

    Raises:
        ValueError: invalid formats, variance or image shape.

    Source: Ren et al. 2015, "Faster R-CNN", equation 2.

    >>> encode_box_to_deltas([[0.0, 0.0, 10.0, 10.0]], [[5.0, 0.0, 15.0, 10.0]], "xyxy", "xyxy").numpy()
    array([[0. , 0.5, 0. , 0. ]], dtype=float32)
    """
    variance, size = _checked("encode_box_to_deltas", variance, encoding_format, image_shape)
    anchors = convert_format(anchors, anchor_format, encoding_format, **size)
    boxes = convert_format(boxes, box_format, encoding_format, **size)
    extents = ops.maximum(anchors[..., 2:], epsilon())
    moved = ops.divide(ops.subtract(boxes[..., :2], anchors[..., :2]), extents)
    ratio = ops.log(ops.divide(ops.maximum(boxes[..., 2:], epsilon()), extents))
    deltas = join(moved, ratio)
    return deltas if variance is None else ops.divide(deltas, variance)


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Any:
    """The inverse of `encode_box_to_deltas`: boxes from their distances to anchors.

    Args:
        anchors: (boxes, 4), or a dict of them for several levels.
        boxes_delta: (boxes, 4) or (N, boxes, 4), or a dict with the same keys.
        anchor_format: format of the anchors: see `netlet.utils.bounding_boxes`.
        box_format: format of the result.
        encoded_format: order of the deltas: "center_yxhw" (the default) or "center_xywh".
        variance: four numbers that multiply the deltas; None by default.
        image_shape: (height, width, channels), needed for relative formats; default None.

    Returns:
        Tensor of the deltas' shape, or a dict.

    Raises:
        ValueError: invalid formats, variance or image shape.

    >>> decode_deltas_to_boxes([[0.0, 0.0, 10.0, 10.0]], [[0.0, 0.5, 0.0, 0.0]], "xyxy", "xyxy").numpy()
    array([[ 5.,  0., 15., 10.]], dtype=float32)
    """
    variance, size = _checked("decode_deltas_to_boxes", variance, encoded_format, image_shape)

    def decoded(anchors: Any, deltas: Any) -> Any:
        anchors = convert_format(anchors, anchor_format, encoded_format, **size)
        deltas = ops.convert_to_tensor(deltas)
        deltas = deltas if variance is None else ops.multiply(deltas, variance)
        middle = ops.add(ops.multiply(deltas[..., :2], anchors[..., 2:]), anchors[..., :2])
        extents = ops.multiply(ops.exp(deltas[..., 2:]), anchors[..., 2:])
        return convert_format(join(middle, extents), encoded_format, box_format, **size)

    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        return {level: decoded(anchors[level], boxes_delta[level]) for level in anchors}
    return decoded(anchors, boxes_delta)

"""How much boxes overlap: intersection over union."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.config import epsilon

from .formats import columns, convert_format


def compute_iou(
    boxes1: Any,
    boxes2: Any,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Any = None,
) -> Any:
    """The intersection over union of each box of one set with each box of another.

    Args:
        boxes1: (M, 4) or (N, M, 4).
        boxes2: (K, 4) or (N, K, 4).
        bounding_box_format: their format: see `netlet.utils.bounding_boxes`.
        use_masking: whether pairs with a box of negative numbers only get `mask_val`; False by default.
        mask_val: -1 by default.
        image_shape: (height, width, channels), needed for relative formats; default None.

    Returns:
        Tensor (M, K), or (N, M, K) if one of the sets has an axis N.

    Raises:
        ValueError: another rank, or a missing image shape.

    >>> compute_iou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0], [0.0, 0.0, 2.0, 2.0]], "xyxy").numpy().round(3)
    array([[0.333, 1.   ]], dtype=float32)
    """
    name = "compute_iou"
    size = _size(name, bounding_box_format, image_shape)
    sets = [convert_format(boxes, bounding_box_format, "xyxy", **size) for boxes in (boxes1, boxes2)]
    for boxes in sets:
        if len(boxes.shape) not in (2, 3):
            raise ValueError(f"{name}: expected boxes of rank 2 or 3, received shape {tuple(boxes.shape)}.")
    first, second = columns(sets[0]), [ops.swapaxes(c, -1, -2) for c in columns(sets[1])]
    shared = intersection(first, second)
    union = ops.subtract(ops.add(_area(first), _area(second)), shared)
    iou = ops.divide(shared, ops.add(union, epsilon()))
    if not use_masking:
        return iou
    outside = [ops.less(ops.max(boxes, axis=-1, keepdims=True), 0.0) for boxes in sets]
    masked = ops.logical_or(outside[0], ops.swapaxes(outside[1], -1, -2))
    return ops.where(masked, float(mask_val), iou)


def intersection(first: list[Any], second: list[Any]) -> Any:
    """The area that boxes share.

    Args:
        first: left, top, right, bottom: four Tensors.
        second: the same of the other boxes; they broadcast with the first.

    Returns:
        Tensor of the broadcast shape.

    >>> float(intersection(columns(ops.array([0.0, 0.0, 2.0, 2.0])), columns(ops.array([1.0, 0.0, 3.0, 2.0])))[0])
    2.0
    """
    sides = [
        ops.maximum(ops.subtract(ops.minimum(first[i + 2], second[i + 2]), ops.maximum(first[i], second[i])), 0.0)
        for i in (0, 1)
    ]
    return ops.multiply(*sides)


def _area(box: list[Any]) -> Any:
    x1, y1, x2, y2 = box
    return ops.multiply(ops.subtract(x2, x1), ops.subtract(y2, y1))


def _size(name: str, bounding_box_format: str, image_shape: Any) -> dict[str, Any]:
    if "rel" in bounding_box_format and image_shape is None:
        raise ValueError(f"{name}: expected `image_shape` for boxes in {bounding_box_format!r}.")
    height, width = (None, None) if image_shape is None else image_shape[:2]
    return {"height": height, "width": width}

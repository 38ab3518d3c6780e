"""Formats of bounding boxes."""

from __future__ import annotations

from typing import Any

from netlet import ops

FORMATS = (
    "xyxy",
    "yxyx",
    "xywh",
    "center_xywh",
    "center_yxhw",
    "rel_xyxy",
    "rel_yxyx",
    "rel_xywh",
    "rel_center_xywh",
)


def columns(boxes: Any) -> list[Any]:
    """The four numbers of each box.

    Args:
        boxes: (..., 4).

    Returns:
        Four arrays (..., 1).

    >>> [float(c[0, 0]) for c in columns(ops.array([[1.0, 2.0, 3.0, 4.0]]))]
    [1.0, 2.0, 3.0, 4.0]
    """
    return list(ops.split(boxes, 4, axis=-1))


def join(*parts: Any) -> Any:
    """The inverse of `columns`.

    Args:
        *parts: arrays (..., 1).

    Returns:
        Array (..., number of parts).

    >>> join(ops.ones((2, 1)), ops.zeros((2, 1))).shape
    (2, 2)
    """
    return ops.concatenate(list(parts), axis=-1)


def _to_xyxy(boxes: Any, layout: str) -> Any:
    if layout == "xyxy":
        return boxes
    a, b, c, d = columns(boxes)
    if layout == "yxyx":
        return join(b, a, d, c)
    if layout == "xywh":
        return join(a, b, ops.add(a, c), ops.add(b, d))
    x, y, w, h = (a, b, c, d) if layout == "center_xywh" else (b, a, d, c)
    w, h = ops.multiply(w, 0.5), ops.multiply(h, 0.5)
    return join(ops.subtract(x, w), ops.subtract(y, h), ops.add(x, w), ops.add(y, h))


def _from_xyxy(boxes: Any, layout: str) -> Any:
    if layout == "xyxy":
        return boxes
    x1, y1, x2, y2 = columns(boxes)
    if layout == "yxyx":
        return join(y1, x1, y2, x2)
    w, h = ops.subtract(x2, x1), ops.subtract(y2, y1)
    if layout == "xywh":
        return join(x1, y1, w, h)
    x, y = ops.add(x1, ops.multiply(w, 0.5)), ops.add(y1, ops.multiply(h, 0.5))
    return join(x, y, w, h) if layout == "center_xywh" else join(y, x, h, w)


def _scaled(boxes: Any, layout: str, scale: Any, width: Any, height: Any) -> Any:
    """Boxes with `scale` (multiply or divide) by the image's size; their layout says which numbers are along x."""
    sizes = [height, width] if layout in ("yxyx", "center_yxhw") else [width, height]
    return join(*(scale(column, sizes[i % 2]) for i, column in enumerate(columns(boxes))))


def convert_format(
    boxes: Any, source: str, target: str, height: Any = None, width: Any = None, dtype: str = "float32"
) -> Any:
    """Boxes in another format.

    Args:
        boxes: (..., 4), or a dict whose "boxes" are converted.
        source: the format of the boxes, in any case: see `netlet.utils.bounding_boxes`.
        target: the format of the result.
        height: height of the image in pixels; needed if one of the formats is relative; default None.
        width: width of the image in pixels; needed if one of the formats is relative; default None.
        dtype: dtype of the result; "float32" by default.

    Returns:
        Tensor of the boxes' shape, or a new dict.

    Raises:
        ValueError: an unknown format, another shape, or a missing height or width.

    >>> convert_format([[10.0, 20.0, 30.0, 60.0]], "xyxy", "center_xywh").numpy()
    array([[20., 40., 20., 40.]], dtype=float32)
    """
    name = "convert_format"
    if isinstance(boxes, dict):
        return {**boxes, "boxes": convert_format(boxes["boxes"], source, target, height, width, dtype)}
    source, target = source.lower(), target.lower()
    for given in (source, target):
        if given not in FORMATS:
            raise ValueError(f"{name}: expected a format of {', '.join(FORMATS)}, received {given!r}.")
    boxes = ops.cast(ops.convert_to_tensor(boxes), dtype)
    if not boxes.shape or boxes.shape[-1] != 4:
        raise ValueError(f"{name}: expected boxes (..., 4), received shape {tuple(boxes.shape)}.")
    relative = source.startswith("rel_"), target.startswith("rel_")
    if any(relative) and (height is None or width is None):
        raise ValueError(f"{name}: expected `height` and `width` for {source!r} to {target!r}.")
    if source == target:
        return boxes
    old, new = source.removeprefix("rel_"), target.removeprefix("rel_")
    if relative == (True, False):
        boxes = _scaled(boxes, old, ops.multiply, width, height)
    boxes = boxes if old == new else _from_xyxy(_to_xyxy(boxes, old), new)
    return _scaled(boxes, new, ops.divide, width, height) if relative == (False, True) else boxes

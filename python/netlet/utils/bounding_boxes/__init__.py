"""Bounding boxes: formats, clipping, cropping, padding, affine transforms, deltas to anchors, intersection over union.

Boxes are arrays (boxes, 4) or (N, boxes, 4); the format says what the four numbers are:

- "xyxy": left, top, right, bottom;
- "yxyx": top, left, bottom, right;
- "xywh": left, top, width, height;
- "center_xywh": x and y of the middle, width, height;
- "center_yxhw": y and x of the middle, height, width;
- "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh": the same as fractions of the image's width and height.
"""

from __future__ import annotations

from netlet.base.missing import explain_missing

from .changes import affine_transform, clip_to_image_size, crop, pad
from .complete_overlap import compute_ciou
from .deltas import decode_deltas_to_boxes, encode_box_to_deltas
from .formats import convert_format
from .overlap import compute_iou

__all__ = [
    "affine_transform",
    "clip_to_image_size",
    "compute_ciou",
    "compute_iou",
    "convert_format",
    "crop",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
    "pad",
]

explain_missing(__name__)

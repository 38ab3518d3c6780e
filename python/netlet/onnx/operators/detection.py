"""Boxes: NonMaxSuppression."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..node import Node
from .registry import operator
from .values import constant


def _corners(boxes: np.ndarray, by_centre: bool) -> np.ndarray:
    """Boxes as (low, low, high, high) from two corners in any order, or from a centre and a size."""
    if by_centre:
        centre, half = boxes[:, :2], boxes[:, 2:] / 2
        return np.concatenate([centre - half, centre + half], axis=1)
    return np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)


def _overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The area that a box shares with each of others, as a fraction of what both cover."""
    size = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None)
    shared = size.prod(axis=1)
    both = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - shared
    return np.divide(shared, both, out=np.zeros_like(shared), where=both > 0)


@operator("NonMaxSuppression")
def non_max_suppression(
    node: Node, boxes: Any, scores: Any, most: Any = None, overlap: Any = None, least: Any = None
) -> Any:
    """(image, class, box) of the boxes with the best scores that overlap no better one of their class too much.

    The number of rows depends on the values, so that boxes and scores must be known; the search runs in NumPy.
    """
    limit = 0 if most is None else int(constant(node, most, "max_output_boxes_per_class").item())
    shared = 0.0 if overlap is None else float(constant(node, overlap, "iou_threshold").item())
    lowest = -np.inf if least is None else float(constant(node, least, "score_threshold").item())
    corners = constant(node, boxes, "boxes").astype(np.float64)
    chosen: list[tuple[int, int, int]] = []
    for image, classes in enumerate(constant(node, scores, "scores")):
        of_image = _corners(corners[image], bool(node.attribute("center_point_box", 0)))
        for label, values in enumerate(classes):
            left = np.argsort(-values, kind="stable")
            left = left[values[left] > lowest]
            for _ in range(min(limit, len(left))):
                if not len(left):
                    break
                best, left = left[0], left[1:]
                chosen.append((image, label, int(best)))
                left = left[_overlap(of_image[best], of_image[left]) <= shared]
    return np.array(chosen, np.int64).reshape(-1, 3)

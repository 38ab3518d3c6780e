"""MaxRoiPool: the largest element of each cell of regions whose corners are rounded to whole elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .registry import operator
from .values import constant


def _ends(start: float, end: float, cells: int, size: int) -> list[tuple[int, int]]:
    """Where each cell of one axis begins and ends, inside the image."""
    first, last = half_away_from_zero(start), half_away_from_zero(end)
    length = max(last - first + 1, 1) / cells
    low = np.clip(np.floor(np.arange(cells) * length) + first, 0, size).astype(int)
    high = np.clip(np.ceil(np.arange(1, cells + 1) * length) + first, 0, size).astype(int)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def half_away_from_zero(x: float) -> int:
    """x rounded; a half away from 0, as C's `round` does.

    >>> half_away_from_zero(0.5), half_away_from_zero(-0.5)
    (1, -1)
    """
    return int(np.trunc(x + np.copysign(0.5, x)))


@operator("MaxRoiPool")
def max_roi_pool(node: Node, x: Any, regions: Any) -> Any:
    """(regions, channels, rows, columns) of known regions (image, x1, y1, x2, y2). A cell without elements is 0."""
    rows, columns = node.attribute("pooled_shape")
    node.check_steps(rows * columns)
    results = []
    scale = node.attribute("spatial_scale", 1.0)
    for image, x1, y1, x2, y2 in constant(node, regions, "rois").astype(np.float64).tolist():
        row_ends = _ends(y1 * scale, y2 * scale, rows, x.shape[2])
        column_ends = _ends(x1 * scale, x2 * scale, columns, x.shape[3])
        pixels = ops.getitem(x, int(image))
        cells = [
            ops.max(pixels[:, top:bottom, left:right], axis=(1, 2))
            if bottom > top and right > left
            else ops.zeros((x.shape[1],), dtype=str(x.dtype))
            for top, bottom in row_ends
            for left, right in column_ends
        ]
        results.append(ops.reshape(ops.stack(cells, axis=-1), (x.shape[1], rows, columns)))
    return ops.stack(results, axis=0)

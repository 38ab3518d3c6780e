"""Attention weights as heat maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import numbers
from .style import axes_grid, colour_bar, label_axes, plain, sequential_map

MOST_LABELS = 40


def attention(
    scores: ArrayLike, queries: Sequence[str] | None = None, keys: Sequence[str] | None = None, *, figure: Any = None
) -> Any:
    """Plots attention weights: a row is a query, a column is a key, and a dark cell is where the query looks.

    All heads have one colour scale, from 0 to the largest weight.

    Args:
        scores: attention weights of one sample, (heads, queries, keys) or (queries, keys), none below 0.
        queries: labels of the queries, such as words; default their positions.
        keys: labels of the keys; default those of the queries if there are as many, else their positions.
        figure: a matplotlib figure or subfigure to draw into; default a new one.

    Returns:
        The figure, with axes for each head and one for the scale.

    Raises:
        ValueError: scores of another rank, negative or not finite, or another number of labels.
        ImportError: matplotlib is not installed.

    Example:

    >>> figure = attention([[0.9, 0.1], [0.4, 0.6]], ["the", "cat"])
    >>> [text.get_text() for text in figure.axes[0].get_xticklabels()]
    ['the', 'cat']
    """
    weights = numbers("attention", "scores", scores)
    if weights.ndim == 2:
        weights = weights[None]
    if weights.ndim != 3 or not weights.size:
        raise ValueError(
            "attention: expected `scores` of one sample, (heads, queries, keys) or (queries, keys), received shape "
            f"{np.shape(scores)}."
        )
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise ValueError("attention: expected `scores` that are finite and not negative: weights after the softmax.")
    heads, rows, columns = weights.shape
    if keys is None and queries is not None and rows == columns:
        keys = queries
    for name, labels, count in (("queries", queries, rows), ("keys", keys, columns)):
        if labels is not None and len(labels) != count:
            raise ValueError(f"attention: expected {count} labels as `{name}`, received {len(labels)}.")
    side = 1.6 + 0.13 * min(max(rows, columns), MOST_LABELS)
    figure, grid = axes_grid(figure, heads, 4 if heads in (4, 7, 8) or heads > 9 else 3, (side, side))
    image = None
    for head, ax in enumerate(grid):
        image = ax.imshow(weights[head], cmap=sequential_map(), vmin=0, vmax=float(weights.max()) or 1.0)
        plain(ax, f"head {head + 1}" if heads > 1 else "Attention", 10)
        for axis, labels in ((ax.xaxis, keys), (ax.yaxis, queries)):
            if labels is not None:
                step = -(-len(labels) // MOST_LABELS)
                axis.set_ticks(range(0, len(labels), step), [str(label) for label in labels][::step], parse_math=False)
            else:
                axis.get_major_locator().set_params(integer=True)
        if keys is not None and any(len(str(key)) > 1 for key in keys):
            ax.tick_params(axis="x", labelrotation=90)
        label_axes(ax, "key", "query")
        for spine in ax.spines.values():
            spine.set_visible(False)
    colour_bar(figure, image, grid, "weight", shrink=0.7)
    return figure

"""A grid of images with their predicted labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .style import INK, MUTED, WRONG, pyplot


def sample_grid(
    images: ArrayLike, y_true: ArrayLike, y_pred: ArrayLike, rows: int = 3, columns: int = 10, figure: Any = None
) -> Any:
    """Plots the first rows * columns images with their predicted labels.

    Wrong predictions are red and followed by the true label.

    Args:
        images: (n, height, width) or (n, height, width, 1) in grey, any range; or (n, height, width, 3) in colour,
            floats in [0, 1] or integers in [0, 255].
        y_true: true labels, (n,).
        y_pred: predicted labels, (n,).
        rows: rows of the grid; default 3.
        columns: columns of the grid; default 10.
        figure: a matplotlib figure or subfigure to draw into; default a new one.

    Returns:
        The figure.

    Raises:
        ValueError: images of another rank, or different numbers of images and labels.
        ImportError: matplotlib is not installed.

    Example:

    >>> figure = sample_grid(np.zeros((4, 8, 8)), [1, 2, 3, 4], [1, 2, 3, 9], rows=1, columns=4)
    >>> figure.axes[3].get_title()
    '9 (is 4)'
    """
    x, t, p = np.asarray(images), np.asarray(y_true), np.asarray(y_pred)
    if x.ndim not in (3, 4) or not len(x) == len(t) == len(p):
        raise ValueError(
            f"sample_grid: expected images (n, height, width[, channels]) and n labels each, "
            f"received {x.shape}, {t.shape} and {p.shape}."
        )
    if x.ndim == 4 and x.shape[-1] == 1:
        x = x[..., 0]
    if figure is None:
        figure = pyplot().figure(figsize=(columns * 0.9, rows * 1.15), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for i, ax in enumerate(grid.flat):
        ax.set_xticks([])
        ax.set_yticks([])
        if i >= len(x):
            ax.set_visible(False)
            continue
        right = p[i] == t[i]
        ax.imshow(x[i], cmap="gray_r")
        ax.set_title(
            str(p[i]) if right else f"{p[i]} (is {t[i]})",
            fontsize=10,
            pad=3,
            color=INK if right else WRONG,
            fontweight="normal" if right else "bold",
        )
        for spine in ax.spines.values():
            spine.set_color(MUTED if right else WRONG)
            spine.set_linewidth(0.4 if right else 2.5)
    return figure

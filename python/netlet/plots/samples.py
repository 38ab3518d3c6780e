"""A grid of images with what the model took them for; the mistakes are marked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .style import INK, MUTED, WRONG, pyplot


def sample_grid(
    images: ArrayLike, y_true: ArrayLike, y_pred: ArrayLike, rows: int = 3, columns: int = 10, figure: Any = None
) -> Any:
    """Draws the first rows * columns images, each under its predicted label; a wrong one in red with the true label
    beside.

    Args:
        images: (n, height, width) or (n, height, width, 1 or 3), any range for grey, [0, 1] or [0, 255] for colours.
        y_true, y_pred: labels, shape (n,).
        figure: a matplotlib figure or subfigure to fill; a new one if None.

    Returns:
        The figure.

    Example:

    >>> figure = sample_grid(np.zeros((4, 8, 8)), [1, 2, 3, 4], [1, 2, 3, 9], rows=1, columns=4)
    >>> figure.axes[3].get_title()
    '9 (is 4)'
    """
    x, t, p = np.asarray(images), np.asarray(y_true), np.asarray(y_pred)
    if x.ndim not in (3, 4) or not len(x) == len(t) == len(p):
        raise ValueError(
            f"sample_grid: expected images (n, height, width[, channels]) and n labels each, "
            f"got {x.shape}, {t.shape} and {p.shape}."
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

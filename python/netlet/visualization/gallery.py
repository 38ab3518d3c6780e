"""Images in rows and columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet.plots.style import pyplot, save_figure

from .arrays import channels_last, in_bytes_range


def plot_image_gallery(
    images: Any,
    y_true: Any = None,
    y_pred: Any = None,
    label_map: dict[Any, str] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    value_range: Any = (0, 255),
    scale: float = 2,
    path: Any = None,
    show: bool | None = None,
    transparent: bool = True,
    dpi: float = 60,
    legend_handles: Any = None,
    data_format: str | None = None,
) -> Any:
    """Plots images in rows and columns, with their labels and predictions above them.

    Args:
        images: (N, H, W, C) with one, three or four channels.
        y_true: labels (N,); None by default.
        y_pred: predicted labels (N,); None by default.
        label_map: {label: name}, needed with labels; None by default.
        rows: number of rows; None (the default): so that rows and columns are about as many.
        cols: number of columns; None (the default): enough for all images.
        value_range: smallest and largest value of the images; (0, 255) by default.
        scale: width and height of one image in inches; 2 by default.
        path: file to save the figure to; None (the default): none.
        show: whether to show the figure; None (the default): if there is no path.
        transparent: whether the file's background is transparent; True by default.
        dpi: pixels per inch of the file; 60 by default.
        legend_handles: matplotlib artists for a legend below; None by default.
        data_format: "channels_last" (None, the default) or "channels_first" (N, C, H, W).

    Returns:
        The figure if it is neither saved nor shown, else None, and the figure is closed.

    Raises:
        ValueError: images of another rank, labels without `label_map`, or `path` with show=True.
        OSError: `path` cannot be written. An existing file is unchanged then.
        ImportError: matplotlib is not installed.

    >>> figure = plot_image_gallery(np.zeros((3, 8, 8, 3)), y_true=[0, 1, 0], label_map={0: "a", 1: "b"}, show=False)
    >>> [axes.get_title() for axes in figure.axes]
    ['Label: a', 'Label: b', 'Label: a', '']
    """
    name = "plot_image_gallery"
    if path is not None and show:
        raise ValueError(f"{name}: expected either `path` or show=True, received both.")
    if (y_true is not None or y_pred is not None) and label_map is None:
        raise ValueError(f"{name}: expected a `label_map` for `y_true` and `y_pred`.")
    x = _shown(channels_last(name, images, data_format), value_range)
    rows = rows or (math.ceil(len(x) / cols) if cols else math.ceil(math.sqrt(len(x)))) or 1
    cols = cols or math.ceil(len(x) / rows) or 1
    plt = pyplot("netlet.visualization")
    figure, grid = plt.subplots(
        rows, cols, figsize=(cols * scale, rows * scale), frameon=False, layout="tight", squeeze=False
    )
    if legend_handles is not None:
        figure.legend(handles=legend_handles, loc="lower center")
    titles = [
        (label, np.asarray(values).tolist())
        for label, values in (("Label", y_true), ("Pred", y_pred))
        if values is not None
    ]
    for i, axes in enumerate(grid.flat):
        axes.axis("off")
        axes.margins(x=0, y=0)
        if i >= len(x):
            continue
        axes.imshow(x[i], cmap="gray", vmin=0, vmax=255)
        parts = [f"{kind}: {(label_map or {}).get(v[i], 'Unknown')}" for kind, v in titles if i < len(v)]
        if parts:
            axes.set_title("  ".join(parts), fontsize=8)
    if path is not None:
        save_figure(figure, path, pad_inches=0, bbox_inches="tight", transparent=transparent, dpi=dpi)
    elif show or show is None:
        plt.show()
    else:
        return figure
    plt.close(figure)
    return None


def _shown(x: np.ndarray, value_range: Any) -> np.ndarray:
    """Images as bytes; grey ones without an axis of channels."""
    y = np.clip(in_bytes_range(x, value_range), 0, 255).astype("uint8")
    return y[..., 0] if y.shape[-1] == 1 else y

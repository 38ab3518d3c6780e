"""Colours and style of all plots, and the import of matplotlib."""

from __future__ import annotations

import io
import math
import os
from types import ModuleType
from typing import Any

from netlet.base.extras import needs
from netlet.saving.atomic import write_file
from netlet.utils.svg import GRID, INK, MUTED
from netlet.utils.svg import TRAINING as TRAINING
from netlet.utils.svg import VALIDATION as VALIDATION

WRONG = "#c62828"
# Tells curves and classes apart, also for readers who are colour-blind (Okabe and Ito, 2008, without yellow).
CYCLE = ["#2f6fb5", "#d9730d", "#1b9e77", "#b0488f", "#56b4e9", "#8a6d00", "#111827"]
DIVERGING = "RdBu_r"  # matplotlib's map for values around zero, safe for the colour-blind
MATRIX = ["#f7f9fc", "#c9dcf0", "#7fb0dc", "#2f6fb5", "#123f73"]


def pyplot(module: str = "netlet.plots") -> ModuleType:
    """Imports and returns matplotlib.pyplot. The ImportError names `module` and says how to install matplotlib."""
    return needs("matplotlib.pyplot", "plot", module)


def save_figure(figure: Any, path: Any, **options: Any) -> None:
    """Saves a figure as `figure.savefig` does, but a disk that is full leaves an existing file as it is."""
    if not isinstance(path, (str, os.PathLike)):
        figure.savefig(path, **options)
        return
    name = os.fspath(path)
    ending = os.path.splitext(name)[1][1:].lower()
    kind = ending or pyplot().rcParams["savefig.format"]
    picture = io.BytesIO()
    figure.savefig(picture, format=kind, **options)
    write_file(name if ending else f"{name}.{kind}", picture.getvalue())


def axes_or_new(ax: Any, size: tuple[float, float]) -> Any:
    """Returns `ax`, or the axes of a new figure of the given size in inches if it is None."""
    return ax if ax is not None else pyplot().subplots(figsize=size, layout="constrained")[1]


def plain(ax: Any, title: str, size: float = 12) -> None:
    """Sets the common style: the title at the left with letters of this size, no box, small grey ticks."""
    ax.set_title(title, loc="left", color=INK, fontsize=size, fontweight="bold")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(GRID)
    ax.tick_params(colors=MUTED, length=0, labelsize=9)


def figure_or_new(figure: Any, size: tuple[float, float]) -> Any:
    """Returns `figure`, or a new one of the given size in inches if it is None."""
    return figure if figure is not None else pyplot().figure(figsize=size, layout="constrained")


def axes_grid(figure: Any, count: int, columns: int, size: tuple[float, float]) -> tuple[Any, list[Any]]:
    """Divides a figure into a grid of axes.

    Args:
        figure: a matplotlib figure or subfigure, or None for a new figure.
        count: number of axes, at least 1.
        columns: the most columns.
        size: width and height of each of the axes in inches, for a new figure.

    Returns:
        (the figure, a list of `count` axes).
    """
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    figure = figure_or_new(figure, (size[0] * columns, size[1] * rows))
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in grid[count:]:
        ax.remove()
    return figure, grid[:count]


def picture_grid(
    figure: Any, count: int, columns: int, inches: float = 0.8, ratio: float = 1.0
) -> tuple[Any, list[Any]]:
    """As `axes_grid`, for small pictures of height `ratio` times their width, without ticks and borders."""
    new = figure is None
    figure, grid = axes_grid(figure, count, columns, (inches, inches * min(3.0, max(0.3, ratio))))
    if new:  # narrow gaps, and room for a title
        figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
        width, height = figure.get_size_inches()
        figure.set_size_inches(max(width, 3.0), height + 0.4)
    for ax in grid:
        ax.set_xticks([])
        ax.set_yticks([])
        for spine in ax.spines.values():
            spine.set_visible(False)
    return figure, grid


def heading(figure: Any, text: str) -> None:
    """Sets the title of a whole figure, at the left."""
    figure.suptitle(text, x=0.01, ha="left", color=INK, fontsize=12, fontweight="bold")


def sequential_map(count: int = 256) -> Any:
    """The colours for values from zero or the smallest value up: light to dark blue, in `count` steps."""
    needs("matplotlib", "plot", "netlet.plots")
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("netlet", MATRIX, count)


def small_grid_lines(ax: Any, axis: str = "y") -> None:
    """Draws light grid lines behind everything else."""
    ax.grid(axis=axis, color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)


def label_axes(ax: Any, x: str | None = None, y: str | None = None) -> None:
    """Names the axes in small grey letters."""
    if x is not None:
        ax.set_xlabel(x, color=MUTED, fontsize=9)
    if y is not None:
        ax.set_ylabel(y, color=MUTED, fontsize=9)


def colour_bar(figure: Any, image: Any, axes: Any, label: str, **options: Any) -> Any:
    """Adds a scale of an image's colours beside the axes, and returns it."""
    bar = figure.colorbar(image, ax=axes, **options)
    bar.outline.set_visible(False)
    bar.minorticks_off()
    bar.ax.tick_params(colors=MUTED, length=0, labelsize=8)
    bar.set_label(label, color=MUTED, fontsize=9)
    return bar


def legend(ax: Any, **options: Any) -> None:
    """Adds a legend without a frame."""
    ax.legend(frameon=False, fontsize=9, labelcolor=MUTED, **options)

"""Colours and style of all plots, and the import of matplotlib."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from netlet.base.extras import needs

INK = "#1f2430"  # text
MUTED = "#6b7280"  # axes, less important text
GRID = "#e5e7eb"
TRAINING = "#2f6fb5"
VALIDATION = "#d9730d"
WRONG = "#c62828"
MATRIX = ["#f7f9fc", "#c9dcf0", "#7fb0dc", "#2f6fb5", "#123f73"]


def pyplot(module: str = "netlet.plots") -> ModuleType:
    """Imports and returns matplotlib.pyplot. The ImportError names `module` and says how to install matplotlib."""
    return needs("matplotlib.pyplot", "plot", module)


def axes_or_new(ax: Any, size: tuple[float, float]) -> Any:
    """Returns `ax`, or the axes of a new figure of the given size in inches if it is None."""
    return ax if ax is not None else pyplot().subplots(figsize=size, layout="constrained")[1]


def plain(ax: Any, title: str) -> None:
    """Sets the common style: the title at the left, no box, small grey ticks."""
    ax.set_title(title, loc="left", color=INK, fontsize=12, fontweight="bold")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(GRID)
    ax.tick_params(colors=MUTED, length=0, labelsize=9)

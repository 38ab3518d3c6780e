"""The losses of a sweep over learning rates."""

from __future__ import annotations

from typing import Any

from .style import GRID, MUTED, TRAINING, VALIDATION, axes_or_new, plain


def learning_rate_sweep(finder: Any, ax: Any = None, title: str | None = None) -> Any:
    """Draws the losses that a `callbacks.LearningRateFinder` has found, over its learning rates, and its suggestion.

    Args:
        finder: the callback after a training.
        ax: matplotlib axes to draw into; new ones if None.
        title: defaults to "Learning rate".

    Returns:
        The axes.

    Raises:
        ValueError: the callback has no suggestion, because fewer than three rates were tried.
        ImportError: matplotlib is missing.
    """
    suggestion = finder.suggestion()
    ax = axes_or_new(ax, (5, 3.5))
    ax.plot(finder.learning_rates[: len(finder.losses)], finder.losses, color=TRAINING, linewidth=2, label="loss")
    ax.axvline(suggestion, color=VALIDATION, linewidth=1.5, label=f"suggestion: {suggestion:.2g}")
    ax.set_xscale("log")
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.set_xlabel("learning rate", color=MUTED, fontsize=9)
    plain(ax, title or "Learning rate")
    ax.legend(frameon=False, fontsize=9, labelcolor=MUTED)
    return ax

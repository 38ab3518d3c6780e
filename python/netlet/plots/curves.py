"""Learning curves: a value of the training history over the epochs, for training and validation data."""

from __future__ import annotations

from typing import Any

from .style import GRID, MUTED, TRAINING, VALIDATION, axes_or_new, plain


def learning_curves(history: Any, key: str = "loss", ax: Any = None, title: str | None = None) -> Any:
    """Plots a value of the training history over the epochs, and its validation value if there is one.

    Args:
        history: the result of `fit`, or its `.history`: {"loss": [one number per epoch], "val_loss": [...], ...}.
        key: name of the value, such as "loss" (default) or "accuracy".
        ax: matplotlib axes to draw into; default new ones.
        title: title of the plot; default the key, capitalized.

    Returns:
        The axes.

    Raises:
        ValueError: the history has no such key.
        ImportError: matplotlib is not installed.

    Example:

    >>> ax = learning_curves({"loss": [2.3, 0.7, 0.4], "val_loss": [1.1, 0.8, 0.6]})
    >>> [line.get_label() for line in ax.get_lines()]
    ['training', 'validation']
    """
    log = getattr(history, "history", history)
    if key not in log:
        raise ValueError(f"learning_curves: expected one of {sorted(log)} as `key`, received {key!r}.")
    ax = axes_or_new(ax, (5, 3.5))
    curves = [("training", log[key], TRAINING)]
    if f"val_{key}" in log:
        curves.append(("validation", log[f"val_{key}"], VALIDATION))
    for label, values, colour in curves:
        epochs = range(1, len(values) + 1)
        ax.plot(epochs, values, color=colour, linewidth=2, label=label, marker="o" if len(values) == 1 else None)
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.set_xlabel("epoch", color=MUTED, fontsize=9)
    ax.margins(x=0.02)
    plain(ax, title or key.replace("_", " ").capitalize())
    if len(curves) > 1:
        ax.legend(frameon=False, fontsize=9, labelcolor=MUTED)
    return ax

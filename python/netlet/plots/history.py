"""Learning curves: the values of a training history over the epochs, for training and validation data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .style import TRAINING, VALIDATION, axes_grid, label_axes, legend, plain, small_grid_lines

COLUMNS = 3


def history(history: Any, metrics: str | Sequence[str] | None = None, *, figure: Any = None) -> Any:
    """Plots learning curves: the loss and each metric over the epochs, for training and validation data.

    Each metric has its own axes. If validation ran only every few epochs (`validation_freq`), its values are drawn at
    evenly spaced epochs.

    Args:
        history: the result of `fit`, or its `.history`: {"loss": [one number per epoch], "val_loss": [...], ...}.
        metrics: a name or names to plot, such as "loss" or ["loss", "accuracy"]; default all, the loss first.
        figure: a matplotlib figure or subfigure to draw into; default a new one.

    Returns:
        The figure.

    Raises:
        ValueError: an empty history, or one without these metrics.
        ImportError: matplotlib is not installed.

    Example:

    >>> figure = history({"loss": [2.3, 0.7, 0.4], "val_loss": [1.1, 0.8, 0.6], "accuracy": [0.2, 0.7, 0.8]})
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['Loss', 'Accuracy']
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['training', 'validation']
    """
    log = getattr(history, "history", history)
    if not isinstance(log, dict) or not log:
        raise ValueError(
            "history: expected `history` to be the result of `fit` or a dict of lists with at least one epoch, "
            f"received {'an empty one' if isinstance(log, dict) else type(history).__name__}."
        )
    if metrics is not None and not isinstance(metrics, Iterable):
        raise ValueError(f"history: expected names as `metrics`, received {metrics!r}.")
    names = [metrics] if isinstance(metrics, str) else list(metrics) if metrics is not None else _names(log)
    for name in names:
        if name not in log:
            raise ValueError(f"history: expected `metrics` among {sorted(log)}, received {name!r}.")
    if not names:
        raise ValueError("history: expected at least one name in `metrics`, received none.")
    figure, grid = axes_grid(figure, len(names), COLUMNS, (4.2, 3.2))
    for ax, name in zip(grid, names):
        _draw(ax, log, name, getattr(history, "epoch", None))
    return figure


def _names(log: dict[str, Any]) -> list[str]:
    """The names of the values of training data, the loss first; all names if there are only validation values."""
    names = [name for name in log if not (name.startswith("val_") and name[4:] in log)]
    return sorted(names, key=lambda name: name != "loss")


def _draw(ax: Any, log: dict[str, Any], name: str, numbers: Any) -> None:
    """One value, and its validation value if there is one."""
    curves = [("training", log[name], TRAINING)]
    if f"val_{name}" in log:
        curves.append(("validation", log[f"val_{name}"], VALIDATION))
    first = np.asarray(numbers) + 1 if numbers and len(numbers) == len(log[name]) else np.arange(1, len(log[name]) + 1)
    for label, values, colour in curves:
        # A metric with several numbers, such as one for each class, has several lines of one colour.
        y = np.asarray(values, "float64").reshape(len(values), -1)
        epochs = first if len(y) == len(first) else _spaced(first, len(y))
        marker = "o" if len(y) < max(2, len(first)) or len(y) == 1 else None
        for i, column in enumerate(y.T):
            ax.plot(
                epochs,
                column,
                color=colour,
                linewidth=1.8,
                label=label if i == 0 else None,
                marker=marker,
                markersize=4,
            )
    ax.xaxis.get_major_locator().set_params(integer=True)
    small_grid_lines(ax)
    label_axes(ax, "epoch")
    ax.margins(x=0.02)
    plain(ax, name.replace("_", " ").capitalize())
    if len(curves) > 1:
        legend(ax)


def _spaced(epochs: Any, count: int) -> Any:
    """`count` of the epochs at equal distances: every second, every third and so on."""
    step = max(1, len(epochs) // max(1, count))
    return epochs[step - 1 :: step][:count] if len(epochs) >= count else np.arange(1, count + 1)

"""Histograms of weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from .style import INK, TRAINING, axes_grid, label_axes, plain, small_grid_lines

COLUMNS = 4


def weights(model_or_layer: Any, *, figure: Any = None) -> Any:
    """Plots a histogram of each weight tensor, with its mean and standard deviation.

    Args:
        model_or_layer: a built model or layer with weights.
        figure: a matplotlib figure or subfigure to draw into; default a new one.

    Returns:
        The figure.

    Raises:
        ValueError: something without weights, such as a model that is not built.
        ImportError: matplotlib is not installed.

    Example:

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((64,)), netlet.layers.Dense(32, name="out")])
    >>> [ax.get_title(loc="left") for ax in weights(model).axes]
    ['out/kernel', 'out/bias']
    """
    found = getattr(model_or_layer, "weights", None)
    if not found:
        what = f"{type(model_or_layer).__name__} '{getattr(model_or_layer, 'name', '')}'"
        raise ValueError(f"weights: expected a built model or layer with weights, received {what} without any.")
    figure, grid = axes_grid(figure, len(found), COLUMNS, (3.1, 2.3))
    for ax, variable in zip(grid, found):
        values = np.asarray(variable.numpy()).astype("float64").ravel()
        finite = values[np.isfinite(values)]
        _draw(ax, finite, _title(variable, model_or_layer), len(values) - len(finite))
    return figure


def _title(variable: Any, owner: Any) -> str:
    """The variable's path without the name of the model or layer that was given."""
    path = str(variable.path)
    own = f"{owner.name}/"
    return path[len(own) :] if path.startswith(own) else path


def _draw(ax: Any, values: Any, title: str, missing: int) -> None:
    if values.size:
        low, high = float(values.min()), float(values.max())
        if high - low <= 1e-9 * max(abs(low), abs(high)):  # NumPy finds no bins between equal large numbers
            space = abs(low) / 2 or 0.5
            low, high = low - space, high + space
        counts, edges = np.histogram(values, bins=min(60, max(10, int(np.sqrt(values.size)))), range=(low, high))
        ax.stairs(counts, edges, color=TRAINING, fill=True, alpha=0.75)
        ax.axvline(values.mean(), color=INK, linewidth=1, linestyle="--")
        text = f"mean {values.mean():.3g}, std {values.std():.3g}\n{values.size:,} numbers"
    else:
        text = "no finite numbers"
    if missing:
        text += f"\n{missing:,} not finite"
    small_grid_lines(ax)
    label_axes(ax, text)
    plain(ax, title, 9)

"""The losses of a sweep over learning rates."""

from __future__ import annotations

from typing import Any

from .style import TRAINING, VALIDATION, axes_or_new, label_axes, legend, plain, small_grid_lines


def learning_rate_sweep(finder: Any, ax: Any = None, title: str | None = None) -> Any:
    """Plots the losses of a sweep over learning rates, and the suggested rate.

    Args:
        finder: a `callbacks.LearningRateFinder` after a training.
        ax: matplotlib axes to draw into; default new ones.
        title: title of the plot; default "Learning rate".

    Returns:
        The axes.

    Raises:
        ValueError: the callback has no suggestion, because fewer than three rates were tried.
        ImportError: matplotlib is not installed.

    Example:

    >>> import numpy as np
    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((4,)), netlet.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> finder = netlet.callbacks.LearningRateFinder(1e-4, 1.0, steps=20)
    >>> x = np.random.default_rng(0).normal(size=(160, 4)).astype("float32")
    >>> history = model.fit(x, x[:, :1], batch_size=8, callbacks=[finder], verbose=0)
    >>> ax = learning_rate_sweep(finder)
    >>> ax.get_xlabel(), ax.get_xscale()
    ('learning rate', 'log')
    """
    suggestion = finder.suggestion()
    ax = axes_or_new(ax, (5, 3.5))
    ax.plot(finder.learning_rates[: len(finder.losses)], finder.losses, color=TRAINING, linewidth=2, label="loss")
    ax.axvline(suggestion, color=VALIDATION, linewidth=1.5, label=f"suggestion: {suggestion:.2g}")
    ax.set_xscale("log")
    small_grid_lines(ax)
    label_axes(ax, "learning rate", "loss")
    plain(ax, title or "Learning rate")
    legend(ax)
    return ax

"""Learning curves: the values of a training history over the epochs, for training and validation data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from netlet.utils.epoch_numbers import epoch_numbers

from .arguments import numbers
from .style import TRAINING, VALIDATION, axes_grid, label_axes, legend, plain, small_grid_lines

COLUMNS = 3


def history(history: Any, metrics: str | Sequence[str] | None = None, *, figure: Any = None) -> Any:
    """Plots learning curves: the loss and each metric over the epochs, for training and validation data.

    Each metric has its own axes. If validation ran only in some epochs (`validation_freq`), its values are drawn there;
    a dict does not know these epochs, and its values are drawn at equal distances.

    Args:
        history: the result of `fit`, or its `.history`: {"loss": [one number per epoch], "val_loss": [...], ...}, also
            as a frame of pandas.
        metrics: a name or names to plot, such as "loss" or ["loss", "accuracy"]; default all, the loss first.
        figure: a matplotlib figure or subfigure to draw into; default a new one.

    Returns:
        The figure.

    Raises:
        ValueError: an empty history, one without these metrics, or values that are not numbers.
        ImportError: matplotlib is not installed.

    Example:

    >>> figure = history({"loss": [2.3, 0.7, 0.4], "val_loss": [1.1, 0.8, 0.6], "accuracy": [0.2, 0.7, 0.8]})
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['Loss', 'Accuracy']
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['training', 'validation']
    """
    log = getattr(history, "history", history)
    if hasattr(log, "columns"):
        log = {str(name): log[name] for name in log.columns}
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
        if not len(log[name]):
            raise ValueError(f"history: expected at least one epoch of `{name}`, received none.")
    if not names:
        raise ValueError("history: expected at least one name in `metrics`, received none.")
    figure, grid = axes_grid(figure, len(names), COLUMNS, (4.2, 3.2))
    for ax, name in zip(grid, names):
        _draw(ax, log, name, getattr(history, "epoch", ()), getattr(history, "_logged", {}))
    return figure


def _names(log: dict[str, Any]) -> list[str]:
    """The names of the values of training data, the loss first; all names if there are only validation values."""
    names = [name for name in log if not (name.startswith("val_") and name[4:] in log)]
    return sorted(names, key=lambda name: name != "loss")


def _draw(ax: Any, log: dict[str, Any], name: str, epochs: Any, logged: Any) -> None:
    """One value, and its validation value if there is one."""
    curves = [("training", name, TRAINING)]
    if len(log.get(f"val_{name}", ())):
        curves.append(("validation", f"val_{name}", VALIDATION))
    for label, own, colour in curves:
        at = epoch_numbers(len(log[own]), len(log[name]), epochs, logged.get(own, ()))
        # A metric with several numbers, such as one for each class, has several lines of one colour.
        y = numbers("history", own, log[own]).reshape(len(at), -1)
        marker = "o" if len(y) < max(2, len(log[name])) else None
        for i, column in enumerate(y.T):
            ax.plot(
                at,
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

"""Receiver operating characteristic: the rates of true and false positives for all thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import numbers
from .style import CYCLE, MUTED, axes_or_new, label_axes, legend, plain, small_grid_lines


def roc(y_true: ArrayLike, scores: ArrayLike | Mapping[str, ArrayLike], *, ax: Any = None) -> Any:
    """Plots ROC curves of one or several classifiers with two classes, and writes the area under each (AUC).

    The AUC is the probability that a positive sample scores higher than a negative one: 1 is perfect, 0.5 is chance.

    Args:
        y_true: true labels, (n,) or (n, 1), of two values; the larger one is the positive class.
        scores: scores or probabilities of the positive class, (n,) or (n, 1); or {label: scores} for several curves.
        ax: matplotlib axes to draw into; default new ones.

    Returns:
        The axes.

    Raises:
        ValueError: not exactly two classes, no curves, another number of scores, or scores that are not finite.
        ImportError: matplotlib is not installed.

    Example:

    >>> ax = roc([0, 0, 1, 1], {"ours": [0.1, 0.4, 0.35, 0.8]})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['ours, AUC 0.750', 'chance, AUC 0.500']
    """
    truth = np.asarray(y_true)
    truth = truth[:, 0] if truth.ndim == 2 and truth.shape[1] == 1 else truth
    classes = np.unique(truth)
    if truth.ndim != 1 or len(classes) != 2:
        raise ValueError(
            f"roc: expected `y_true` of shape (n,) with labels of two classes, received shape {truth.shape} with "
            f"{len(classes)}: {classes[:5].tolist()}."
        )
    curves = dict(scores) if isinstance(scores, Mapping) else {"": scores}
    if not curves:
        raise ValueError("roc: expected at least one curve in `scores`, received none.")
    found = {name: _curve(truth == classes[1], values, name) for name, values in curves.items()}
    ax = axes_or_new(ax, (4.6, 4.4))
    for i, (name, (false, true)) in enumerate(found.items()):
        area = float(np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2))
        label = f"{name}, AUC {area:.3f}" if name else f"AUC {area:.3f}"
        ax.plot(false, true, color=CYCLE[i % len(CYCLE)], linewidth=1.8, label=label)
    ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":", label="chance, AUC 0.500")
    ax.set_aspect("equal")
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    small_grid_lines(ax, "both")
    label_axes(ax, "false positive rate", "true positive rate")
    plain(ax, "ROC curve")
    legend(ax, loc="lower right")
    return ax


def _curve(positive: NDArray[np.bool_], scores: ArrayLike, name: str) -> tuple[Any, Any]:
    """(false positive rates, true positive rates), from 0 to 1, with one point for each distinct score."""
    s = numbers("roc", "scores", scores)
    s = s[:, 0] if s.ndim == 2 and s.shape[1] == 1 else s
    if s.shape != positive.shape:
        raise ValueError(
            f"roc: expected {len(positive)} scores of the positive class{f' for {name!r}' if name else ''}, one for "
            f"each label, received shape {s.shape}."
        )
    if not np.isfinite(s).all():
        raise ValueError(f"roc: expected finite scores{f' for {name!r}' if name else ''}, received NaN or infinity.")
    order = np.argsort(-s, kind="stable")
    last = np.append(np.flatnonzero(np.diff(s[order])), len(s) - 1)  # of equal scores
    true = np.cumsum(positive[order])[last]
    false = last + 1 - true
    return np.append(0, false) / max(false[-1], 1), np.append(0, true) / max(true[-1], 1)

"""Confusion matrices as arrays, text and plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .style import INK, MATRIX, MUTED, axes_or_new, plain


def confusion_counts(y_true: ArrayLike, y_pred: ArrayLike, classes: int | None = None) -> NDArray[np.int64]:
    """Counts how often each class was predicted for samples of each class.

    Args:
        y_true: true labels, integers (n,), each in [0, classes).
        y_pred: predicted labels, of the same shape.
        classes: number of classes; default the largest label + 1.

    Returns:
        int64 array (classes, classes); the row is the true class, the column the predicted class.

    Raises:
        ValueError: different lengths, or a label outside of [0, classes).

    Example:

    >>> confusion_counts([0, 0, 1, 2], [0, 1, 1, 2])
    array([[1, 1, 0],
           [0, 1, 0],
           [0, 0, 1]])
    """
    t, p = np.asarray(y_true).astype(np.int64).ravel(), np.asarray(y_pred).astype(np.int64).ravel()
    if t.shape != p.shape:
        raise ValueError(
            f"confusion_counts: expected as many predicted as true labels, received {p.size} and {t.size}."
        )
    n = classes if classes is not None else int(max(t.max(initial=-1), p.max(initial=-1))) + 1
    both = np.concatenate([t, p])
    if both.size and (both.min() < 0 or both.max() >= n):
        raise ValueError(f"confusion_counts: expected labels in [0, {n}), received {both.min()} to {both.max()}.")
    return np.bincount(t * n + p, minlength=n * n).reshape(n, n)


def confusion_text(counts: ArrayLike, names: Sequence[str] | None = None) -> str:
    """Formats a confusion matrix for a terminal. Zeros are printed as dots, which makes errors easy to see.

    Args:
        counts: (classes, classes), from `confusion_counts`.
        names: names of the classes; default their numbers.

    Returns:
        The text, several lines.

    >>> print(confusion_text([[5, 1], [0, 7]], ["cat", "dog"]))
    true \\ predicted  cat  dog
                 cat    5    1
                 dog    .    7
    """
    c = np.asarray(counts)
    labels = [str(n) for n in names] if names is not None else [str(i) for i in range(len(c))]
    width = max(len(str(c.max(initial=0))), *(len(n) for n in labels)) + 2
    head = "true \\ predicted"
    lines = [head + "".join(f"{n:>{width}}" for n in labels)]
    for name, row in zip(labels, c, strict=True):
        lines.append(f"{name:>{len(head)}}" + "".join(f"{n if n else '.':>{width}}" for n in row))
    return "\n".join(lines)


def confusion_matrix(
    counts: ArrayLike, names: Sequence[str] | None = None, ax: Any = None, title: str = "Confusion matrix"
) -> Any:
    """Plots a confusion matrix. The colour of a cell depends on its fraction of the row.

    Args:
        counts: (classes, classes), from `confusion_counts`.
        names: names of the classes; default their numbers.
        ax: matplotlib axes to draw into; default new ones.
        title: title of the plot; default "Confusion matrix".

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.

    Example:

    >>> ax = confusion_matrix([[5, 1], [0, 7]])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('predicted', 'true')
    """
    c = np.asarray(counts)
    ax = axes_or_new(ax, (5, 5))
    from matplotlib.colors import LinearSegmentedColormap

    share = c / np.maximum(c.sum(axis=1, keepdims=True), 1)
    # The square root makes single errors visible next to a full diagonal.
    ax.imshow(np.sqrt(share), cmap=LinearSegmentedColormap.from_list("netlet", MATRIX), vmin=0, vmax=1)
    labels = [str(n) for n in names] if names is not None else [str(i) for i in range(len(c))]
    ax.set_xticks(range(len(c)), labels)
    ax.set_yticks(range(len(c)), labels)
    for edge in np.arange(len(c) + 1) - 0.5:  # white lines between the cells
        ax.axhline(edge, color="white", linewidth=1.5)
        ax.axvline(edge, color="white", linewidth=1.5)
    if len(c) <= 20:
        for i, j in zip(*np.nonzero(c), strict=True):
            ax.text(
                j, i, str(c[i, j]), ha="center", va="center", fontsize=9, color="white" if share[i, j] > 0.3 else INK
            )
    ax.set_xlabel("predicted", color=MUTED, fontsize=9)
    ax.set_ylabel("true", color=MUTED, fontsize=9)
    plain(ax, title)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax

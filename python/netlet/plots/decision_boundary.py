"""The classes that a classifier predicts in the plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netlet.models import Model

from .arguments import at_least, numbers
from .style import CYCLE, INK, axes_or_new, label_axes, legend, plain


def decision_boundary(
    predict: Any, x: ArrayLike, y: ArrayLike, *, ax: Any = None, resolution: int = 200, margin: float = 0.5
) -> Any:
    """Plots the classes that a classifier of two features predicts, as coloured regions, and samples as points.

    A prediction with one column for each class counts as the class with the largest value. A single float counts as the
    second class from 0.5 on if all predictions are in [0, 1], as probabilities are, and from 0 on otherwise.

    Args:
        predict: a netlet model, an estimator with `predict`, or a function: from an array (n, 2) to labels (n,), or to
            scores (n,), (n, 1) or (n, classes).
        x: samples, (n, 2).
        y: their labels, (n,) or (n, 1), or one-hot (n, classes).
        ax: matplotlib axes to draw into; default new ones.
        resolution: number of points along each axis where `predict` is evaluated; default 200.
        margin: empty space around the samples, in standard deviations of each feature; default 0.5.

    Returns:
        The axes.

    Raises:
        ValueError: `x` is not (n, 2) or not finite, another number of labels, or predictions of another shape or with
            NaN.
        ImportError: matplotlib is not installed.

    Example:

    >>> ax = decision_boundary(lambda p: p[:, 0] > 1, [[0, 0], [2, 1], [2, 0]], [0, 1, 1])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['0', '1']
    """
    points, labels = numbers("decision_boundary", "x", x), np.asarray(y)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"decision_boundary: expected `x` of shape (n, 2), received {points.shape}.")
    if not np.isfinite(points).all():
        raise ValueError("decision_boundary: expected `x` that is finite, received NaN or infinity.")
    if labels.ndim == 2:
        labels = labels[:, 0] if labels.shape[1] == 1 else labels.argmax(axis=1)
    if labels.shape != (len(points),):
        raise ValueError(
            f"decision_boundary: expected {len(points)} labels as `y`, one for each sample, received shape "
            f"{np.shape(y)}."
        )
    resolution = at_least("decision_boundary", "resolution", resolution, 2)
    space = margin * np.where(points.std(axis=0) > 0, points.std(axis=0), 1.0)
    low, high = points.min(axis=0) - space, points.max(axis=0) + space
    across, up = np.linspace(low[0], high[0], resolution), np.linspace(low[1], high[1], resolution)
    plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    known = np.unique(labels)
    if len(known) == 1 and known[0] in (0, 1):  # the samples of one class alone: the other one may be predicted
        known = np.array([0, 1], known.dtype)
    predicted = _labels(predict, plane, known)
    classes = np.unique(np.concatenate([np.unique(labels), np.unique(predicted)]))
    regions = np.searchsorted(classes, predicted).reshape(resolution, resolution)

    ax = axes_or_new(ax, (4.6, 4.2))
    from matplotlib.colors import ListedColormap

    colours = [CYCLE[i % len(CYCLE)] for i in range(len(classes))]
    ax.pcolormesh(
        across, up, regions, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(classes) - 0.5, alpha=0.22, linewidth=0,
        rasterized=True, shading="nearest",
    )  # fmt: skip
    for i in range(len(classes)):
        inside = regions == i
        if inside.any() and not inside.all():
            ax.contour(across, up, inside.astype(float), levels=[0.5], colors=INK, linewidths=0.7)
        here = points[labels == classes[i]]
        if len(here):
            ax.scatter(*here.T, s=22, color=colours[i], edgecolor="white", linewidth=0.6, label=str(classes[i]))
    label_axes(ax, "feature 1", "feature 2")
    plain(ax, "Decision boundary")
    legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0), title="class", borderaxespad=0.2)
    ax.get_legend().get_title().set_fontsize(9)
    return ax


def _labels(predict: Any, plane: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:
    """The predicted labels of the points of the plane."""
    if isinstance(predict, Model):
        out = predict.predict(plane.astype("float32"), batch_size=1024, verbose=0)
    elif hasattr(predict, "predict"):
        out = predict.predict(plane)
    elif callable(predict):
        out = predict(plane)
    else:
        raise ValueError(
            f"decision_boundary: expected `predict` to be a model or a function, received {type(predict).__name__}."
        )
    found = np.asarray(out)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim not in (1, 2) or len(found) != len(plane):
        raise ValueError(
            f"decision_boundary: expected `predict` to return ({len(plane)},) or ({len(plane)}, classes) for an array "
            f"{plane.shape}, received {found.shape}."
        )
    if found.dtype.kind == "f" and np.isnan(found).any():
        raise ValueError("decision_boundary: expected `predict` to return numbers, received NaN.")
    if found.ndim == 2:
        index = found.argmax(axis=1)
        return classes[index] if found.shape[1] == len(classes) else index
    if found.dtype.kind == "f" and np.isin(found, classes).all():  # an estimator's labels that are floats
        return found.astype(classes.dtype)
    if found.dtype.kind == "b" or (found.dtype.kind == "f" and len(classes) <= 2):
        if found.dtype.kind == "f":
            found = found >= (0.5 if found.min() >= 0 and found.max() <= 1 else 0.0)
        return np.where(found, classes[-1], classes[0])
    return found.astype(classes.dtype) if found.dtype.kind == "f" else found

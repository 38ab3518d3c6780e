"""Array helpers that need no network."""

from __future__ import annotations

from typing import Any

import numpy as np


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """One-hot rows of integer class labels.

    Args:
        x: integers (...,), or (..., 1) whose last axis is dropped; each in [0, num_classes).
        num_classes: defaults to `max(x) + 1`.

    Returns:
        array (..., num_classes), float64 zeros and ones as in Keras.

    Raises:
        ValueError: a label lies outside [0, num_classes), or x is empty and num_classes is None.

    Example:

    >>> to_categorical([0, 2, 1], num_classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    labels = np.asarray(x)
    if labels.dtype.kind not in "iufb":
        kind = "Python objects" if labels.dtype == object else labels.dtype
        raise ValueError(f"to_categorical expects integers; given an array of {kind}.")
    labels = labels.astype("int64")
    shape = labels.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    labels = labels.reshape(-1)
    if num_classes is None:
        if labels.size == 0:
            raise ValueError("to_categorical needs `num_classes` when there are no labels.")
        num_classes = int(labels.max()) + 1
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        bad = labels[(labels < 0) | (labels >= num_classes)][0]
        raise ValueError(f"to_categorical expects labels in [0, {num_classes}); given {bad}.")
    out = np.zeros((labels.size, num_classes))
    out[np.arange(labels.size), labels] = 1
    return out.reshape(*shape, num_classes)


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """x divided by its norm of the given order along `axis` (a zero norm counts as 1).

    >>> normalize([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """
    array = np.atleast_1d(np.asarray(x, dtype=None))
    norm = np.atleast_1d(np.linalg.norm(array, order, axis))
    norm[norm == 0] = 1
    return array / np.expand_dims(norm, axis)

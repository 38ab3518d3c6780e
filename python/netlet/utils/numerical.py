"""Functions of arrays: one-hot labels and normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, ops
from netlet.config import floatx, is_float


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Converts integer class labels to one-hot vectors.

    Args:
        x: integers (...) or (..., 1), each in [0, num_classes).
        num_classes: number of classes; default `max(x) + 1`.

    Returns:
        float64 array (..., num_classes) of zeros and ones, as in Keras; a float32 Tensor for a Tensor, which needs
        `num_classes` and may be part of a recorded step.

    Raises:
        ValueError: a label outside of [0, num_classes); values that are not numbers; an empty x without num_classes.

    Example:

    >>> to_categorical([0, 2, 1], num_classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    if isinstance(x, _core.Tensor) and num_classes is not None:
        return ops.one_hot(ops.squeeze(x, -1) if len(x.shape) > 1 and x.shape[-1] == 1 else x, num_classes)
    labels = np.asarray(x)
    if labels.dtype.kind not in "iufb":
        kind = "Python objects" if labels.dtype == object else labels.dtype
        raise ValueError(f"to_categorical: expected integers, received an array of {kind}.")
    labels = labels.astype("int64")
    shape = labels.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    labels = labels.reshape(-1)
    if num_classes is None:
        if labels.size == 0:
            raise ValueError("to_categorical: expected `num_classes` or at least one label, received neither.")
        num_classes = int(labels.max()) + 1
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        bad = labels[(labels < 0) | (labels >= num_classes)][0]
        raise ValueError(f"to_categorical: expected labels in [0, {num_classes}), received {bad}.")
    out = np.zeros((labels.size, num_classes))
    out[np.arange(labels.size), labels] = 1
    return out.reshape(*shape, num_classes)


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Divides x by its norm along `axis`. Vectors of norm 0 stay 0.

    Args:
        x: array.
        axis: axis of the norm; default the last.
        order: order of the norm; default 2, the Euclidean norm.

    Returns:
        An array of x's shape, for vectors too, of which Keras makes a matrix (1, n); a Tensor for a Tensor. A number
        becomes (1,).

    Raises:
        ValueError: the axis is out of range.

    >>> normalize([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """
    tensor = isinstance(x, _core.Tensor)
    if tensor and (x.requires_grad or _core.recording()):
        return ops.normalize(x, axis, order)
    array = np.atleast_1d(np.asarray(x))
    norm = np.linalg.norm(array, order, axis, keepdims=True)
    unit = array / np.where(norm == 0, 1, norm)
    return ops.convert_to_tensor(unit, x.dtype if is_float(x.dtype) else floatx()) if tensor else unit

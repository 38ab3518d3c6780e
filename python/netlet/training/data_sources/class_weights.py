"""`class_weight`: sample weights that are computed from the labels."""

from __future__ import annotations

import numpy as np

from netlet import _core

from .data import ArrayData


def class_weighted(data: ArrayData, class_weight: dict[int, float]) -> ArrayData:
    """The data with a sample weight for each row of y.

    Args:
        data: arrays; y holds class indices (N,) or (N, 1), or one-hot rows (N, classes).
        class_weight: {class index: weight}; a class that is not listed has weight 1.

    Returns:
        The data with sample_weight of shape (N,), or of y's shape without its last axis.

    Raises:
        ValueError: together with sample_weight, without y, or for several outputs.
    """
    if data.sample_weight is not None:
        raise ValueError(f"{data.method}: expected class_weight or sample_weight, not both; received both.")
    if data.y is None:
        raise ValueError(f"{data.method}: expected y beside class_weight, received none.")
    if isinstance(data.y, (list, tuple, dict)):
        raise ValueError(f"{data.method}: class_weight is only supported for models with a single output.")
    y = data.y.numpy()
    if y.ndim > 1:
        y = y.argmax(-1) if y.shape[-1] != 1 else y[..., 0]
    classes = np.round(y).astype(np.int64)
    weights = np.ones(classes.shape, np.float32)
    for label, weight in class_weight.items():
        weights[classes == int(label)] = weight
    return data.weighted(_core.as_tensor(weights))

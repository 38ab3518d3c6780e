"""`class_weight`: the sample weights that follow from the labels."""

from __future__ import annotations

import numpy as np

from netlet import _core

from .data import ArrayData


def class_weighted(data: ArrayData, class_weight: dict[int, float]) -> ArrayData:
    """The data with a sample weight for each row of y, which holds class indices or one-hot rows.

    Args:
        data: arrays with y.
        class_weight: {class index: weight}; 1 for classes that it does not name.

    Raises:
        ValueError: together with sample_weight, without y, or for several outputs.
    """
    if data.sample_weight is not None:
        raise ValueError(f"{data.method}: give class_weight or sample_weight, not both at once.")
    if data.y is None:
        raise ValueError(f"{data.method}: class_weight needs y, and none was given.")
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

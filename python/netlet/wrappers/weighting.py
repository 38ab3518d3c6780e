"""Sample weights that mean what scikit-learn means by them: 0 leaves a row out, 2 counts it twice."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight


def checked_weight(estimator: Any, sample_weight: Any, X: Any) -> np.ndarray | None:
    """Sample weights as an array; None if none are given.

    Args:
        estimator: the estimator, for messages.
        sample_weight: (rows,) numbers, one number for all rows, or None.
        X: the data.

    Returns:
        (rows,) floats.

    Raises:
        ValueError: another shape, a weight below 0, or no weight above 0.
    """
    if sample_weight is None:
        return None
    weight: np.ndarray = _check_sample_weight(sample_weight, X)
    if (weight < 0).any() or not (weight > 0).any():
        raise ValueError(
            f"Argument `sample_weight` of {type(estimator).__name__}.fit: expected weights of at least 0 that are not "
            f"all 0, received a least weight of {weight.min()} and a largest of {weight.max()}."
        )
    return weight

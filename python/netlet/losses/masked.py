"""Masks in losses and metrics: masked values have weight 0. Source: Keras 3, `losses.loss.apply_mask`."""

from __future__ import annotations

import math
from typing import Any

from netlet import ops

from .arrays import as_tensor, is_leading, match_ranks
from .sharded import count_in_batch


def both(a: Any, b: Any) -> Any:
    """Combines two masks: a value counts if it counts in both. None is a mask in which every value counts."""
    if a is None or b is None:
        return b if a is None else a
    return ops.logical_and(a, b)


def apply_mask(sample_weight: Any, mask: Any, dtype: str, reduction: str | None) -> Any:
    """Combines sample weights and a mask into one array of weights.

    Args:
        sample_weight: one weight per sample, or a shape that broadcasts with the mask's; or None.
        mask: (batch, ...), which values count; or None.
        reduction: "mean" and "sum_over_batch_size" divide by the number of all values. For them the weights are
            multiplied by number of values / number of unmasked values.

    Returns:
        The weights, or None if both are None.

    >>> import numpy as np
    >>> apply_mask(None, np.array([True, True, False]), "float32", "mean").numpy()
    array([1.5, 1.5, 0. ], dtype=float32)
    """
    if mask is None:
        return sample_weight
    mask = as_tensor(mask)
    weight = as_tensor(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        factor = ops.divide_no_nan(ops.cast(float(math.prod(mask.shape)), dtype), count_in_batch(ops.sum(weight)))
        weight = ops.where(as_tensor(mask, "bool"), factor, as_tensor(0.0, dtype))
    if sample_weight is None:
        return weight
    weight, given = match_ranks(weight, as_tensor(sample_weight, dtype))
    if is_leading(tuple(given.shape), tuple(weight.shape)):  # one weight for all values of a sample
        given = ops.reshape(given, (*given.shape, *[1] * (len(weight.shape) - len(given.shape))))
    return ops.multiply(given, weight)

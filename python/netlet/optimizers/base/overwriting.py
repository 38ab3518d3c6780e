"""Variables that take the value of their gradient, such as the scales of float8 training in Keras."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.engine.variable import Variable

from .conditional import updates_now
from .segment import as_gradient

Pair = tuple[Any, Variable]


def overwrite(optimizer: Any, pairs: list[Pair]) -> list[Pair]:
    """Sets each variable with `overwrite_with_gradient` to its gradient.

    If gradients are accumulated, it is set in the last of the calls, to the largest gradient of the calls.

    Args:
        optimizer: the optimizer.
        pairs: (gradient, variable).

    Returns:
        The pairs of the other variables.
    """
    every = optimizer.gradient_accumulation_steps
    for gradient, v in pairs:
        if not v.overwrite_with_gradient:
            continue
        gradient = as_gradient(gradient, v)
        if not every:
            v.assign(gradient)
            continue
        largest_so_far = optimizer._accumulated_gradients[optimizer._get_variable_index(v)]
        now, largest = updates_now(optimizer._iterations._tensor, every), ops.maximum(gradient, largest_so_far)
        v.assign(ops.where(now, largest, v))
        largest_so_far.assign(ops.where(now, 0.0, largest))
    return [(gradient, v) for gradient, v in pairs if not v.overwrite_with_gradient]

"""Second derivatives of the losses against differences of their first gradients, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import losses, ops
from support.second_derivatives import RNG, check, normal, positive

LOSSES = [
    "MeanSquaredError",
    "MeanAbsoluteError",
    "Huber",
    "LogCosh",
    "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "KLDivergence",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CosineSimilarity",
]


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "none", "mean_with_sample_weight"])
def test_losses_of_predictions_and_targets(name, reduction):
    """There are gradients with respect to y_true too, and both can be differentiated again."""
    loss = getattr(losses, name)(reduction=reduction, dtype="float64")
    weight = positive(4)
    t, x = RNG.uniform(0.1, 0.9, (4, 3)), RNG.uniform(0.1, 0.9, (4, 3))
    check(lambda x: ops.square(loss(t, x, sample_weight=weight)), x)
    check(lambda t, x: ops.square(loss(t, x)), t, x)


@pytest.mark.parametrize("name", ["Hinge", "SquaredHinge", "CategoricalHinge"])
def test_hinges(name):
    loss = getattr(losses, name)(dtype="float64")
    for t in (np.eye(3)[[0, 2, 1, 1]], normal(4, 3)):
        check(lambda x, t=t: ops.square(loss(t, x)), normal(4, 3))
    check(lambda t, x: ops.square(loss(t, x)), normal(4, 3), normal(4, 3))


@pytest.mark.parametrize("logits", [False, True])
def test_crossentropies(logits):
    x = normal(4, 3) if logits else RNG.uniform(0.1, 0.9, (4, 3))
    t = RNG.uniform(0.1, 0.9, (4, 3))
    labels = np.array([0, 2, 1, 2])
    for loss, y in (
        (losses.BinaryCrossentropy(from_logits=logits, label_smoothing=0.1, dtype="float64"), t),
        (losses.CategoricalCrossentropy(from_logits=logits, label_smoothing=0.1, dtype="float64"), t),
        (losses.SparseCategoricalCrossentropy(from_logits=logits, dtype="float64"), labels),
        (losses.SparseCategoricalCrossentropy(from_logits=logits, ignore_class=2, dtype="float64"), labels),
    ):
        check(lambda x, loss=loss, y=y: ops.square(loss(y, x)), x)
        check(lambda x, loss=loss, y=y: ops.square(loss(y, x, sample_weight=[1.0, 0.5, 2.0, 0.0])), x)


def test_losses_of_large_batches():
    loss = losses.MeanSquaredError(dtype="float64")
    check(lambda x: ops.square(loss(np.ones((6000, 4)), x)), normal(6000, 4))

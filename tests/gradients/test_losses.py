"""The gradients of every loss with respect to predictions and targets, against directional derivatives in float64."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, losses, ops
from support import directional
from support.generated.losses import BASES, LOSSES, Case
from support.generated.running import for_examples


def check(name: str, case: Case, tolerance: float = 1e-8) -> None:
    loss = getattr(losses, name)(**case.arguments, dtype="float64")
    xs = [case.y_pred] if case.targets_are_classes else [case.y_pred, case.y_true]

    def total(y_pred, y_true=case.y_true):
        y = loss(y_true, y_pred, sample_weight=case.sample_weight)
        return ops.sum(ops.multiply(y, np.random.default_rng(1).uniform(0.5, 1.5, y.shape)))

    leaves = [_core.tensor(x) for x in xs]
    with netlet.GradientTape() as tape:
        tape.watch(leaves)
        y = total(*leaves)
    gradients = [np.zeros(x.shape) if g is None else g.numpy().copy() for g, x in zip(tape.gradient(y, leaves), xs)]
    directional.check(lambda v: float(total(*v)), xs, gradients, ["y_pred", "y_true"], 2, tolerance)


def test_every_loss_has_generated_cases():
    classes = {n for n in losses.__all__ if isinstance(getattr(losses, n), type)}
    assert set(LOSSES) | BASES == classes


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name):
    for_examples(name, 3, LOSSES[name], lambda case: check(name, case))

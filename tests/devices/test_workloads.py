"""The workloads of bench/steps.py, with few units, train on a device to the CPU's weights."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import netlet
from support.repo import ROOT

sys.path.append(str(ROOT / "bench"))
from workloads import WORKLOADS, Workload, build, data, small

SMALL = [small(w) for w in WORKLOADS]


def trained(w: Workload, device: str) -> tuple[list[str], list[np.ndarray], list[np.ndarray], Any]:
    """The weights before and after three steps, and the loss and predictions."""
    x, y = data(w)
    with netlet.device(device):
        netlet.utils.set_random_seed(7)
        model = build(netlet, w)
        if w.optimizer == "adam":
            # With the usual epsilon Adam takes a whole step for a gradient that is 0 but for rounding, as that of the
            # attention's key bias is.
            model.compile(netlet.optimizers.Adam(epsilon=1e-3), model.loss)
        before = [np.array(v) for v in model.get_weights()]
        history = model.fit(x, y, batch_size=w.batch, epochs=1, verbose=0).history["loss"]
        after = [np.array(v) for v in model.get_weights()]
        return [v.path for v in model.weights], before, after, (history, np.asarray(model.predict(x, verbose=0)))


@pytest.mark.parametrize("w", SMALL, ids=lambda w: w.name)
def test_three_steps_end_at_the_weights_of_the_cpu(w, device):
    """Initial weights, the order of the samples and dropout masks are random numbers, which are equal to the bit."""
    names, expected_before, expected, (losses, outputs) = trained(w, "cpu")
    _, before, after, (device_losses, device_outputs) = trained(w, device)
    for name, a, b in zip(names, expected_before, before, strict=True):
        np.testing.assert_array_equal(b, a, err_msg=f"{name} before training")
    for name, a, b in zip(names, expected, after, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-5 * max(np.abs(a).max(), 1e-3), err_msg=name)
    np.testing.assert_allclose(device_losses, losses, rtol=1e-5)
    np.testing.assert_allclose(device_outputs, outputs, rtol=1e-5, atol=1e-5 * np.abs(outputs).max())

"""Training steps beside PyTorch and Keras where installed: `python -m pytest bench/test_steps.py`.

A round is one epoch of `steps` batches for netlet and Keras (inside fit) and as many bare steps for PyTorch.
"""

from __future__ import annotations

import pytest

import netlet
from steps import check_same_loss, epochs_of, have, torch_variants
from workloads import WORKLOADS, build, data


@pytest.mark.parametrize("side", ["netlet", "torch", "torch, fused", "keras"])
@pytest.mark.parametrize("w", WORKLOADS, ids=lambda w: w.name)
def test_epoch(benchmark, w, side):
    if side.startswith("torch") and not have("torch"):
        pytest.skip("PyTorch is not installed: pip install torch")
    x, y = data(w)
    ours = build(netlet, w)
    weights = ours.get_weights()
    if side == "netlet":
        work = epochs_of(ours, w, x, y, 1)
    elif side == "keras":
        import keras

        peer = build(keras, w, weights)
        check_same_loss(w, weights, {side: peer})
        work = epochs_of(peer, w, x, y, 1)
    else:
        peer = torch_variants(w, weights, compiled=False)[side]
        check_same_loss(w, weights, {side: peer})
        peer.feed(x[: w.batch], y[: w.batch])

        def work():
            for _ in range(w.steps):
                peer.step()

    benchmark.group = f"{w.name}, {w.steps} steps"
    benchmark(work)

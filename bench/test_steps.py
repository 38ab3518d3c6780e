"""Training steps, with PyTorch and Keras where they are installed: `python -m pytest bench/test_steps.py`.

A round is one epoch of `steps` batches for netlet and Keras (inside fit), and as many bare steps for PyTorch.
"""

from __future__ import annotations

import pytest

import netlet
from steps import check_same_loss, epochs_of, have, keras_variant, torch_variants
from workloads import WORKLOADS, build, data


@pytest.mark.parametrize("side", ["netlet", "torch", "torch, fused", "torch, channels last", "keras"])
@pytest.mark.parametrize("w", WORKLOADS, ids=lambda w: w.name)
def test_epoch(benchmark, w, side):
    if side.startswith("torch") and not have("torch"):
        pytest.skip("PyTorch is not installed: pip install torch")
    if side == "torch, channels last" and not w.image:
        pytest.skip("a layout of images")
    x, y = data(w)
    netlet.utils.set_random_seed(0)
    ours = build(netlet, w)
    weights, plain = ours.get_weights(), w.without_dropout()
    if side == "netlet":
        work = epochs_of(ours, w, x, y, 1)
    elif side == "keras":
        check_same_loss(plain, weights, keras_variant(plain, weights))
        work = epochs_of(keras_variant(w, weights)[side], w, x, y, 1)
    else:
        check_same_loss(plain, weights, {side: torch_variants(plain, weights, compiled=False)[side]})
        peer = torch_variants(w, weights, compiled=False)[side]
        peer.feed(x[: w.batch], y[: w.batch])

        def work():
            for _ in range(w.steps):
                peer.step()

    benchmark.group = f"{w.name}, {w.steps} steps"
    benchmark(work)

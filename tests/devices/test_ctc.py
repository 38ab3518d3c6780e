"""The CTC loss and greedy decoding on a GPU against the CPU."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core
from support.on_device import check_device

# (samples, steps, classes, labels); the last has more states than a block has threads.
SIZES = [(1, 1, 2, 1), (3, 7, 4, 3), (2, 9, 40, 4), (2, 33, 5, 17), (1, 130, 3, 129)]


def batch(seed, samples, steps, classes, width, blank=0, dtype="float32"):
    """A third of the labels repeat the preceding one."""
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(samples, steps, classes)) * 2).astype(dtype)
    labels = rng.choice([k for k in range(classes) if k != blank], (samples, width))
    for j in range(1, width):
        labels[:, j] = np.where(rng.uniform(size=samples) < 0.3, labels[:, j - 1], labels[:, j])
    frames = rng.integers(0, steps + 1, samples)
    lengths = np.minimum(rng.integers(0, width + 1, samples), frames)
    return x, labels.astype("int32"), lengths.astype("int32"), frames.astype("int32")


def loss(blank=0):
    return lambda x, labels, lengths, frames: [_core.ctc_loss(labels, x, lengths, frames, blank)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "sizes", [(1, 1, 2, 1), (3, 7, 4, 3), (2, 9, 40, 4), (2, 33, 5, 17), (1, 130, 3, 129)], ids=str
)
def test_results_and_gradients(device, sizes, dtype):
    x, *rest = batch(1, *sizes, dtype=dtype)
    check_device(loss(), [x], rest, device, factor=10)


def test_without_lengths_and_with_another_blank(device):
    x, labels, _, _ = batch(2, 3, 9, 5, 4, blank=4)
    labels[1, 2:] = 4
    check_device(loss(4), [x], (labels, None, None), device, factor=10)


def test_rows_in_global_memory(device):
    """More labels than shared memory has room for."""
    x, labels, _, _ = batch(3, 1, 4, 3, 7000)
    lengths, frames = np.array([3], "int32"), np.array([4], "int32")
    check_device(loss(), [x], (labels, lengths, frames), device, factor=10)


def test_impossible_and_not_a_number(device):
    x, labels, lengths, frames = batch(4, 4, 5, 4, 3)
    labels[0] = 1
    lengths[:], frames[:] = 3, 5
    frames[0] = 3  # three equal labels need five frames
    x[1, 2, 1] = np.nan
    for where in (device, "cpu"):
        with netlet.device(where):
            y = _core.ctc_loss(labels, x, lengths, frames).numpy()
            assert np.isinf(y[0]) and np.isnan(y[1]) and np.isfinite(y[2:]).all()


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize("steps", [1, 5, 32, 33, 70])
def test_greedy(device, steps, merge):
    rng = np.random.default_rng(steps)
    x = rng.normal(size=(5, steps, 3)).astype("float32")
    frames = np.array([0, steps, steps // 2, steps, 1], "int32")
    found = []
    for where in (device, "cpu"):
        with netlet.device(where):
            found.append([y.numpy() for y in _core.ctc_greedy(x, frames, merge, 0)])
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)


@pytest.mark.parametrize("label", [-1, 5])
def test_labels_are_checked(device, label):
    x, labels, lengths, frames = batch(5, 2, 5, 5, 3)
    labels[1, 0], lengths[:], frames[:] = label, 3, 5
    with netlet.device(device), pytest.raises(ValueError, match="expected labels in"):
        _core.ctc_loss(netlet.to_device(labels, device), x, lengths, frames)

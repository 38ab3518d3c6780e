"""Random numbers and dropout on a GPU: the CPU's numbers."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core
from support.shards import OPS, PARTS, ROWS, X, drawn

SIZES = [1, 17, 63, 64, 65, 129, 1000]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("distribution", ["uniform", "normal", "truncated_normal"])
def test_the_same_numbers(device, distribution, dtype):
    for n in SIZES:
        with netlet.device(device):
            found = _core.random(distribution, [n], dtype, 0.5, 2.0, 2**40 + n, False).numpy()
        expected = _core.random(distribution, [n], dtype, 0.5, 2.0, 2**40 + n, False).numpy()
        if distribution == "uniform":
            np.testing.assert_array_equal(found, expected)
        else:
            tolerance = 1e-6 if dtype == "float32" else 1e-14
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_has_the_same_mask_forward_and_backward(device, dtype):
    for n in SIZES:
        x = np.random.default_rng(n).normal(size=n).astype(dtype)
        results = []
        for where in ("cpu", device):
            netlet.utils.set_random_seed(3)
            with netlet.device(where):
                leaf = _core.tensor(x)
                leaf.requires_grad = True
                with _core.Tape(grad=True) as tape:
                    y = _core.dropout(leaf, 0.3, 5)
                    z = _core.add(y, leaf)  # the gradient of dropout is added to another
                    [dx] = tape.gradients(z, [leaf], x)
                results.append((y.numpy().copy(), dx.numpy().copy()))
        for a, b in zip(*results, strict=True):
            np.testing.assert_array_equal(b, a)


@pytest.mark.parametrize("name", OPS)
def test_shards_draw_what_the_rows_have_in_the_whole_batch(device, name):
    expected = drawn(OPS[name], 0, ROWS)
    with netlet.device(device):
        parts = [drawn(OPS[name], *part) for part in PARTS]
    if name in ("dropout", "uniform"):
        np.testing.assert_array_equal(np.concatenate(parts), expected)
    else:
        np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-6, atol=1e-6)


def test_a_feed_takes_rows_of_each_batch(device):
    order = np.random.default_rng(1).permutation(ROWS)
    for first, rows in [(0, 2), (2, 1), (3, 9)]:  # of batches of half the rows
        with netlet.device(device):
            fed = _core.tensor(np.zeros((rows, 3, 7)))
            with _core.Tape(record=True) as tape:
                _core.assign(tape.feed((ROWS // 2, 3, 7), "float32", "float64", "x", first, rows), fed)
                plan = tape.compile([])
        for i, batch in enumerate(X[order].reshape(2, ROWS // 2, 3, 7)):
            plan.run_batches([netlet.to_device(X, device)], order, i * ROWS // 2, 1, 1e9, [], [])
            np.testing.assert_array_equal(fed.numpy(), batch[first : first + rows])

"""Random numbers and dropout on a GPU: the CPU's numbers."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core

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

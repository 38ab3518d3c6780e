"""Gradients by netlet's tape, for tests of single ops."""

from __future__ import annotations

import numpy as np

from netlet import _core


def rng_of(*key: object) -> np.random.Generator:
    return np.random.default_rng(sum(map(ord, str(key))))


def gradient(f, x, seed=None):
    """y = f(x) on an eager tape, and the gradient of sum(seed * y)."""
    leaf = _core.tensor(x)
    leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = f(leaf)
        (dx,) = tape.gradients(y, [leaf], seed)
    return y.numpy(), dx.numpy()

"""An op on a device against the CPU: results, gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import netlet
from netlet import _core

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


def results(
    f: Callable[..., Sequence[Any]], arrays: Sequence[np.ndarray | None], fixed: Sequence[Any], device: str
) -> list[np.ndarray]:
    """f(*arrays, *fixed) on the device, then the gradients of the arrays. Each result has a seed of its own."""
    with netlet.device(device):
        leaves = [None if a is None else _core.tensor(a) for a in arrays]
        known = [leaf for leaf in leaves if leaf is not None]
        for leaf in known:
            leaf.requires_grad = True
        with _core.Tape(grad=True) as tape:
            found = [y for y in f(*leaves, *fixed) if y is not None]
            rng = np.random.default_rng(7)
            total = None
            for y in found:
                seed = rng.standard_normal(tuple(y.shape)).astype(str(y.dtype))
                part = _core.sum(_core.multiply(y, seed), list(range(seed.ndim)))
                total = part if total is None else _core.add(total, part)
            grads = tape.gradients(total, known)
        return [y.numpy().copy() for y in [*found, *grads] if y is not None]


def check_device(
    f: Callable[..., Sequence[Any]],
    arrays: Sequence[np.ndarray | None],
    fixed: Sequence[Any] = (),
    device: str = "sim:0",
    factor: float = 1.0,
) -> None:
    """The results and gradients of both agree, relative to the largest number of each array."""
    there, here = results(f, arrays, fixed, device), results(f, arrays, fixed, "cpu")
    assert len(there) == len(here)
    for a, b in zip(there, here, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        size = np.abs(b[np.isfinite(b)]).max(initial=1e-30)
        np.testing.assert_allclose(a, b, rtol=0, atol=factor * TOLERANCE[str(b.dtype)] * size)

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
    """f(*arrays, *fixed) on the device, then the gradients of the arrays. Each result has its own output gradient."""
    netlet.utils.set_random_seed(0)
    with netlet.device(device):
        leaves = [None if a is None else _core.tensor(a) for a in arrays]
        known = [leaf for leaf in leaves if leaf is not None]
        for leaf in known:
            leaf.requires_grad = True
        steps = _core.BackwardList()
        steps.enter()
        try:
            found = [y for y in f(*leaves, *fixed) if y is not None]
        finally:
            steps.leave()
        rng = np.random.default_rng(7)
        seeds = [rng.standard_normal(tuple(y.shape)).astype(str(y.dtype)) for y in found]
        grads = steps.gradients(found, known, seeds)
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

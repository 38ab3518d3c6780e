"""Gradients as the tape computes them, and as the difference quotients of the forward pass say they must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet import _core

Function = Callable[..., Any]


def leaf(x: np.ndarray) -> Any:
    tensor = _core.tensor(x)
    tensor.requires_grad = True
    return tensor


def gradients(f: Function, xs: Sequence[np.ndarray], seed: np.ndarray) -> list[np.ndarray]:
    """d sum(seed * f(*xs)) / dxs by the tape; zeros where the tape says that none flows."""
    leaves = [leaf(x) for x in xs]
    with _core.Tape(grad=True) as tape:
        y = f(*leaves)
        assert tuple(y.shape) == seed.shape
        found = tape.gradients(y, leaves, seed)
    return [np.zeros_like(x) if g is None else g.numpy().copy() for g, x in zip(found, xs, strict=True)]


def quotients(f: Function, xs: Sequence[np.ndarray], seed: np.ndarray, h: float = 2e-3) -> list[np.ndarray]:
    """The same by the five-point stencil: its error is h^4 times the fifth derivative, and rounding over h."""
    results = []
    for k, x in enumerate(xs):
        d = np.zeros_like(x)
        for i in np.ndindex(*x.shape):
            total = 0.0
            for step, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
                moved = [v.copy() for v in xs]
                moved[k][i] += step * h
                total += weight * float(np.sum(seed * np.asarray(f(*moved))))
            d[i] = total / (12 * h)
        results.append(d)
    return results


def check_gradients(f: Function, xs: Sequence[np.ndarray], tolerance: float = 1e-9, h: float = 2e-3) -> None:
    """Float64 gradients of f agree with its difference quotients, where written and where added to another gradient."""
    xs = [np.asarray(x, "float64") for x in xs]
    y = np.asarray(f(*xs))
    seed = np.random.default_rng(7).uniform(0.5, 1.5, y.shape)
    found = gradients(f, xs, seed)
    expected = quotients(f, xs, seed, h)
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=tolerance, atol=tolerance)
    # Two uses of each input: the second gradient is added to the first.
    twice = gradients(lambda *ts: _core.add(f(*ts), f(*ts)), xs, seed)
    for g, e in zip(twice, found, strict=True):
        np.testing.assert_allclose(g, 2 * e, rtol=1e-14, atol=1e-14)
    # float32 takes the same formulas.
    single = gradients(f, [x.astype("float32") for x in xs], seed.astype("float32"))
    for g, e in zip(single, found, strict=True):
        scale = max(1.0, float(np.abs(e).max(initial=0)))
        np.testing.assert_allclose(g, e, rtol=2e-5, atol=2e-6 * scale)

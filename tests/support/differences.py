"""Gradients by the tape, and the reference: difference quotients of the forward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet import _core

Function = Callable[..., Any]

# Whether `check_gradients` also computes one difference quotient for each element of each input. Otherwise it computes
# one for each input, in a random direction.
every_element = False


def leaf(x: np.ndarray) -> Any:
    tensor = _core.tensor(x)
    tensor.requires_grad = True
    return tensor


def value_and_gradients(f: Function, xs: Sequence[np.ndarray], seed: Any) -> tuple[np.ndarray, list[np.ndarray]]:
    """f(*xs), and d sum(seed * f(*xs)) / dxs by the tape; zeros where the tape reports that no gradient flows.

    Args:
        f: a function of tensors.
        xs: its arguments.
        seed: array of the result's shape, or a function that makes it from the shape.
    """
    leaves = [leaf(x) for x in xs]
    with _core.Tape(grad=True) as tape:
        y = f(*leaves)
        dy = seed(tuple(y.shape)) if callable(seed) else seed
        assert tuple(y.shape) == dy.shape
        found = tape.gradients(y, leaves, dy)
    return y.numpy(), [np.zeros_like(x) if g is None else g.numpy().copy() for g, x in zip(found, xs, strict=True)]


def gradients(f: Function, xs: Sequence[np.ndarray], seed: np.ndarray) -> list[np.ndarray]:
    """The gradients of `value_and_gradients` alone."""
    return value_and_gradients(f, xs, seed)[1]


def quotient(f: Function, xs: Sequence[np.ndarray], k: int, direction: np.ndarray, seed: np.ndarray, h: float) -> float:
    """The derivative of sum(seed * f(*xs)) along a direction of input k, by the five-point stencil.

    Its error is of order h^4 times the fifth derivative, plus rounding errors divided by h.
    """
    total = 0.0
    for step, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
        moved = [v.copy() for v in xs]
        moved[k] += step * h * direction
        total += weight * float(np.sum(seed * np.asarray(f(*moved))))
    return total / (12 * h)


def quotients(f: Function, xs: Sequence[np.ndarray], seed: np.ndarray, h: float = 2e-3) -> list[np.ndarray]:
    """d sum(seed * f(*xs)) / dxs, one difference quotient for each element."""
    results = []
    for k, x in enumerate(xs):
        d = np.zeros_like(x)
        for i in np.ndindex(*x.shape):
            direction = np.zeros_like(x)
            direction[i] = 1
            d[i] = quotient(f, xs, k, direction, seed, h)
        results.append(d)
    return results


def directions(xs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """A random direction of length at most 1 for each input. No element of it is near 0, so each gradient counts."""
    rng = np.random.default_rng(11)
    found = [rng.uniform(0.5, 1.5, x.shape) * rng.choice([-1.0, 1.0], x.shape) for x in xs]
    return [d / max(1.0, float(np.linalg.norm(d))) for d in found]


def check_gradients(f: Function, xs: Sequence[np.ndarray], tolerance: float = 1e-9, h: float = 2e-3) -> None:
    """Checks the float64 gradients of f against difference quotients, both written and added to another gradient."""
    xs = [np.asarray(x, "float64") for x in xs]
    y = np.asarray(f(*xs))
    seed = np.random.default_rng(7).uniform(0.5, 1.5, y.shape)
    found = gradients(f, xs, seed)
    for k, (g, d) in enumerate(zip(found, directions(xs), strict=True)):
        np.testing.assert_allclose(np.sum(g * d), quotient(f, xs, k, d, seed, h), rtol=tolerance, atol=tolerance)
    if every_element:
        for g, e in zip(found, quotients(f, xs, seed, h), strict=True):
            np.testing.assert_allclose(g, e, rtol=tolerance, atol=tolerance)
    # Two uses of each input: the second gradient is added to the first.
    twice = gradients(lambda *ts: _core.add(f(*ts), f(*ts)), xs, seed)
    for g, e in zip(twice, found, strict=True):
        np.testing.assert_allclose(g, 2 * e, rtol=1e-14, atol=1e-14)
    # float32 uses the same formulas.
    single = gradients(f, [x.astype("float32") for x in xs], seed.astype("float32"))
    for g, e in zip(single, found, strict=True):
        scale = max(1.0, float(np.abs(e).max(initial=0)))
        np.testing.assert_allclose(g, e, rtol=2e-5, atol=2e-6 * scale)

"""Checks second derivatives against differences of the first gradient, in float64."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, ops

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape)


def positive(*shape):
    return RNG.uniform(0.5, 2.0, shape)


def watched(values):
    tensors = [_core.tensor(np.asarray(v, np.float64)) for v in values]
    for t in tensors:
        t.requires_grad = True
    return tensors


def first_gradients(f, values, seed):
    xs = watched(values)
    with netlet.GradientTape() as tape:
        y = f(*xs)
    return [None if g is None else g.numpy().copy() for g in tape.gradient(y, xs, seed)]


def check(f, *values, step=1e-5, tolerance=2e-6):
    """d/dx of sum(v . df/dx) from nested tapes against a difference of the first gradient in a random direction."""
    with _core.Tape():
        shape = f(*watched(values)).shape
    rng = np.random.default_rng(1)
    seed = rng.standard_normal(shape)
    xs = watched(values)
    with netlet.GradientTape() as outer:
        with netlet.GradientTape() as inner:
            y = f(*xs)
        grads = inner.gradient(y, xs, seed)
        vs = [rng.standard_normal(x.shape) for x in xs]
        parts = [ops.sum(ops.multiply(g, v)) for g, v in zip(grads, vs) if g is not None]
        total = sum(parts, start=_core.tensor(0.0, "float64"))
    plain = first_gradients(f, values, seed)
    for g, expected in zip(grads, plain, strict=True):
        assert (g is None) == (expected is None)
        if g is not None:
            np.testing.assert_allclose(g.numpy(), expected, rtol=1e-9, atol=1e-11)
    second = outer.gradient(total, xs)
    direction = [rng.standard_normal(x.shape) for x in xs]

    def value(sign):
        moved = [np.asarray(v) + sign * step * d for v, d in zip(values, direction)]
        found = first_gradients(f, moved, seed)
        return sum(float(np.sum(v * g)) for v, g in zip(vs, found) if g is not None)

    expected = (value(1) - value(-1)) / (2 * step)
    found = sum(float(np.sum(h.numpy() * d)) for h, d in zip(second, direction) if h is not None)
    assert found == pytest.approx(expected, rel=tolerance, abs=tolerance)

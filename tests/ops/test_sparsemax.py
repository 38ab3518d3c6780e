"""Sparsemax against its definition by sorting: every instruction set, any axis, sizes that leave a vector tail."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core
from support.differences import check_gradients


def by_sorting(x, axis):
    """Algorithm 1 of Martins and Astudillo (2016)."""
    z = -np.sort(-x, axis=axis)
    k = np.arange(1, x.shape[axis] + 1).reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])
    total = np.cumsum(z, axis=axis)
    support = (1 + k * z > total).sum(axis=axis, keepdims=True)
    tau = (np.take_along_axis(total, support - 1, axis) - 1) / support
    return np.maximum(x - tau, 0)


@pytest.mark.parametrize("scale", [0.01, 1, 100])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((5, 1), 1), ((7, 3), -1), ((4, 10), -1), ((3, 17), 1), ((3, 67), 0), ((2, 300, 19), 1), ((2, 5000), 1)],
)
def test_values(isa, shape, axis, scale):
    x = np.random.default_rng(0).normal(size=shape) * scale
    for dtype, tolerance in (("float64", 1e-14), ("float32", 2e-6)):
        y = _core.sparsemax(x.astype(dtype), axis)
        assert y.dtype == dtype
        np.testing.assert_allclose(y, by_sorting(x, axis), rtol=tolerance, atol=tolerance * max(1, scale))
        np.testing.assert_allclose(y.sum(axis), 1, rtol=10 * tolerance * max(1, scale))


def test_name_and_symbols():
    """The name is Keras's, the values are not: Keras's threshold sums all partial sums, so its rows do not sum to 1."""
    assert netlet.activations.get("sparsemax") is netlet.activations.sparsemax is netlet.ops.sparsemax
    inputs = netlet.Input((4,))
    model = netlet.Model(inputs, netlet.ops.sparsemax(inputs))
    x = np.random.default_rng(1).normal(size=(6, 4)).astype("float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), by_sorting(x, -1), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("axis", [-1, 0])
def test_gradient(isa, axis):
    x = np.random.default_rng(2).normal(size=(9, 21))
    check_gradients(lambda t: _core.sparsemax(t, axis), [x], h=1e-4)


def test_special_values(isa):
    """Ties share the probability; NaN and +inf make the row NaN; -inf gives 0."""
    x = np.array([[2.0, 2.0, 0.0], [np.nan, 1, 2], [np.inf, 0, 1], [-np.inf, 0.5, 0.5]])
    y = _core.sparsemax(x, -1)
    np.testing.assert_array_equal(y[[0, 3]], [[0.5, 0.5, 0], [0, 0.5, 0.5]])
    assert np.isnan(y[1]).all()
    assert np.isnan(y[2, 0])
    np.testing.assert_array_equal(_core.sparsemax(x.T.copy(), 0), y.T)


def test_bad_axis():
    with pytest.raises(ValueError, match="sparsemax"):
        netlet.ops.sparsemax(np.zeros((2, 3)), axis=2)

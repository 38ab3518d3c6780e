"""Cumulative sums and products: values against NumPy in float64, gradients against difference quotients and JAX."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlet import _core, ops
from support.differences import check_gradients, gradients


@settings(max_examples=100, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(["float32", "float64", "int32", "int64"]))
def test_any_axis(data, dtype):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6))
    x = np.random.default_rng(0).integers(-3, 4, shape).astype(dtype)  # exact in every type
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    for name in ("cumsum", "cumprod"):
        expected = getattr(np, name)(x, axis, dtype=dtype)
        ours = getattr(ops, name)(x, axis)
        np.testing.assert_array_equal(ours, expected)
        assert ours.dtype == expected.dtype


@pytest.mark.parametrize("shape", [(100_003,), (3, 5000), (5000, 3), (40, 130), (2, 300, 65), (7, 64, 1)], ids=str)
def test_long_sums_err_by_one_rounding(isa, shape):
    x = (np.random.default_rng(1).normal(size=shape) + 100).astype("float32")
    for axis in range(len(shape)):
        truth = x.astype("float64").cumsum(axis)
        # Each result is a float64 sum, rounded once.
        np.testing.assert_allclose(_core.cumsum(x, axis), truth, rtol=6e-8)
        np.testing.assert_allclose(_core.cumprod(1 + x * 1e-7, axis), (1 + x * 1e-7).astype("float64").cumprod(axis))


def test_nan_reaches_what_follows(isa):
    x = np.array([[1, np.nan, 2], [np.inf, -np.inf, 1]], "float32")
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(_core.cumsum(x, 1), x.cumsum(1))
        np.testing.assert_array_equal(_core.cumprod(x, 1), x.cumprod(1))


def test_integers_wrap_and_small_types_widen(isa):
    x = np.array([2**31 - 1, 1, 5], "int32")
    np.testing.assert_array_equal(_core.cumsum(x), x.cumsum(dtype="int32"))
    np.testing.assert_array_equal(_core.cumprod(x), x.cumprod(dtype="int32"))
    assert _core.cumsum(np.ones(3, bool)).dtype == np.int32
    assert ops.cumsum(np.ones(3, "int32"), dtype="float64").dtype == np.float64


def test_gradients(isa):
    x = np.random.default_rng(2).uniform(0.5, 1.5, (3, 4, 5))
    for axis in range(3):
        check_gradients(lambda v, a=axis: _core.cumsum(v, a), [x])
        check_gradients(lambda v, a=axis: _core.cumprod(v, a), [x])


def test_gradient_of_a_product_with_zeros(isa):
    x = np.array([[0.0, 2, 3, 0, 5], [1, 0, 0, 4, 5], [1, 2, 3, 4, 5]])
    for axis in (0, 1):
        y, vjp = jax.vjp(lambda v, a=axis: jax.numpy.cumprod(v, a), x)
        seed = np.linspace(1, 2, y.size).reshape(y.shape)
        ours = gradients(lambda v, a=axis: _core.cumprod(v, a), [x], seed)[0]
        np.testing.assert_allclose(ours, vjp(seed)[0], rtol=1e-13, atol=1e-13)


def test_threads_do_not_change_bits(threads):
    x = np.random.default_rng(3).normal(size=(50, 70, 90)).astype("float32")
    for axis in range(3):
        np.testing.assert_array_equal(_core.cumsum(x, axis), x.astype("float64").cumsum(axis).astype("float32"))

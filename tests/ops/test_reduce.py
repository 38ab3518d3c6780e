"""Reductions: values against NumPy in float64, gradients against difference quotients and JAX."""

from __future__ import annotations

import itertools
import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlet import _core
from support.differences import check_gradients, gradients

SIZES = [*range(1, 6), *(p + d for p in (8, 16, 32, 64, 128, 256, 512, 1024) for d in (-1, 0, 1)), 4097]
EXTREMES = ["max", "min"]


def numbers(shape, seed: int = 0, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def assert_sum(ours, x, axis, scale=1.0):
    """Within the error bound of pairwise summation: (log2(n) + a few) roundings, relative to the sum of magnitudes."""
    truth = x.astype("float64").sum(axis=axis) * scale
    size = np.abs(x.astype("float64")).sum(axis=axis) * scale
    n = x.size / max(1, np.size(truth))
    allowed = (4 + math.log2(max(n, 1))) * np.finfo(x.dtype).eps * size
    assert np.shape(ours) == truth.shape
    assert np.asarray(ours).dtype == x.dtype
    assert np.all(np.abs(np.asarray(ours, "float64") - truth) <= allowed)


# ---- values ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_and_columns_at_every_edge_of_the_vector(isa, dtype):
    for n in SIZES:
        x = numbers((3, n), n, dtype)
        assert_sum(_core.sum(x, 1), x, 1)
        assert_sum(_core.sum(x.T.copy(), 0), x.T, 0)
        assert_sum(_core.mean(x, -1), x, 1, 1 / n)
        assert_sum(_core.sum(x, 0), x, 0)
        for name in EXTREMES:
            np.testing.assert_array_equal(getattr(_core, name)(x, 1), getattr(x, name)(1))
            np.testing.assert_array_equal(getattr(_core, name)(x, 0), getattr(x, name)(0))
            np.testing.assert_array_equal(getattr(_core, name)(x.T.copy(), 0), getattr(x.T, name)(0))
        close_to_one = 1 + x / n
        truth = close_to_one.astype("float64").prod(1)
        np.testing.assert_allclose(_core.prod(close_to_one, 1), truth, rtol=(n + 2) * np.finfo(dtype).eps)
        truth = close_to_one.astype("float64").prod(0)
        np.testing.assert_allclose(_core.prod(close_to_one, 0), truth, rtol=5 * np.finfo(dtype).eps)


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(), name=st.sampled_from(["sum", "mean", "prod", "max", "min", "any", "all"]), keepdims=st.booleans()
)
def test_any_axes(data, name, keepdims):
    x = numbers(data.draw(hnp.array_shapes(max_dims=6, max_side=4)), 1)
    x[np.abs(x) < 0.3] = 0
    axes = data.draw(st.none() | st.lists(st.integers(-x.ndim, x.ndim - 1), unique_by=lambda a: a % x.ndim))
    ours = getattr(_core, name)(x, axes, keepdims)
    expected = getattr(np, name)(x, axis=None if axes is None else tuple(axes), keepdims=keepdims)
    assert ours.shape == expected.shape
    assert ours.dtype == expected.dtype
    np.testing.assert_allclose(ours, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((1_000_003,), 0),
        ((100_003, 3), 0),
        ((40_000, 10), 0),
        ((3, 70_001), 1),
        ((2, 5000, 40), 1),
        ((5000, 300), 0),
        ((20, 40_000), 1),
        ((300, 7, 30), (0, 2)),
        ((17, 20, 500), (0, 1)),
        ((64, 28, 28, 3), (0, 1, 2)),
        ((300_001, 2), 0),
    ],
    ids=str,
)
def test_sums_that_are_split_among_threads(isa, shape, axis):
    for offset in (0, 1000):  # with 1000, a sequential float32 sum would lose most of its digits
        x = numbers(shape, 3, "float32") + np.float32(offset)
        assert_sum(_core.sum(x, axis), x, axis)
        n = x.size / np.asarray(x.sum(axis)).size
        assert_sum(_core.mean(x, axis), x, axis, 1 / n)
    for name in EXTREMES:
        np.testing.assert_array_equal(getattr(_core, name)(x, axis), getattr(x, name)(axis))


def test_threads_do_not_change_bits(threads):
    x = numbers((1003, 700), 5, "float32")
    for f in (_core.sum, _core.mean, _core.prod, _core.max):
        for axis in (None, 0, 1):
            for view in (x, x[:, :3].copy(), x[:5].copy()):
                ours = np.asarray(f(view, axis))
                _core.set_num_threads(1)
                np.testing.assert_array_equal(ours, np.asarray(f(view, axis)))
                _core.set_num_threads(threads)


def test_rows_do_not_depend_on_their_neighbours(isa):
    x = numbers((5, 333), 2, "float32")
    np.testing.assert_array_equal(_core.sum(x, 1), np.concatenate([_core.sum(row[None], 1) for row in x]))
    columns = numbers((333, 40), 2, "float32")
    alone = [_core.sum(columns[:, i : i + 2].copy(), 0)[0] for i in range(39)]
    np.testing.assert_array_equal(_core.sum(columns, 0)[:39], alone)


def test_no_elements():
    empty = np.zeros((0, 3), "float32")
    np.testing.assert_array_equal(_core.sum(empty, 0), np.zeros(3))
    np.testing.assert_array_equal(_core.prod(empty, 0), np.ones(3))
    np.testing.assert_array_equal(_core.any(empty, 0), [False] * 3)
    np.testing.assert_array_equal(_core.all(empty, 0), [True] * 3)
    assert np.isnan(_core.mean(empty, 0)).all()
    assert _core.sum(empty, 1).shape == (0,)
    assert _core.max(empty, 1).shape == (0,)
    assert float(_core.sum(empty)) == 0
    for name in ("max", "min", "argmax", "argmin"):
        with pytest.raises(ValueError, match=f"{name}: expected at least one element"):
            getattr(_core, name)(empty, 0)


def test_one_number(isa):
    x = np.array(2.5)
    for name in ("sum", "mean", "prod", "max", "min"):
        assert float(getattr(_core, name)(x)) == 2.5
        assert getattr(_core, name)(x, []).shape == ()
    assert int(_core.argmax(x)) == 0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_and_infinity(isa, dtype):
    for n in (1, 3, 16, 40, 300):
        for where in {0, n // 2, n - 1}:
            for value in (np.nan, np.inf, -np.inf):
                x = numbers((2, n), 1, dtype)
                x[1, where] = value
                for name in ("sum", "max", "min", "mean"):
                    expected = getattr(np, name)(x.astype("float64"), 1)
                    tolerance = 0 if name in EXTREMES else 1e-4
                    np.testing.assert_allclose(getattr(_core, name)(x, 1), expected, rtol=tolerance, atol=tolerance)
                    np.testing.assert_allclose(
                        getattr(_core, name)(x.T.copy(), 0), expected, rtol=tolerance, atol=tolerance
                    )
                for name in ("argmax", "argmin"):
                    expected = getattr(np, name)(x, 1)
                    np.testing.assert_array_equal(getattr(_core, name)(x, 1), expected)
                    np.testing.assert_array_equal(getattr(_core, name)(x.T.copy(), 0), expected)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_integers(isa, dtype):
    x = np.random.default_rng(1).integers(-(2**31), 2**31, (37, 53), dtype=dtype)
    for axis in (None, 0, 1):
        np.testing.assert_array_equal(_core.sum(x, axis), x.sum(axis, dtype=dtype))
        np.testing.assert_array_equal(_core.prod(x, axis), x.prod(axis, dtype=dtype))
        for name in ("max", "min", "argmax", "argmin"):
            np.testing.assert_array_equal(getattr(_core, name)(x, axis), getattr(x, name)(axis))
    assert _core.sum(x).dtype == np.dtype(dtype)
    np.testing.assert_allclose(_core.mean(x, 0), x.mean(0), rtol=1e-4, atol=4)
    assert _core.mean(x).dtype == np.dtype("float32")


def test_booleans(isa):
    x = np.random.default_rng(1).random((9, 70)) > 0.9
    x[3] = True
    x[5] = False
    for axis in (None, 0, 1):
        np.testing.assert_array_equal(_core.any(x, axis), x.any(axis))
        np.testing.assert_array_equal(_core.all(x, axis), x.all(axis))
        np.testing.assert_array_equal(_core.any(x * np.nan, axis), (x * np.nan).any(axis))
        np.testing.assert_array_equal(_core.sum(x, axis), x.sum(axis))
    assert _core.any(x).dtype == np.dtype(bool)
    assert _core.max(x).dtype == np.dtype(bool)
    assert _core.sum(x).dtype == np.dtype("int32")


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_the_first_extreme_position(isa, dtype):
    rng = np.random.default_rng(4)
    for shape in [(1, 1), (5, 3), (4, 17), (3, 100), (2, 5, 300), (700,), (33, 2)]:
        x = rng.integers(0, 4, shape).astype(dtype)  # many ties
        for axis in [None, *range(-len(shape), len(shape))]:
            for name, keepdims in itertools.product(("argmax", "argmin"), (False, True)):
                ours = getattr(_core, name)(x, axis, keepdims)
                np.testing.assert_array_equal(ours, getattr(x, name)(axis, keepdims=keepdims))
                assert ours.dtype == np.dtype("int32")


def test_wrong_axes():
    with pytest.raises(ValueError, match="sum: axis 2 is out of bounds"):
        _core.sum(np.zeros((2, 3)), 2)
    with pytest.raises(ValueError, match="max: axis -2 is listed twice"):
        _core.max(np.zeros((2, 3)), [0, -2])


# ---- gradients -------------------------------------------------------------------------------------------------------
@pytest.mark.product
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, [0, 2], [1], [0, 1], [], [2, 1]], ids=str)
@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min"])
def test_gradients(isa, name, axis, keepdims):
    x = np.random.default_rng(3).permutation(24).reshape(2, 3, 4) / 24 + 0.5
    check_gradients(lambda v: getattr(_core, name)(v, axis, keepdims), [x])


def test_gradient_of_a_product_with_zeros(isa):
    jax = pytest.importorskip("jax")
    x = np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]])
    for axis in (None, 0, 1):
        y, vjp = jax.vjp(lambda v, axis=axis: jax.numpy.prod(v, axis=axis), x)
        seed = np.ones(y.shape)
        np.testing.assert_allclose(gradients(lambda v, axis=axis: _core.prod(v, axis), [x], seed)[0], vjp(seed)[0])


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2), (0, 1, 2)], ids=str)
def test_ties_share_the_gradient_as_in_jax(isa, axis):
    jax = pytest.importorskip("jax")
    keras = pytest.importorskip("keras")
    x = np.random.default_rng(5).integers(0, 3, (3, 4, 5)).astype("float64")
    for name in EXTREMES:
        y, vjp = jax.vjp(lambda v, name=name: getattr(keras.ops, name)(v, axis=axis), x)
        seed = np.linspace(1, 2, y.size).reshape(y.shape)
        ours = gradients(lambda v, name=name: getattr(_core, name)(v, axis), [x], seed)[0]
        np.testing.assert_allclose(ours, vjp(seed)[0], rtol=1e-15)


def test_gradients_of_large_reductions_are_recorded_and_replayed(isa):
    x = numbers((100, 700), 1, "float32")
    with _core.Tape(record=True, grad=True) as tape:
        t = tape.input(x.shape, "float32", "x")
        row = _core.tensor(numbers(700, 2, "float32"))
        row.requires_grad = True
        (d_row,) = tape.gradients(_core.mean(_core.multiply(t, row), 1), [row])
        plan = tape.compile([d_row])
    ours = np.asarray(plan.run([x])[0][0])
    assert_sum(ours, x / np.float32(700), 0)


@pytest.mark.parametrize("op", ["argmax", "argmin", "max", "min"])
def test_extremes_of_an_empty_array(op):
    """An extreme over no elements is an error, but an empty result is not."""

    def call(shape, axis):
        several = op in ("max", "min") and axis is not None
        return getattr(_core, op)(np.zeros(shape, "float32"), [axis] if several else axis, False)

    for shape, axis in [((4, 0), 0), ((0, 4), 1), ((2, 0, 3), 0), ((2, 0, 3), -1)]:
        got = call(shape, axis)
        assert got.shape == getattr(np, op)(np.zeros(shape), axis=axis).shape
    for shape, axis in [((4, 0), 1), ((0,), None), ((0, 4), 0)]:
        with pytest.raises(ValueError, match=op):
            call(shape, axis)

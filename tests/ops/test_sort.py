"""Sorting ops: values and positions against NumPy, top_k's ties and NaNs against JAX, gradients against quotients."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlet import _core, ops
from support.differences import check_gradients

DTYPES = ["float32", "float64", "int8", "uint8", "int32", "int64", "bool"]
# Sizes around the limits between the algorithms: insertion sort, selection, radix sort.
SIZES = [0, 1, 2, 3, 16, 31, 32, 33, 47, 48, 49, 64, 255, 256, 257, 1000, 70_001]


def same(ours, expected):
    np.testing.assert_array_equal(ours, expected)
    assert np.asarray(ours).dtype == expected.dtype
    assert np.shape(ours) == expected.shape


def lines(n, dtype, kind, rng):
    if kind == "ties":
        return rng.integers(0, 5, (3, n)).astype(dtype)
    if np.dtype(dtype).kind == "f":
        x = rng.normal(size=(3, n)).astype(dtype) * 10.0 ** rng.integers(-30, 30, (3, n)).astype(dtype)
        if n > 3:
            x[:, rng.integers(0, n, 3)] = [np.nan, np.inf, -np.inf]
            x[0, :4] = [0.0, -0.0, -np.nan, 0.0]
        return x
    low, high = (0, 2) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return rng.integers(low, high, (3, n), dtype="int64").astype(dtype)


@pytest.mark.parametrize("kind", ["ties", "all numbers"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_sort_and_argsort(isa, dtype, kind):
    rng = np.random.default_rng(1)
    for n in SIZES:
        x = lines(n, dtype, kind, rng)
        order = np.argsort(x, 1, kind="stable").astype("int32")
        for ours, theirs in ((x, order), (x.T.copy(), order.T)):
            axis = 1 if ours is x else 0
            same(_core.argsort(ours, axis), theirs)
            same(_core.sort(ours, axis), np.take_along_axis(ours, theirs, axis))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(["float32", "float64", "int32", "int64"]))
def test_any_axis(data, dtype):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6))
    x = np.random.default_rng(2).integers(-4, 4, shape).astype(dtype)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    same(ops.sort(x, axis), np.sort(x, axis))
    same(ops.argsort(x, axis), np.argsort(x, axis, kind="stable").astype("int32"))
    same(ops.sort(x, None), np.sort(x, None))
    same(ops.argsort(x, axis=None), np.argsort(x, None, kind="stable").astype("int32"))


@pytest.mark.parametrize("kind", ["ties", "all numbers"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_top_k(isa, dtype, kind):
    rng = np.random.default_rng(3)
    for n in SIZES[:-1]:
        x = lines(n, dtype, kind, rng)
        # A stable descending sort is a stable ascending sort of the reversed row, read backwards.
        order = n - 1 - np.argsort(x[:, ::-1], 1, kind="stable")[:, ::-1]
        for k in {0, 1, 5, 32, 33, n // 2, n} & set(range(n + 1)):
            values, positions = _core.top_k(x, k)
            same(positions, order[:, :k].astype("int32"))
            same(values, np.take_along_axis(x, order[:, :k], 1))
    sorted_the_wrong_way = np.arange(1000).astype(dtype)[None]  # each entry replaces another one
    same(_core.top_k(sorted_the_wrong_way, 20)[0], np.sort(sorted_the_wrong_way)[:, ::-1][:, :20].copy())


def test_top_k_has_the_ties_and_nans_of_jax(isa):
    x = np.array([[1, np.nan, 3, 3, np.nan, np.inf, -np.inf, 1]], "float32")
    for ours, theirs in zip(_core.top_k(x, 8), keras.ops.top_k(x, 8), strict=True):
        np.testing.assert_array_equal(ours, np.asarray(theirs))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_in_top_k(isa, dtype):
    rng = np.random.default_rng(4)
    for classes in (1, 2, 7, 8, 9, 33, 1000):
        x = rng.integers(0, classes, (50, classes)).astype(dtype)
        if dtype != "int32":
            x[0, 0] = x[1, -1] = np.nan
        targets = rng.integers(0, classes, 50)
        targets[:2] = 0
        for k in (0, 1, 2, 5, classes):
            expected = np.asarray(keras.ops.in_top_k(targets, x.astype("float64"), k))
            for index in ("int32", "int64"):
                same(_core.in_top_k(targets.astype(index), x, k), expected)
    outside = np.array([-1, 3, 2**31 - 1, -(2**31)], "int32")
    same(_core.in_top_k(outside, np.ones((4, 3), "float32"), 3), np.zeros(4, bool))
    same(_core.in_top_k(np.array([[0, 2]]), np.array([[[1.0, 2, 3], [1, 2, 3]]]), 1), np.array([[False, True]]))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted(isa, dtype, side):
    rng = np.random.default_rng(5)
    for n in (0, 1, 2, 3, 10, 1000):
        edges = np.sort(rng.integers(-20, 20, n)).astype(dtype)
        x = rng.integers(-25, 25, (40, 7)).astype(dtype)
        if dtype.startswith("float"):
            edges[n - n // 3 :] = np.nan
            x[0] = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45]
        same(ops.searchsorted(edges, x, side), np.searchsorted(edges, x, side).astype("int32"))


def test_median_of_odd_even_and_nan():
    x = np.array([[1.0, 9.0, 2.0, 4.0], [np.nan, 1.0, 2.0, 3.0]])
    same(ops.median(x, 1), np.median(x, 1))
    same(ops.median(x[:1, :3], 1), np.median(x[:1, :3], 1))
    same(ops.median(x, (0, 1), keepdims=True), np.median(x, (0, 1), keepdims=True))
    assert float(ops.median(np.array([3, 1, 2], "int32"))) == 2


def test_threads_do_not_change_order(threads):
    x = np.random.default_rng(6).integers(0, 50, (300, 500)).astype("float32")
    same(_core.argsort(x, 1), np.argsort(x, 1, kind="stable").astype("int32"))
    same(_core.argsort(x, 0), np.argsort(x, 0, kind="stable").astype("int32"))
    same(_core.top_k(x, 7)[0], np.sort(x, 1)[:, :-8:-1].copy())


def test_recorded(isa):
    """The scratch memory of a recorded sort is in the plan's arena, next to other values."""
    with _core.Tape(record=True) as tape:
        x = tape.input((40, 300), "float32", "x")
        doubled = _core.multiply(x, 2.0)
        plan = tape.compile([_core.sort(doubled), _core.add(_core.top_k(doubled, 3)[0], 1.0), _core.argsort(x, 0)])
    given = np.random.default_rng(7).normal(size=(40, 300)).astype("float32")
    for _ in range(2):
        rising, top, order = (np.asarray(v) for v in plan.run([given])[0])
        same(rising, np.sort(2 * given))
        same(top, np.sort(2 * given)[:, :-4:-1] + 1)
        same(order, np.argsort(given, 0, kind="stable").astype("int32"))


def test_gradients(isa):
    x = np.random.default_rng(8).permutation(60).reshape(3, 4, 5) / 10
    for axis in (0, 1, 2):
        check_gradients(lambda v, a=axis: _core.sort(v, a), [x])
    check_gradients(lambda v: _core.top_k(v, 3)[0], [x])
    check_gradients(lambda v: ops.median(v, 1), [x])


def test_refusals():
    x = np.zeros((2, 3))
    with pytest.raises(
        ValueError, match=r"top_k: expected 0 <= k <= the last dimension of shape \(2, 3\), received k=4"
    ):
        _core.top_k(x, 4)
    with pytest.raises(ValueError, match="top_k"):
        _core.top_k(np.float64(1), 1)
    with pytest.raises(ValueError, match="axis 2"):
        ops.sort(x, 2)
    with pytest.raises(TypeError, match="in_top_k: expected integer indices, received float64"):
        _core.in_top_k(x[:, 0], x, 1)
    with pytest.raises(ValueError, match=r"in_top_k: expected targets \(...\)"):
        _core.in_top_k(np.zeros(3, "int32"), x, 1)
    with pytest.raises(ValueError, match="searchsorted: expected a sorted sequence of one axis"):
        _core.searchsorted(x, x)
    with pytest.raises(ValueError, match="expected side 'left' or 'right'"):
        ops.searchsorted(x[0], x, "middle")
    with pytest.raises(ValueError, match="no elements"):
        ops.median(np.zeros((0, 3)), 0)
    with pytest.raises(ValueError, match="kth=3"):
        ops.argpartition(x, 3)

"""Indexing ops: values against NumPy, gradients against JAX and difference quotients."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netlet
from netlet import _core, ops
from support.differences import check_gradients, gradients

DTYPES = ["float32", "float64", "int8", "uint8", "int32", "int64", "bool"]
JOIN = {"set": None, "add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def numbers(shape, dtype="float64", seed=0):
    return (np.random.default_rng(seed).normal(size=shape) * 50).astype(dtype)


def same(ours, expected):
    np.testing.assert_array_equal(ours, expected)
    assert np.asarray(ours).dtype == expected.dtype
    assert np.shape(ours) == expected.shape


# ---- take_along_axis
@settings(max_examples=200, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(DTYPES), index=st.sampled_from(["int32", "int64", "int8"]))
def test_take_along_any_axis(data, dtype, index):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=6))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    k = data.draw(st.integers(0, 8))
    ours_shape, x_shape = list(shape), list(shape)
    ours_shape[axis] = k
    for i in range(len(shape)):  # all other axes broadcast
        if i != axis % len(shape):
            which = data.draw(st.sampled_from(["both", "x", "index"]))
            ours_shape[i] = 1 if which == "x" else shape[i]
            x_shape[i] = 1 if which == "index" else shape[i]
    x = numbers(x_shape, dtype)
    at = np.random.default_rng(1).integers(-x.shape[axis], x.shape[axis], ours_shape).astype(index)
    same(_core.take_along_axis(x, at, axis), np.take_along_axis(x, at.astype("int64"), axis))


def test_take_along_axis_checks_what_it_can_see(isa):
    x = np.arange(6.0).reshape(2, 3)
    message = r"take_along_axis: index {} at \(1, 0\) is out of bounds for axis 1 with 3 entries"
    for bad in (3, -4):
        with pytest.raises(ValueError, match=message.format(bad)):
            _core.take_along_axis(x, np.array([[0], [bad]]), 1)
    with pytest.raises(TypeError, match="integer indices"):
        _core.take_along_axis(x, np.array([[0.0]]), 1)
    with pytest.raises(ValueError, match="broadcast outside of axis 1"):
        _core.take_along_axis(x, np.array([[0], [0], [0]]), 1)
    with _core.Tape(record=True) as tape:
        at = tape.input((2, 2), "int32", "index")
        plan = tape.compile([_core.take_along_axis(x, at, 1), _core.take_along_axis(x.astype("int32"), at, 1)])
    floats, integers = plan.run([np.array([[0, 3], [-4, -1]], "int32")])[0]
    np.testing.assert_array_equal(np.asarray(floats), [[0, np.nan], [np.nan, 5]])
    np.testing.assert_array_equal(np.asarray(integers), [[0, 0], [0, 5]])


# ---- scatter
def reference(into, at, updates, how, negative=True):
    y = into.copy()
    depth = at.shape[-1]
    updates = np.broadcast_to(updates, at.shape[:-1] + into.shape[depth:])
    for place in np.ndindex(*at.shape[:-1]):
        row = tuple(at[place])
        y[row] = updates[place] if how == "set" else JOIN[how](y[row], updates[place])
    return y


@pytest.mark.product
@pytest.mark.parametrize("how", JOIN)
@pytest.mark.parametrize("dtype", DTYPES)
def test_scatter(isa, dtype, how):
    rng = np.random.default_rng(2)
    for shape, depth, count in [((7,), 1, 20), ((5, 3), 1, 9), ((5, 3), 2, 30), ((4, 3, 17), 2, 11), ((3, 40), 1, 1)]:
        into = numbers(shape, dtype)
        at = np.stack([rng.integers(-n, n, count) for n in shape[:depth]], -1)
        updates = numbers((count, *shape[depth:]), dtype, 3)
        if how in ("add", "mul") and dtype in ("int8", "uint8", "bool"):
            into, updates = into // 50 if dtype != "bool" else into, np.abs(updates) % 2
            updates = updates.astype(dtype)
            if dtype != "bool":
                updates[...] = how == "mul"
        same(_core.scatter(into, at, updates, how), reference(into, at, updates, how).astype(dtype))
        # Positions along several axes, and one update for all positions.
        one = updates[0]
        same(_core.scatter(into, at[None, :, None], one, how), reference(into, at, one, how))


def test_scatter_of_many_rows_does_not_depend_on_threads(threads):
    rng = np.random.default_rng(3)
    at, updates = rng.integers(0, 900, (20_000, 1)), numbers((20_000, 33), "float32")
    expected = np.zeros((900, 33), "float32")
    np.add.at(expected, at[:, 0], updates)
    same(ops.scatter(at, updates, (900, 33)), expected)
    same(ops.segment_sum(updates, at[:, 0], 900), expected)


def test_nan_wins_an_extreme(isa):
    at = np.array([[0], [0], [1], [1]])
    for how in ("max", "min"):
        same(_core.scatter(np.zeros(2), at, np.array([np.nan, 1, 1, np.nan]), how), np.full(2, np.nan))


def test_scatter_checks_what_it_can_see(isa):
    x = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"scatter_update: index 2 at \(1, 0\) is out of bounds for axis 0 with 2"):
        ops.scatter_update(x, np.array([[0, 0], [2, 0]]), np.ones(2))
    with pytest.raises(ValueError, match=r"scatter_update: index -4 at \(1, 0\) is out of bounds for axis 1 with 3"):
        ops.scatter_update(x, np.array([[0, 0], [1, -4]]), np.ones(2))
    for ids in ([0, 2], [0, -1]):
        with pytest.raises(ValueError, match=rf"segment_sum: index {ids[1]} at \(1, 0\) is out of bounds"):
            ops.segment_sum(np.ones(2), np.array(ids), 2)
    with pytest.raises(ValueError, match="1 <= depth <= 2"):
        ops.scatter_update(x, np.zeros((1, 3), "int32"), np.ones(1))
    with pytest.raises(ValueError, match="broadcast"):
        ops.scatter_update(x, np.array([[0], [1]]), np.ones((2, 4)))
    with pytest.raises(TypeError, match="integer indices"):
        ops.scatter_update(x, np.array([[0.0]]), np.ones(3))
    with pytest.raises(ValueError, match="expected reduction None"):
        ops.scatter_update(x, np.array([[0]]), np.ones(3), "sub")
    with pytest.raises(ValueError, match=r"expected data \(N, ...\)"):
        ops.segment_sum(np.ones(3), np.array([0, 1]), 2)
    with _core.Tape(record=True) as tape:
        at = tape.input((3, 1), "int64", "index")
        plan = tape.compile([_core.scatter(np.zeros(2), at, np.array([1.0, 2, 4]), "add")])
    np.testing.assert_array_equal(np.asarray(plan.run([np.array([[-1], [2**62], [-3]])])[0][0]), [0, 1])


def test_segments_without_rows_and_of_integers():
    data, ids = np.array([3, -2, 5], "int32"), np.array([2, 0, 2])
    same(ops.segment_sum(data, ids, 4), np.array([-2, 0, 8, 0], "int32"))
    same(ops.segment_max(data, ids, 4), np.array([-2, -(2**31), 5, -(2**31)], "int32"))
    same(ops.segment_min(data, ids, 4), np.array([-2, 2**31 - 1, 3, 2**31 - 1], "int32"))
    same(ops.segment_sum(data, ids), np.array([-2, 0, 8], "int32"))
    same(ops.segment_max(data.astype("float32"), ids, 2 + 2)[1], np.float32(-np.inf))


def test_counts_and_positions():
    x = np.array([[1, 1, 4], [0, 2, 2]])
    for row in x:
        np.testing.assert_array_equal(ops.bincount(row, minlength=3), np.bincount(row, minlength=3))
    np.testing.assert_array_equal(ops.bincount(x), [np.bincount(r, minlength=5) for r in x])
    weights = np.array([0.5, 2.0, 1.0])
    np.testing.assert_array_equal(ops.bincount(x[0], weights), np.bincount(x[0], weights))
    assert ops.bincount(np.zeros(0, "int32")).shape == (0,)
    assert isinstance(ops.bincount(ops.convert_to_tensor(x[0])), netlet.Tensor)
    for ours, theirs in zip(ops.nonzero(x - 1), np.nonzero(x - 1), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for f in (ops.bincount, ops.nonzero):
        with pytest.raises(NotImplementedError, match="depends on values"):
            f(netlet.Input((3,), dtype="int32"))
    with pytest.raises(ValueError, match="holds -1"):
        ops.bincount(np.array([1, -1]))
    with pytest.raises(ValueError, match="integers"):
        ops.bincount(np.array([1.0]))


# ---- slice_update
@settings(max_examples=100, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(DTYPES))
def test_slice_update(data, dtype):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, max_side=5))
    block = tuple(data.draw(st.integers(0, n)) for n in shape)
    start = tuple(data.draw(st.integers(0, n - b)) for n, b in zip(shape, block, strict=True))
    x, updates = np.asarray(numbers(shape, dtype)), np.asarray(numbers(block, dtype, 1))
    expected = x.copy()
    expected[tuple(slice(s, s + b) for s, b in zip(start, block, strict=True))] = updates
    same(ops.slice_update(x, start, updates), expected)


def test_slice_update_refuses():
    with pytest.raises(ValueError, match=r"slice_update: expected entries within axis 1.*received 1 to 3"):
        ops.slice_update(np.zeros((2, 3)), (0, 1), np.ones((1, 3)))
    with pytest.raises(ValueError, match="a start and a size"):
        ops.slice_update(np.zeros((2, 3)), (0,), np.ones((1, 3)))


# ---- gradients
X = numbers((3, 4, 5), seed=4) / 50
AT = np.array([[0, 1], [2, -1], [0, 1], [1, 0]])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gradient_of_take_along_axis(isa, axis):
    at = np.random.default_rng(5).integers(-3, 3, [2 if a == axis % 3 else n for a, n in enumerate(X.shape)])
    check_gradients(lambda v: _core.take_along_axis(v, at, axis), [X])
    check_gradients(lambda v: _core.take_along_axis(v[:1] if axis else v, at, axis), [X])


@pytest.mark.parametrize("how", ["set", "add", "max", "min"])
def test_gradients_of_scatter(isa, how):
    check_gradients(lambda v, u: _core.scatter(v, AT, u, how), [X, numbers((4, 5), seed=6) / 50])
    check_gradients(lambda v, u: _core.scatter(v, AT, u, how), [X, numbers((5,), seed=7) / 50])


def test_gradients_of_other_updates(isa):
    check_gradients(lambda v: _core.scatter(v, AT, numbers((4, 5)) / 50, "mul"), [X])
    with pytest.raises(ValueError, match="have no gradient"):
        check_gradients(lambda u: _core.scatter(X, AT, u, "mul"), [numbers((4, 5))])
    check_gradients(lambda v, u: _core.slice_update(v, [1, 0, 2], u), [X, numbers((2, 3, 3)) / 50])
    ids = np.array([1, 3, 1, 0])
    check_gradients(lambda v: ops.segment_sum(v, ids, 4), [X[0]])


def test_ties_of_an_extreme_share_the_gradient(isa):
    data, ids = np.array([1.0, 3, 3, 2, 2, 2]), np.array([0, 0, 0, 1, 1, 2])
    seed = np.array([1.0, 6, 5])
    _, vjp = jax.vjp(lambda v: jax.ops.segment_max(v, ids, 3), data)
    ours = gradients(lambda v: ops.segment_max(v, ids, 3), [data], seed)[0]
    np.testing.assert_allclose(ours, [0, 0.5, 0.5, 3, 3, 5])
    np.testing.assert_allclose(ours, vjp(seed)[0])


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8", "uint8", "int32", "int64", "bool"])
def test_one_hot_is_written_in_its_own_type(isa, dtype):
    index = np.array([[2, 0, -1], [5, 1, 4]])
    np.testing.assert_array_equal(_core.one_hot(index, 5, dtype), np.eye(7, 5, dtype=dtype)[index % 6])
    for axis in (0, 1, 2):
        want = np.moveaxis(np.eye(7, 5, dtype=dtype)[index % 6], -1, axis)
        got = _core.one_hot(index, 5, dtype, axis)
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)
    with _core.Tape(record=True) as tape:
        plan = tape.compile([_core.one_hot(tape.input((3,), "int32", "x"), 4, dtype)])
    assert [row["kernel"] for row in plan.records()] == ["one_hot"]

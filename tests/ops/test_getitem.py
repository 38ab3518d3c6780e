"""x[key] against NumPy for generated keys, with gradients, and with positions that a recorded step computes."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, ops
from support.differences import gradients


def generated(rng):
    """An array and a key with integers, slices, None, Ellipsis, arrays, masks and bools in any order."""
    shape = tuple(rng.integers(1, 5, rng.integers(0, 4)))
    rank, axis, key = len(shape), 0, []
    common = [(), (1,), (2,), (3, 1), (2, 3)][rng.integers(5)]
    while axis < rank and len(key) < 6:
        n, kind = int(shape[axis]), rng.integers(9)
        if kind == 0:
            key.append(None)
            continue
        if kind == 1 and not any(k is Ellipsis for k in key):
            key.append(Ellipsis)
            axis += int(rng.integers(0, rank - axis + 1))
            continue
        if kind == 2:
            key.append(bool(rng.integers(2)))
            continue
        if kind in (3, 4):
            ends = [None, -5, -2, -1, 0, 1, 2]
            key.append(slice(ends[rng.integers(7)], ends[rng.integers(7)], [None, 1, 2, -1, -2][rng.integers(5)]))
        elif kind == 5:
            key.append(int(rng.integers(-n, n)))
        elif kind == 6 and axis + 1 < rank:
            key.append(rng.random(shape[axis : axis + 2]) < 0.5)
            axis += 1
        elif kind == 7:
            key.append(rng.random(n) < 0.5)
        else:
            key.append(rng.integers(-n, n, common))
        axis += 1
    return rng.standard_normal(shape), tuple(key)


def test_generated_keys():
    rng = np.random.default_rng(0)
    compared = 0
    for _ in range(1500):
        x, key = generated(rng)
        try:
            want = x[key]
        except IndexError:
            with pytest.raises(IndexError):
                ops.getitem(x, key)
            continue
        if want.ndim > 8 or x.ndim + sum(k is None or isinstance(k, bool) for k in key) > 8:
            continue
        got = ops.convert_to_tensor(x)[key]
        assert isinstance(got, netlet.Tensor)
        np.testing.assert_array_equal(got, want, strict=True)
        compared += 1
    assert compared > 1000


def test_gradients_of_generated_keys():
    rng = np.random.default_rng(1)
    for _ in range(150):
        x, key = generated(rng)
        try:
            want = x[key]
        except IndexError:
            continue
        if x.ndim + sum(k is None or isinstance(k, bool) for k in key) > 8:
            continue
        seed = rng.standard_normal(want.shape)
        expected = np.zeros_like(x)
        np.add.at(expected, key, seed)
        (found,) = gradients(lambda t, key=key: ops.getitem(t, key), [x], seed)
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    "key",
    [
        lambda i, j: (i, j),
        lambda i, j: (0, i),
        lambda i, j: (i, slice(None), j),
        lambda i, j: (slice(1, None), i, j),
        lambda i, j: (Ellipsis, i),
        lambda i, j: (i, None, 1),
        lambda i, j: (i[:1, None], j, -1),
        lambda i, j: (0, i[0], j[1]),
        lambda i, j: (np.array([0, -1]), i),
        lambda i, j: (np.array([True, False]), i, 1),
        lambda i, j: i[0],
    ],
)
def test_positions_that_a_step_computes(key):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2, 3, 4))
    with _core.Tape(record=True) as tape:
        t = tape.input(x.shape, "float64", "x")
        i, j = tape.input((2,), "int32", "i"), tape.input((2,), "int64", "j")
        plan = tape.compile([ops.getitem(t, key(i, j))])
    symbols = [netlet.Input(batch_shape=(2,), dtype=d) for d in ("int32", "int64")]
    model = netlet.Model(symbols, ops.convert_to_tensor(x)[key(*symbols)])
    for a, b in (([0, 1], [1, -1]), ([-2, 1], [0, 1])):
        a, b = np.array(a, "int32"), np.array(b)
        np.testing.assert_array_equal(np.asarray(plan.run([x, a, b])[0][0]), x[key(a, b)])
        np.testing.assert_array_equal(np.asarray(model([a, b])), x[key(a, b)])


def test_positions_outside_of_a_step_are_nan_and_outside_of_an_array_an_error():
    x = np.arange(6.0).reshape(2, 3)
    with _core.Tape(record=True) as tape:
        i = tape.input((3,), "int32", "i")
        plan = tape.compile([ops.getitem(x, (i, i))])
    got = np.asarray(plan.run([np.array([1, 2, -3], "int32")])[0][0])
    np.testing.assert_array_equal(got, [4.0, np.nan, np.nan])
    for key in (
        [2],
        (0, [3]),
        ([-3], 0),
        (np.array([0, 5]), slice(None)),
        2,
        (0, 0, 0),
        [0.5],
        "a",
        ([0, 1], [0, 1, 2]),
    ):
        with pytest.raises((IndexError, TypeError)):
            ops.getitem(x, key)


def test_a_mask_that_a_step_computes_names_the_way_out():
    with _core.Tape(record=True) as tape:
        x = tape.input((4,), "float32", "x")
        with pytest.raises(NotImplementedError, match=r"x\[mask\].*depends on the values of the mask"):
            ops.getitem(x, x > 0)
    symbol = netlet.Input((4,))
    model = netlet.Model(symbol, symbol[symbol > 0])  # runs eagerly
    assert model(np.array([[1.0, -1.0, 0.0, 2.0]], "float32")).tolist() == [1.0, 2.0]

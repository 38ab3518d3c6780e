"""Powers and extrema of integers are integers of their own dtype, and exact."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core, ops

DTYPES = ["int8", "uint8", "int32", "int64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_powers_wrap_around_as_numpys_do(dtype):
    base = np.array([0, 1, 2, 3, 7, 100, 127], dtype)[:, None]
    exponent = np.array([0, 1, 2, 3, 5, 21, 64], dtype)
    y = ops.power(base, exponent)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, np.power(base, exponent))


@pytest.mark.parametrize("exponent", [0, 1, 2, 5])
def test_a_python_exponent_keeps_the_dtype(exponent):
    x = np.array([-3, 4], "int8")
    y = ops.power(x, exponent)
    assert y.dtype == "int8"
    np.testing.assert_array_equal(y, x**exponent)


def test_powers_beyond_what_floats_hold():
    assert ops.power(np.array([3], "int64"), np.array([39], "int64")).item() == 3**39


def test_negative_powers_are_rounded_toward_zero():
    y = ops.power(np.array([2, 1, -1, -1, 0], "int32"), np.array([-1, -3, -3, -2, -1], "int32"))
    assert y.tolist() == [0, 1, -1, 1, 0]


def test_a_power_that_is_computed_in_a_recorded_step():
    tape = _core.Tape(record=True)
    with tape:
        n = tape.input([4], "int32", "n")
        y = ops.power(np.array([2, -3, 5, -1], "int32"), n)
    plan = tape.compile([y])
    assert np.ravel(plan.run([np.array([10, 3, 0, -5], "int32")])[0]).tolist() == [1024, -27, 1, -1]


def test_floats_anywhere_make_floats():
    assert ops.power(np.array([2], "int32"), 0.5).dtype == "float32"
    assert ops.power(np.array([2.0], "float32"), np.array([3], "int32")).item() == 8.0


def test_bools_become_int32():
    y = ops.power(np.array([True, False]), np.array([False, True]))
    assert (y.dtype, y.tolist()) == ("int32", [1, 0])


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("dtype", [*DTYPES, "bool"])
def test_extrema_have_the_dtype_of_their_elements(name, dtype):
    x = np.array([[1, 0, 3], [2, 5, 1]], "int32").astype(dtype)
    for arguments in ({}, {"axis": 1}, {"axis": 0, "keepdims": True}):
        y, expected = getattr(ops, name)(x, **arguments), getattr(np, name)(x, **arguments)
        assert y.dtype == dtype
        np.testing.assert_array_equal(y, expected)
    assert getattr(ops, name)(x, initial=1).dtype == dtype


@pytest.mark.parametrize("exponent", [127, 128, 256, 300, 2**31 + 5])
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
def test_an_exponent_may_be_larger_than_the_dtype_holds(dtype, exponent):
    x = np.array([1, 2, 3, 5, 7], dtype)
    modulus = 2 ** (8 * x.dtype.itemsize)
    expected = np.array([pow(int(v), exponent, modulus) for v in x], "uint32").astype(dtype)
    np.testing.assert_array_equal(ops.power(x, exponent), expected)

"""Conversion from Python to C++: which objects other than an ndarray are accepted as an array, a number or a shape."""

from __future__ import annotations

import array
from collections.abc import Sequence

import numpy as np
import pytest

from netlet import _core, ops


class Squares(Sequence):
    """Creates its items on access and holds no reference to them."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int) -> float:
        if not 0 <= i < 5:
            raise IndexError(i)
        return float(1000 + i * i)


@pytest.mark.parametrize("typecode", "bBhHiIqQfd")
def test_a_buffer_keeps_its_dtype(typecode):
    values = array.array(typecode, [1, 2, 3])
    for given in (values, memoryview(values)):
        want = np.asarray(values)
        got = ops.multiply(given, given)
        np.testing.assert_array_equal(got, want * want)
        if typecode in "fdbBiq":
            assert got.dtype == want.dtype


@pytest.mark.parametrize(
    "given",
    [range(5), range(0), Squares(), [Squares(), Squares()], (1, 2.5)],
    ids=["range", "empty", "sequence", "sequences", "tuple"],
)
def test_any_sequence_is_an_array(given):
    want = np.asarray(given)
    got = ops.negative(given)
    np.testing.assert_array_equal(got, -want)
    assert got.dtype == (np.float32 if want.dtype == np.float64 else want.dtype)


def test_a_shape_may_be_any_sequence_of_integers():
    for shape in ([2, 3], (2, 3), range(2, 4), array.array("q", [2, 3]), np.array([2, 3])):
        assert _core.empty(shape, "float32").shape == (2, 3)
    assert _core.empty(np.int32(4), "float32").shape == (4,)


class WithoutLength:
    """A sequence whose length is an error."""

    def __len__(self) -> int:
        raise KeyError("no length")

    def __getitem__(self, i: int) -> float:
        raise KeyError(f"no item {i}")


def test_a_sequence_without_a_length_raises_its_own_error():
    """Its items were asked for while the exception was set, which is a SystemError."""
    for call in (lambda: _core.empty(WithoutLength(), "float32"), lambda: ops.negative(WithoutLength())):
        with pytest.raises(KeyError, match="no length"):
            call()


@pytest.mark.parametrize("shape", ["ab", ("a",), (2.5,), (None,), 2.5, None, {2: 1}, {2}, [[2]]], ids=repr)
def test_other_shapes_are_named(shape):
    with pytest.raises(TypeError):
        _core.empty(shape, "float32")


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**200])
def test_integers_beyond_int64_are_named(number):
    for call in (lambda: ops.add(np.ones(2, "int64"), number), lambda: ops.abs(number), lambda: ops.sum(number)):
        with pytest.raises(OverflowError, match=str(number)):
            call()
    with pytest.raises(OverflowError):
        _core.empty((number,), "float32")
    assert ops.add(2**63 - 1, 0).item() == 2**63 - 1


def test_a_view_stays_within_its_tensor():
    x = ops.zeros((4,))
    assert _core.view(x, (2,), 8).shape == (2,)
    outside = [((5,), 0), ((2,), 12), ((2**61,), 0), ((2**62, 1), 8), ((1,), -4), ((1,), 2**63 - 4), ((1,), 2)]
    for shape, offset in outside:
        with pytest.raises(ValueError, match="view"):
            _core.view(x, shape, offset)

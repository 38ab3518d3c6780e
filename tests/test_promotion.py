"""backend.result_type against Keras for all pairs and triples of dtypes."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

from netlet import backend, ops

DTYPES = ["bool", "uint8", "int8", "int32", "float16", "bfloat16", "float32", int, float]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_as_in_keras(count):
    for dtypes in itertools.product(DTYPES, repeat=count):
        if not {"uint8", "int8"} <= set(dtypes):  # int16 in Keras
            assert backend.result_type(*dtypes) == keras.backend.result_type(*dtypes), dtypes


def test_what_keras_does_not_have():
    assert backend.result_type() == "float32"
    assert backend.result_type("int8", "uint8") == "int32"
    assert backend.result_type("int64", "uint8") == "int64" and backend.result_type("float64", "float32") == "float64"
    assert backend.result_type(np.float64, np.dtype("int32"), "float16") == "float64"
    with pytest.raises(ValueError, match="float8"):
        backend.result_type("float8")


@pytest.mark.parametrize("name", ["linspace", "logspace", "geomspace"])
@pytest.mark.parametrize(
    "dtypes", [("float16", "float32"), ("float32", "float16"), ("bfloat16", "float16"), ("int32", "float16")]
)
def test_ranges_have_the_dtype_of_both_ends(name, dtypes):
    ends = [np.float32(v) for v in (1.0, 2.0)]
    if name == "geomspace":  # not in Keras
        expected = backend.result_type(*(d for d in dtypes if d != "int32"))
    else:
        expected = str(getattr(keras.ops, name)(*map(keras.ops.cast, ends, dtypes), 5).dtype)
    assert getattr(ops, name)(*map(ops.cast, ends, dtypes), 5).dtype == expected


@pytest.mark.parametrize(
    "name",
    ["abs", "square", "sign", "tanh", "exp", "relu", "sigmoid", "sum", "mean", "prod", "max", "min", "expand_dims"],
)
def test_a_python_number_alone_is_float32_or_int32(name):
    """As in Keras without JAX's 64-bit mode, which these tests switch on."""
    more = [0] if name == "expand_dims" else []
    float_only = name in ("tanh", "exp", "relu", "sigmoid", "mean")
    assert getattr(ops, name)(0.5, *more).dtype == "float32"
    assert getattr(ops, name)(1, *more).dtype == ("float32" if float_only else "int32")


def test_a_python_number_beside_another_operand_is_not_rounded_first():
    assert ops.sum(2**40).item() == 2**40
    assert ops.add(np.zeros(1), 0.1).tolist() == [0.1]
    assert ops.where(True, np.zeros((), "int64"), 2**40).dtype == "int64"
    assert ops.cast(0.1, "float64").item() == 0.1
    assert ops.add(ops.ones(1, "int8"), 100).dtype == "int8" and ops.add(ops.ones(1, "int8"), 1000).dtype == "int32"


@pytest.mark.parametrize("value", [0.1, [0.1, 16777217.0], (np.float32(0.1), 0.1)])
@pytest.mark.parametrize("dtype", ["float64", "int64", "float32"])
def test_python_numbers_with_a_dtype_are_rounded_once(value, dtype):
    expected = keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(value, dtype))
    for found in (ops.convert_to_tensor(value, dtype), ops.array(value, dtype)):
        assert found.dtype == dtype and found.tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int32", "int64", "float64"])
def test_rearranging_and_extrema_keep_the_dtype(dtype):
    x = np.array([[3, 0], [1, 7]]).astype(dtype)
    for name in ("tril", "triu", "diag", "diagflat", "nanmax", "nanmin"):
        want, got = np.asarray(getattr(keras.ops, name)(x)), getattr(ops, name)(x)
        assert got.dtype == dtype, name
        np.testing.assert_array_equal(got, want)
    assert ops.diag(x[0]).dtype == ops.diag(x[0, :0], 2).dtype == dtype
    assert ops.diag(x[0, :0], 2).shape == (2, 2)
    if dtype != "bool":
        assert ops.ptp(x).dtype == dtype
        assert ops.ptp(x) == 7


def test_floor_and_ceil_of_integers_are_floats():
    for x in (np.array([3, -4], "int8"), np.array([3, -4], "int64"), np.array([True, False])):
        for name in ("floor", "ceil"):
            assert getattr(ops, name)(x).dtype == np.asarray(getattr(keras.ops, name)(x)).dtype == np.float32
            np.testing.assert_array_equal(getattr(ops, name)(x), x.astype("float32"))

"""Tensors as NumPy and Python's own types read them: the buffer protocol, `__array__`."""

from __future__ import annotations

import array
import ctypes

import numpy as np
import pytest

import netlet
from netlet import _core, ops

DTYPES = ["float32", "float64", "float16", "int8", "uint8", "int32", "int64", "bool"]


def values(shape, dtype):
    return (np.arange(np.prod(shape)) % 7).reshape(shape).astype(dtype)


def address(x):
    return x.__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_buffers(dtype):
    x = ops.convert_to_tensor(values((3, 4), dtype))
    view = memoryview(x)
    assert view.shape == (3, 4) and view.nbytes == x.nbytes and not view.readonly
    assert view.format == np.dtype(dtype).char
    assert dtype == "float16" or view.tolist() == x.tolist()  # Python's memoryview cannot read halves
    np.testing.assert_array_equal(np.frombuffer(x, dtype).reshape(3, 4), x.numpy())
    assert bytes(x) == x.tobytes() == bytearray(x) == values((3, 4), dtype).tobytes()
    assert x.__array_interface__["data"] == (x.address, False) and x.__array_interface__["shape"] == (3, 4)


def test_the_bytes_of_one_integer_are_its_own():
    assert bytes(ops.convert_to_tensor(np.int32(3))) == b"\3\0\0\0"


def test_buffers_of_a_variable_are_read_only():
    value = netlet.Variable(values((2, 3), "float32")).value
    assert memoryview(value).readonly and value.__array_interface__["data"] == (value.address, True)
    with pytest.raises(TypeError, match="not writable"):
        (ctypes.c_char * value.nbytes).from_buffer(value)


def test_python_writes_into_a_tensor_by_its_buffer():
    x = ops.zeros(3)
    memoryview(x)[1] = 2.5
    array.array("f", [1.0]).extend(memoryview(x))
    assert x.tolist() == [0, 2.5, 0]


def test_what_has_no_buffer():
    x = ops.cast(ops.ones(3), "bfloat16")
    with pytest.raises(BufferError, match="bfloat16 on cpu:0"):
        memoryview(x)
    assert not hasattr(x, "__array_interface__")
    with _core.Tape(record=True) as tape:
        recorded = tape.input((2,), "float32", "x")
        with pytest.raises(BufferError, match="part of a recorded step"):
            memoryview(recorded)
        with pytest.raises(RuntimeError, match="part of a recorded step"):
            np.asarray(recorded)
        assert not hasattr(recorded, "__array_interface__")


@pytest.mark.parametrize("copy", [None, False, True])
@pytest.mark.parametrize("dtype", [None, "float32", "float64"])
def test_array_with_dtype_and_copy(dtype, copy):
    for x in (ops.ones((2, 3)), netlet.Variable(np.ones((2, 3), "float32"))):
        place = x.address if hasattr(x, "address") else x.value.address
        if copy is False and dtype == "float64":
            with pytest.raises(ValueError, match="Unable to avoid a copy"):
                x.__array__(dtype, copy=copy)
            continue
        a = x.__array__(dtype, copy=copy)
        shares = dtype != "float64" and (copy is False or (copy is None and isinstance(x, netlet.Tensor)))
        assert a.dtype == (dtype or "float32") and (address(a) == place) == shares
        assert a.flags.writeable == (not shares or isinstance(x, netlet.Tensor))


def test_tensors_have_no_namespace_of_the_array_api():
    assert not hasattr(ops.ones(2), "__array_namespace__")

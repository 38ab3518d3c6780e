"""Tensors among the arrays of other libraries: DLPack both ways."""

from __future__ import annotations

import ctypes
import gc
import weakref

import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops

DTYPES = ["float32", "float64", "float16", "int8", "uint8", "int32", "int64", "bool"]
SHAPES = [(), (0,), (1,), (5,), (3, 4), (2, 0, 3), (1, 5, 1), (2, 3, 4)]
VIA_NUMPY = DTYPES if np.lib.NumpyVersion(np.__version__) >= "1.25.0" else DTYPES[:-1]  # 1.24: no bools by DLPack
NUMPY_2_1 = np.lib.NumpyVersion(np.__version__) >= "2.1.0"


def values(shape, dtype):
    return (np.arange(np.prod(shape)) % 7).reshape(shape).astype(dtype)


def address(x):
    return x.__array_interface__["data"][0]


class Producer:
    """A producer of NumPy's memory that is known by DLPack alone."""

    def __init__(self, x, versions=True):
        self.x, self.versions, self.received = x, versions, {}

    def __dlpack__(self, **arguments):
        if "max_version" in arguments and not self.versions:
            raise TypeError("__dlpack__() got an unexpected keyword argument 'max_version'")
        self.received = arguments
        return self.x.__dlpack__(**(arguments if NUMPY_2_1 else {}))

    def __dlpack_device__(self):
        return self.x.__dlpack_device__()


class Consumed:
    """A capsule's flags, read as a consumer written in C does."""

    def __init__(self, capsule):
        is_valid, pointer = ctypes.pythonapi.PyCapsule_IsValid, ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        is_valid.argtypes = [ctypes.py_object, ctypes.c_char_p]
        self.versioned = bool(is_valid(capsule, b"dltensor_versioned"))
        at = pointer(capsule, b"dltensor_versioned" if self.versioned else b"dltensor")
        if self.versioned:
            self.version = tuple((ctypes.c_uint32 * 2).from_address(at))
            self.flags = ctypes.c_uint64.from_address(at + 24).value
            at += 32
        self.data = ctypes.c_void_p.from_address(at).value


# ---- netlet gives ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", VIA_NUMPY)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_numpy_reads_the_memory(shape, dtype):
    x = ops.convert_to_tensor(values(shape, dtype))
    shared = np.from_dlpack(x)
    np.testing.assert_array_equal(shared, values(shape, dtype))
    assert shared.dtype == dtype and shared.shape == shape and (not x.size or address(shared) == x.address)
    assert not x.size or shared.flags.writeable == NUMPY_2_1  # before 2.1, NumPy makes all of them read-only


def test_a_part_of_the_memory_begins_where_it_should():
    x = ops.convert_to_tensor(values((6, 4), "float32"))
    part = _core.view(x, (2, 4), 3 * 16)
    np.testing.assert_array_equal(np.from_dlpack(part), values((6, 4), "float32")[3:5])


def test_what_the_capsule_says():
    x = ops.ones((2, 3))
    assert not Consumed(x.__dlpack__()).versioned and not Consumed(x.__dlpack__(max_version=(0, 8))).versioned
    new = Consumed(x.__dlpack__(max_version=(1, 0)))
    assert (new.versioned, new.version, new.flags, new.data) == (True, (1, 1), 0, x.address)
    copied = Consumed(x.__dlpack__(max_version=(1, 1), copy=True))
    assert copied.flags == 2 and copied.data != x.address  # is_copied
    assert Consumed(x.__dlpack__(copy=False)).data == x.address


def test_the_value_of_a_variable_is_copied_or_shared_read_only():
    variable = netlet.Variable(values((2, 3), "float32"))
    for x in (variable, variable.value):
        assert Consumed(x.__dlpack__()).data != variable.value.address
        copied = Consumed(x.__dlpack__(max_version=(1, 0)))
        assert copied.data != variable.value.address and copied.flags == 2
        shared = Consumed(x.__dlpack__(max_version=(1, 0), copy=False))
        assert shared.data == variable.value.address and shared.flags == 1  # read_only
        with pytest.raises(BufferError, match=r"DLPack 0\.x cannot share memory read-only"):
            x.__dlpack__(copy=False)
        assert x.__dlpack_device__() == (1, 0)


@pytest.mark.skipif(not NUMPY_2_1, reason="NumPy before 2.1 does not ask for copy=False")
def test_a_shared_variable_is_current_and_predictions_see_writes_that_ignore_the_flag():
    model = netlet.Sequential([netlet.Input((40,)), layers.Dense(48, use_bias=False)])
    x = np.ones((64, 40), "float32")
    kernel = model.layers[0].kernel
    kernel.assign(np.ones((40, 48)))
    assert model.predict(x, verbose=0)[0, 0] == 40
    shared = np.from_dlpack(kernel, copy=False)
    assert not shared.flags.writeable
    kernel.assign(np.full((40, 48), 2.0))
    assert shared[0, 0] == 2
    model.predict(x, verbose=0)  # packs the weights again
    (ctypes.c_float * shared.size).from_address(address(shared))[:] = [3.0] * shared.size  # as PyTorch could
    assert model.predict(x, verbose=0)[0, 0] == 120


def test_arguments_that_cannot_be_met():
    x = ops.ones(3)
    with pytest.raises(BufferError, match=r"expected stream=None for a Tensor on the CPU, received 1"):
        x.__dlpack__(stream=1)
    with pytest.raises(BufferError, match=r"expected dl_device \(1, 0\) or \(1, 0\), received \(2, 0\)"):
        x.__dlpack__(dl_device=(2, 0))
    assert Consumed(x.__dlpack__(dl_device=(1, 0))).data == x.address
    with _core.Tape(record=True) as tape, pytest.raises(RuntimeError, match="part of a recorded step"):
        tape.input((2,), "float32", "x").__dlpack__()


# ---- lifetimes -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", [None, (1, 0)])
def test_the_memory_lives_as_long_as_its_readers(version):
    x = ops.convert_to_tensor(values((1000,), "float32"))
    capsule = x.__dlpack__(max_version=version)
    shared = netlet.from_dlpack(x)
    viewed = [np.from_dlpack(x), memoryview(x), np.asarray(x), np.frombuffer(x, "float32")]
    del x
    gc.collect()
    junk = [ops.zeros(1000) for _ in range(20)]  # takes the memory if it is free
    for view in [*viewed, shared.numpy()]:
        np.testing.assert_array_equal(view, values((1000,), "float32"))
    del capsule, junk  # a capsule that nobody used


def test_the_arrays_of_others_live_as_long_as_the_tensor():
    class Watched(np.ndarray):
        pass

    x = values((100,), "float32").view(Watched)
    gone = weakref.ref(x)
    t = netlet.from_dlpack(Producer(x))
    del x
    gc.collect()
    assert gone() is not None
    np.testing.assert_array_equal(t.numpy(), values((100,), "float32"))
    del t
    gc.collect()
    assert gone() is None


def test_a_capsule_is_used_once():
    class Again:
        capsule = values((3,), "float32").__dlpack__()

        def __dlpack__(self, **arguments):
            return self.capsule

        def __dlpack_device__(self):
            return 1, 0

    assert netlet.from_dlpack(Again()).tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="expected a capsule that nobody has used"):
        netlet.from_dlpack(Again())


# ---- netlet takes ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("versions", [True, False])
@pytest.mark.parametrize("dtype", VIA_NUMPY)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_arrays_of_others_are_read_in_place(shape, dtype, versions):
    x = values(shape, dtype)
    producer = Producer(x, versions)
    t = netlet.from_dlpack(producer)
    assert ("max_version" in producer.received) == versions
    assert (t.dtype, t.shape) == (dtype, shape) and t.numpy().tolist() == x.tolist()
    assert not x.size or t.address == address(x)
    assert ops.convert_to_tensor(producer).tolist() == x.tolist() == netlet.from_dlpack(x, copy=False).tolist()


LAYOUTS = {
    "transposed": lambda x: x.T,
    "every second": lambda x: x[::2, ::3],
    "reversed": lambda x: x[::-1, ::-1],
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
}


@pytest.mark.parametrize("dtype", [VIA_NUMPY[-1], "float32", "int8"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_arrays_are_copied_once(layout, dtype):
    x = LAYOUTS[layout](values((6, 9), dtype))
    if layout == "broadcast" and not NUMPY_2_1:
        pytest.skip("NumPy before 2.1 does not export read-only arrays")
    t = netlet.from_dlpack(Producer(x))
    np.testing.assert_array_equal(t.numpy(), x)
    np.testing.assert_array_equal(ops.add(Producer(x), 0).numpy(), x)
    with pytest.raises(ValueError, match=r"from_dlpack\(copy=False\).*not row-major"):
        netlet.from_dlpack(Producer(x), copy=False)


def test_a_row_of_a_larger_array_is_read_in_place():
    x = values((6, 9), "float32")
    t = netlet.from_dlpack(Producer(x[2:4]), copy=False)
    assert t.address == address(x) + 2 * 9 * 4 and t.tolist() == x[2:4].tolist()


@pytest.mark.parametrize(("dtype", "becomes"), [("int16", "int32"), ("uint16", "int32"), ("uint32", "int64")])
def test_dtypes_that_netlet_has_not_are_converted(dtype, becomes):
    t = netlet.from_dlpack(Producer(values((2, 3), dtype)))
    assert t.dtype == becomes and t.tolist() == values((2, 3), dtype).tolist()


def test_what_cannot_be_read_is_named():
    with pytest.raises(TypeError, match=r"expected floats, bfloat16, integers or bools, received type code 5"):
        netlet.from_dlpack(Producer(np.ones(2, "complex64")))
    half = type("Half", (), {"__dlpack__": None})()
    with pytest.raises(TypeError, match=r"expected an object with `__dlpack__`, received Half"):
        netlet.from_dlpack(half)
    with pytest.raises(TypeError, match=r"expected an object with `__dlpack__`, received list"):
        netlet.from_dlpack([1.0])
    with pytest.raises(ValueError, match=r"device: expected"):
        netlet.from_dlpack(np.ones(2), device="tpu")


@pytest.mark.skipif(not NUMPY_2_1, reason="NumPy before 2.1 does not export read-only arrays")
def test_memory_that_may_not_be_written_stays_so():
    x = values((4,), "float32")
    x.flags.writeable = False
    for t in (netlet.from_dlpack(Producer(x)), _core.as_tensor(x), _core.as_tensor(np.broadcast_to(x[:1], (1,)))):
        assert t.read_only and not t.numpy().flags.writeable and memoryview(t).readonly
        assert Consumed(t.__dlpack__(max_version=(1, 0))).flags == 1
        assert Consumed(t.__dlpack__()).data != t.address  # a copy, which may be written
        with pytest.raises(ValueError, match=r"copy_from: .*read-only"):
            t.copy_from(np.zeros(t.shape))
    assert netlet.from_dlpack(x, copy=True).numpy().flags.writeable and x.tolist() == [0, 1, 2, 3]


def test_a_large_array_is_not_copied():
    x = np.zeros(1 << 22, "float32")
    assert netlet.from_dlpack(x).address == address(x)
    t = ops.zeros(1 << 22)
    for y in (np.from_dlpack(t), np.asarray(t), np.frombuffer(t, "float32"), np.asarray(memoryview(t))):
        assert address(y) == t.address
    y[5] = 7
    assert float(t[5]) == 7


# ---- PyTorch, JAX, PyArrow -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16"])
def test_torch_both_ways(dtype):
    torch = pytest.importorskip("torch")
    x = ops.cast(values((3, 4), "float32"), dtype)
    for there in (torch.from_dlpack(x), torch.as_tensor(x)):
        assert str(there.dtype) == f"torch.{dtype}" and there.data_ptr() == x.address
        back = netlet.from_dlpack(there)
        assert back.address == x.address and back.dtype == dtype and back.tolist() == x.tolist()
        assert netlet.from_dlpack(there.T).tolist() == ops.transpose(x).tolist()
        assert ops.convert_to_tensor(there).dtype == dtype == ops.add(there, there).dtype or dtype == "bool"
    assert torch.from_dlpack(netlet.Variable(values(3, "float32"))).tolist() == [0, 1, 2]
    weight = torch.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="requires grad"):
        ops.add(weight, 1.0)
    with pytest.raises(BufferError, match="require gradient"):
        netlet.from_dlpack(weight)


def test_torch_trains_here():
    torch = pytest.importorskip("torch")
    x, y = torch.randn(64, 5, dtype=torch.bfloat16), torch.randn(64, 1)
    model = netlet.Sequential([netlet.Input((5,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()
    np.testing.assert_allclose(model.predict(x, verbose=0), model.predict(x.float().numpy(), verbose=0), rtol=1e-6)
    assert model(x).shape == (64, 1)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8", "int32", "bool", "bfloat16"])
def test_jax_both_ways(dtype):
    jax = pytest.importorskip("jax")
    x = ops.cast(values((3, 4), "float32"), dtype)
    for there in (jax.numpy.from_dlpack(x), jax.numpy.asarray(x)):
        assert there.dtype.name == dtype and there.tolist() == x.tolist()
        back = netlet.from_dlpack(there)
        assert back.dtype == dtype and back.tolist() == x.tolist() and back.address == there.unsafe_buffer_pointer()
        assert ops.convert_to_tensor(there).address != back.address  # memory of its own: JAX's never changes


def test_arrow_arrays():
    arrow = pytest.importorskip("pyarrow")
    x = arrow.array([1.0, 2.0, 3.0])
    assert netlet.from_dlpack(x).address == x.buffers()[1].address
    assert netlet.from_dlpack(x[1:]).tolist() == [2, 3]
    assert ops.sum(x) == 6 and ops.sum(arrow.chunked_array([x, x])) == 12
    assert ops.convert_to_tensor(arrow.array([True, False])).tolist() == [True, False]

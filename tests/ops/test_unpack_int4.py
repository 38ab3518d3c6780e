"""_core.unpack_int4: two 4-bit codes in a byte, against Keras's pack_int4 and NumPy. Plans unpack and
dequantize weights once."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from netlet import _core, ops
from support.guarded import guarded


def packed(codes: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray(keras.quantizers.pack_int4(codes, axis=axis)[0])


@pytest.mark.parametrize("size", [1, 2, 3, 31, 32, 33, 63, 65, 127, 130])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_codes_come_back(isa, threads, axis, size):
    shape = [3, 5, 7]
    shape[axis] = size
    codes = np.random.default_rng(size).integers(-8, 8, shape).astype(np.int8)
    q = _core.unpack_int4(packed(codes, axis), axis, size)
    assert q.dtype == np.int8
    np.testing.assert_array_equal(q.numpy(), codes)
    np.testing.assert_array_equal(_core.unpack_int4(packed(codes, axis).view(np.uint8), axis, size).numpy(), codes)


def test_every_byte_on_every_place(isa):
    every = np.tile(np.arange(256, dtype=np.uint8), (3, 1))
    signed = (np.stack([every & 15, every >> 4], -1).astype(np.int8) ^ 8) - 8
    np.testing.assert_array_equal(_core.unpack_int4(every, 1, 512).numpy(), signed.reshape(3, 512))
    np.testing.assert_array_equal(_core.unpack_int4(every.T, 0, 512).numpy(), signed.reshape(3, 512).T)


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("shape", [(9, 1), (9, 13), (1, 65), (4, 64)])
def test_nothing_beside_the_operand_is_read(isa, side, shape):
    bytes_ = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    for axis in (0, 1):
        for size in (2 * shape[axis] - 1, 2 * shape[axis]):
            want = _core.unpack_int4(bytes_, axis, size).numpy()
            np.testing.assert_array_equal(_core.unpack_int4(guarded(bytes_, side), axis, size).numpy(), want)


def test_no_codes():
    assert _core.unpack_int4(np.zeros((0, 3), np.int8), 0, 0).shape == (0, 3)
    assert _core.unpack_int4(np.zeros((2, 0), np.int8), 0, 3).shape == (3, 0)


def test_a_plan_unpacks_weights_once_and_again_when_they_are_written():
    bytes_ = np.arange(12, dtype=np.int8).reshape(3, 4)
    weights = _core.tensor(bytes_)
    tape = _core.Tape(record=True)
    with tape:
        q = _core.unpack_int4(weights, 0, 6)
        y = ops.matmul(tape.input((2, 6), "float32", "x"), ops.cast(q, "float32"))
        plan = tape.compile([y])
    assert [row["kept"] for row in plan.records() if row["kernel"].startswith("unpack_int4")] == [True]
    x = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    for value in (bytes_, bytes_[::-1].copy()):
        weights.copy_from(value)
        want = x @ _core.unpack_int4(value, 0, 6).numpy().astype(np.float32)
        np.testing.assert_allclose(plan.run([x])[0][0], want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("group", [None, 4])
def test_a_plan_dequantizes_weights_once(group):
    w = np.random.default_rng(8).normal(size=(12, 5)).astype(np.float32)
    q, scale = (_core.tensor(t.numpy()) for t in ops.quantize_absmax(w, axis=0, group_size=group))
    tape = _core.Tape(record=True)
    with tape:
        y = ops.matmul(tape.input((3, 12), "float32", "x"), ops.dequantize_absmax(q, scale))
        plan = tape.compile([y])
    assert [row["kept"] for row in plan.records() if row["kernel"] == "dequantize_f32"] == [True]
    x = np.random.default_rng(9).normal(size=(3, 12)).astype(np.float32)
    for _ in range(2):
        want = x @ ops.dequantize_absmax(q, scale).numpy()
        np.testing.assert_allclose(plan.run([x])[0][0], want, rtol=1e-5, atol=1e-5)
        scale.copy_from(scale.numpy() * 2)


@pytest.mark.parametrize(
    ("packed", "axis", "size", "error", "text"),
    [
        (np.zeros((3, 2), np.int8), 0, 4, ValueError, r"expected 2 bytes along axis 0 for 4 codes, .* \(3, 2\)"),
        (np.zeros((3, 2), np.int8), 0, 7, ValueError, "expected 4 bytes"),
        (np.zeros((3, 2), np.int8), 0, -1, ValueError, "expected 0 bytes"),
        (np.zeros((3, 2), np.int8), 2, 4, ValueError, "axis 2"),
        (np.zeros((3, 2), np.float32), 0, 6, TypeError, "int8 or uint8, received float32"),
    ],
)
def test_errors(packed, axis, size, error, text):
    with pytest.raises(error, match=text):
        _core.unpack_int4(packed, axis, size)

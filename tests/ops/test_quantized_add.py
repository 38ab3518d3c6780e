"""Sums of codes, codes of another scale, and the ops that only move codes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from netlet import _core, ops
from support.codes import INEXACT, activated, centered, codes, quantized
from support.guarded import guarded

TYPES = ["uint8", "int8"]
OPERANDS = [*TYPES, "float32"]
SIZES = [0, 1, 3, 15, 16, 17, 31, 33, 64, 1000]


def operand(rng, shape, dtype, zero=True):
    """(q, scale, zero) and its numbers in float32."""
    if dtype == "float32":
        x = rng.normal(0, 1, shape).astype("float32")
        return (x, None, None), x
    q, scale, z = codes(rng, shape, dtype), np.float32(rng.uniform(0.001, 0.02)), codes(rng, (), dtype)
    z = z if zero else None
    return (q, scale, z), centered(q, z).astype("float32") * scale


def result(v, scale, zero):
    return v if scale is None else quantized(v, scale, zero, "uint8" if zero is None else zero.dtype)


RESULTS = [(None, None), (np.float32(0.02), None), (np.float32(0.01), np.uint8(100)), (np.float32(0.03), np.int8(-7))]


@pytest.mark.parametrize(("left", "right"), list(itertools.product(OPERANDS, repeat=2)))
def test_sums(isa, left, right):
    rng = np.random.default_rng(1)
    for n, (scale, zero), activation in itertools.product(SIZES, RESULTS, ["linear", "relu", "leaky_relu"]):
        (a, va), (b, vb) = operand(rng, (n,), left), operand(rng, (n,), right, zero=n % 2 == 0)
        y = np.asarray(_core.quantized_add(*a, *b, activation, 0.25, scale, zero))
        want = result(activated(va + vb, activation, 0.25), scale, zero)
        assert y.dtype == want.dtype
        np.testing.assert_array_equal(y, want)


@pytest.mark.parametrize("activation", [*INEXACT, "gelu"])
def test_sums_are_the_codes_of_the_float_result(isa, activation):
    (a, va), (b, vb) = (operand(np.random.default_rng(2), (5, 33), dtype) for dtype in TYPES)
    want = _core.activation(va + vb, activation, 1.0)
    np.testing.assert_array_equal(_core.quantized_add(*a, *b, activation, 1.0), want)
    scale, zero = np.float32(0.01), np.uint8(50)
    np.testing.assert_array_equal(
        _core.quantized_add(*a, *b, activation, 1.0, scale, zero), _core.quantize_with(want, scale, zero)
    )


def test_operands_that_broadcast_or_have_scales_for_rows(isa):
    rng = np.random.default_rng(3)
    (a, va), (b, vb) = operand(rng, (4, 1, 5), "uint8"), operand(rng, (3, 1), "float32")
    np.testing.assert_array_equal(_core.quantized_add(*a, *b), va + vb)
    q, scale = codes(rng, (6, 9), "uint8"), rng.uniform(0.001, 0.02, (6, 1)).astype("float32")
    zero = codes(rng, (6, 1), "uint8")
    values = centered(q, zero).astype("float32") * scale
    (b, vb) = operand(rng, (6, 9), "int8")
    out = np.float32(0.01), np.uint8(99)
    np.testing.assert_array_equal(_core.quantized_add(q, scale, zero, *b, "relu", 0.0, *out),
                                  quantized(np.maximum(values + vb, 0), *out))  # fmt: skip
    np.testing.assert_array_equal(_core.requantize(q, scale, zero, *out), quantized(values, *out))


@pytest.mark.parametrize("dtype", TYPES)
def test_codes_of_another_scale(isa, dtype):
    rng = np.random.default_rng(4)
    for n, (scale, zero) in itertools.product(SIZES, RESULTS[1:]):
        x, values = operand(rng, (n,), dtype, zero=n % 2 == 0)
        y = np.asarray(_core.requantize(*x, scale, zero))
        want = result(values, scale, zero)
        assert y.dtype == want.dtype
        np.testing.assert_array_equal(y, want)
    q = np.arange(256, dtype="uint8").view(dtype)
    zero = np.array(5, dtype)
    np.testing.assert_array_equal(_core.requantize(q, np.float32(0.3), zero, np.float32(0.3), zero), q)


@pytest.mark.parametrize("side", ["begin", "end"])
def test_nothing_outside_the_operands_is_touched(isa, side):
    rng = np.random.default_rng(5)
    for n, dtype in itertools.product(SIZES, TYPES):
        (a, va), (b, vb) = operand(rng, (n,), dtype), operand(rng, (n,), "float32")
        a, b = (guarded(a[0], side), *a[1:]), (guarded(b[0], side), *b[1:])
        np.testing.assert_array_equal(_core.quantized_add(*a, *b), va + vb)
        np.testing.assert_array_equal(_core.requantize(*a, np.float32(0.01)), quantized(va, 0.01, None))


def test_every_number_of_threads_gives_the_same(threads):
    (a, va), (b, vb) = (operand(np.random.default_rng(6), (300, 400), dtype) for dtype in TYPES)
    np.testing.assert_array_equal(_core.quantized_add(*a, *b), va + vb)


@pytest.mark.parametrize("dtype", TYPES)
def test_ops_that_only_move_codes(isa, dtype):
    """What layers do between products: the codes arrive unchanged and keep their dtype."""
    x, y = (codes(np.random.default_rng(seed), (3, 4, 5), dtype) for seed in (7, 8))
    moved = {
        "reshape": (ops.reshape(x, (4, 15)), x.reshape(4, 15)),
        "transpose": (ops.transpose(x, (2, 0, 1)), x.transpose(2, 0, 1)),
        "swapaxes": (ops.swapaxes(x, 0, 2), x.swapaxes(0, 2)),
        "expand_dims": (ops.expand_dims(x, 1), x[:, None]),
        "squeeze": (ops.squeeze(x[:1], 0), x[0]),
        "slice": (_core.tensor(x)[:, 1:3, ::2], x[:, 1:3, ::2]),
        "flip": (ops.flip(x, 1), x[:, ::-1]),
        "concatenate": (ops.concatenate([x, y], 2), np.concatenate([x, y], 2)),
        "stack": (ops.stack([x, y], 1), np.stack([x, y], 1)),
        "split": (ops.split(x, 2, 1)[1], x[:, 2:]),
        "repeat": (ops.repeat(x, 2, 1), x.repeat(2, 1)),
        "tile": (ops.tile(x, (1, 2, 1)), np.tile(x, (1, 2, 1))),
        "pad": (ops.pad(x, ((0, 0), (1, 2), (0, 0)), constant_values=7),
                np.pad(x, ((0, 0), (1, 2), (0, 0)), constant_values=7)),
        "take": (ops.take(x, np.array([2, 0, 2]), 0), x[[2, 0, 2]]),
        "where": (ops.where(x > 3, x, y), np.where(x > 3, x, y)),
    }  # fmt: skip
    for name, (got, want) in moved.items():
        assert np.asarray(got).dtype == dtype, name
        np.testing.assert_array_equal(got, want, err_msg=name)


def test_wrong_arguments():
    q, s, f = np.zeros(3, "uint8"), np.float32(1), np.zeros(3, "float32")
    for arguments, error, message in [
        ((q, None, None, f, None, None), TypeError, "expected a of float32 where it has no scale, received uint8"),
        ((f, None, None, q.astype("int32"), s, None), TypeError, "expected b of uint8 or int8 with a float32 scale"),
        ((q, np.ones(()), None, f, None, None), TypeError, "received uint8 with a scale of float64"),
        ((q, s, np.int8(1), f, None, None), ValueError, "expected a zero point of uint8"),
        ((f, None, np.uint8(1), q, s, None), ValueError, "expected a scale beside the zero point of a"),
        ((q, s, None, np.zeros(4, "float32"), None, None), ValueError, "broadcast"),
        ((q, s, None, q, s, None, "relu", 0.0, np.ones(3, "float32")), ValueError, "expected out_scale to be one"),
        ((q, s, None, q, s, None, "relu", 0.0, None, np.uint8(0)), ValueError, "expected an out_scale beside"),
        ((q, s, None, q, s, None, "relu", 0.0, s, np.int32(0)), ValueError, "out_zero to be one number of uint8"),
    ]:
        with pytest.raises(error, match=message):
            _core.quantized_add(*arguments)
    with pytest.raises(TypeError, match="requantize: expected q of uint8 or int8"):
        _core.requantize(f, s, None, s)

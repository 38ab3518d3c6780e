"""8-bit quantization against exact rationals, ONNX's reference evaluator and NumPy; edge cases, axes, gradients."""

from __future__ import annotations

from fractions import Fraction

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from netlet import _core, ops
from support.guarded import guarded

KINDS = ["absmax", "int8", "uint8"]
LIMITS = {"absmax": (-127, 127), "int8": (-128, 127), "uint8": (0, 255)}


# (shape, axis) for every path: rows, tiles of columns, long rows in pieces, axes that need a transpose first.
VIEWS = [
    ((), None), ((1,), None), ((7,), None), ((1000,), None), ((100_003,), None), ((3, 40_000), -1), ((20, 40_000), 1),
    ((5, 33), 0), ((5, 33), 1), ((5, 33), (0, 1)), ((3, 300), 0), ((4, 9, 17), 1), ((4, 9, 17), (0, 2)),
    ((4, 9, 17), (1, 2)), ((4, 9, 17), (0, 1)), ((2, 3, 4, 5), (0, 2)), ((2, 3, 4, 5), (1, 3)), ((3, 1, 5), (0, 2)),
]  # fmt: skip


def quantize(x, kind, **options):
    """(q, scale, zero point) of any of the three kinds of quantization."""
    if kind == "absmax":
        return *(t.numpy() for t in ops.quantize_absmax(x, **options)), np.int8(0)
    return tuple(t.numpy() for t in ops.quantize_zeropoint(x, dtype=kind, **options))


def dequantize(q, scale, zero, kind):
    return ops.dequantize_absmax(q, scale) if kind == "absmax" else ops.dequantize_zeropoint(q, scale, zero)


def fake(x, kind, **options):
    if kind == "absmax":
        return ops.fake_quantize_absmax(x, **options)
    return ops.fake_quantize_zeropoint(x, dtype=kind, **options)


def reference(x, kind, axis=None):
    """The formulas of csrc/ops/quant/quant_args.h in NumPy, in x's dtype, for finite x."""
    low, high = LIMITS[kind]
    tiny, one = np.finfo(x.dtype).tiny, x.dtype.type(1)
    axis = tuple(range(x.ndim)) if axis is None else axis
    zeros = np.zeros_like(x)
    with np.errstate(all="ignore"):
        if kind == "absmax":
            top = np.abs(x).max(axis, keepdims=True, initial=0)
            scale, span = top / x.dtype.type(127), top
        else:
            top = np.maximum(x, zeros).max(axis, keepdims=True, initial=0)
            bottom = np.minimum(x, zeros).min(axis, keepdims=True, initial=0)
            span = top - bottom
            steps = x.dtype.type(255)
            scale = np.where(np.isinf(span), top / steps - bottom / steps, span / steps)
        scale = np.where(span == 0, one, np.maximum(scale, tiny)).astype(x.dtype)
        zero = 0 if kind == "absmax" else np.clip(np.rint(low - bottom / scale), low, high)
        q = np.clip(np.rint(x / scale) + zero, low, high)
    code = "uint8" if kind == "uint8" else "int8"
    return q.astype(code), scale, np.broadcast_to(np.asarray(zero, code), scale.shape)


def same(got, want):
    for g, w in zip(got, want, strict=True):
        g = np.asarray(g)
        assert g.dtype == w.dtype
        assert np.array_equal(g, np.asarray(w).reshape(g.shape))


# ---- values ----------------------------------------------------------------------------------------------------------
def test_the_worked_example(isa):
    """The lecture notes' absmax example: with maximum 3.2, 0.1 becomes 4 and dequantizes to 0.1008, error 0.0008."""
    x = np.array([0.1, -0.5, 3.2, 1.2], np.float32)
    q, scale = ops.quantize_absmax(x)
    assert q.dtype == np.int8 and scale == np.float32(3.2) / np.float32(127)
    assert list(q) == [4, -20, 127, 48]
    assert round(float(ops.dequantize_absmax(q, scale)[0]), 4) == 0.1008


@pytest.mark.product
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("shape", "axis"),
    VIEWS,
)
def test_values(isa, dtype, kind, shape, axis):
    x = (np.random.default_rng(0).normal(size=shape) * 3 + 0.5).astype(dtype)
    axes = None if axis is None else tuple(a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,)))
    got = quantize(x, kind, axis=axis)
    want = reference(x, kind, axes)
    same(got if kind != "absmax" else got[:2], want if kind != "absmax" else want[:2])
    assert np.shape(got[1]) == (() if axis is None else want[1].shape)
    back = dequantize(*got, kind)
    assert back.dtype == x.dtype
    scale = want[1].astype(x.dtype)
    codes = want[0].astype(np.int32) - want[2].astype(np.int32)
    assert np.array_equal(back, (codes.astype(x.dtype) * scale).reshape(shape))
    assert np.array_equal(fake(x, kind, axis=axis), back)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("shape", "axis", "size"), [((6, 64), -1, 32), ((6, 64), None, 16), ((64, 6), 0, 8)])
def test_groups(isa, kind, shape, axis, size):
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    at = -1 % 2 if axis is None else axis % 2
    split = (*shape[:at], shape[at] // size, size, *shape[at + 1 :])
    q, scale, zero = quantize(x, kind, axis=axis, group_size=size)
    want = reference(x.reshape(split), kind, at + 1)
    assert np.array_equal(q, want[0].reshape(shape))
    assert scale.shape == tuple(n // size if i == at else n for i, n in enumerate(shape))
    assert np.array_equal(scale, want[1].reshape(scale.shape))
    back = dequantize(q, scale, zero, kind).reshape(split)
    codes = want[0].astype(np.float32) - want[2].astype(np.float32)
    assert np.array_equal(back, codes * want[1])


def test_against_onnx():
    """DynamicQuantizeLinear, QuantizeLinear and DequantizeLinear in ONNX's reference evaluator."""
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    def run(op, inputs, outputs, **attributes):
        names = [f"x{i}" for i in range(len(inputs))]
        node = onnx.helper.make_node(op, names, [f"y{i}" for i in range(outputs)], **attributes)
        return ReferenceEvaluator(node).run(None, dict(zip(names, inputs, strict=True)))

    rng = np.random.default_rng(2)
    for low, high in ((-1, 1), (0.5, 3), (-7, -2), (-0.01, 5)):
        x = rng.uniform(low, high, (6, 8)).astype(np.float32)
        q, scale, zero = quantize(x, "uint8")
        for got, want in zip((q, scale, zero), run("DynamicQuantizeLinear", [x], 3), strict=True):
            assert np.array_equal(got, want)
        assert np.array_equal(ops.dequantize_zeropoint(q, scale, zero), run("DequantizeLinear", [q, scale, zero], 1)[0])
        q, scale, _ = quantize(x, "absmax", axis=0)
        zeros = np.zeros(8, np.int8)
        assert np.array_equal(q, run("QuantizeLinear", [x, scale[0], zeros], 1, axis=1)[0])
        assert np.array_equal(
            ops.dequantize_absmax(q, scale), run("DequantizeLinear", [q, scale[0], zeros], 1, axis=1)[0]
        )
        q, scale, zero = quantize(x, "int8", axis=1)
        assert np.array_equal(q, run("QuantizeLinear", [x, scale[:, 0], zero[:, 0]], 1, axis=0)[0])


def test_against_keras():
    """Keras multiplies by the rounded reciprocal (and adds an epsilon): codes may differ by one."""
    x = np.random.default_rng(3).normal(size=(30, 40)).astype(np.float32)
    q, scale = ops.quantize_absmax(x, axis=0)
    theirs, reciprocal = keras.quantizers.abs_max_quantize(x, axis=0)
    assert np.abs(q.astype(int) - np.asarray(theirs).astype(int)).max() <= 1
    np.testing.assert_allclose(scale, 1 / np.asarray(reciprocal), rtol=1e-6)


floats = st.floats(-(2.0**127), 2.0**127, width=32, allow_subnormal=True)


@settings(deadline=None, max_examples=300)
@given(st.lists(floats, min_size=1, max_size=40), st.sampled_from(KINDS))
def test_promises(values, kind):
    """The documented guarantees, checked in exact rational arithmetic.

    The quotient is rounded once to float32, then half to even; |error| <= scale / 2 up to rounding; codes are monotone
    in x; 0 becomes the zero point.
    """
    x = np.array(values, np.float32)
    low, high = LIMITS[kind]
    q, scale, zero = quantize(x, kind)
    step, shift = Fraction(float(scale)), int(zero)
    assert float(scale) >= np.finfo(np.float32).tiny
    for v, code in zip(x, q, strict=True):
        # One float32 rounding of the exact quotient; float64 division followed by rounding to float32 is the same.
        quotient = Fraction(float(np.float32(np.float64(v) / np.float64(scale))))
        assert int(code) == min(max(round(quotient) + shift, low), high)
        error = abs(Fraction(float(v)) - (int(code) - shift) * step)
        assert error <= step / 2 * (1 + Fraction(1, 2**16))
    order = np.argsort(x, kind="stable")
    assert (np.diff(q[order].astype(int)) >= 0).all()
    assert np.array_equal(q[x == 0].astype(int), np.full((x == 0).sum(), shift))


@settings(deadline=None, max_examples=100)
@given(st.floats(2.0**-100, 2.0**100, width=32), st.sampled_from(KINDS))
def test_every_code_comes_back_as_itself(top, kind):
    low, high = LIMITS[kind]
    scale = np.float32(top)
    codes = np.arange(low, high + 1).astype("uint8" if kind == "uint8" else "int8")
    zero = codes.dtype.type(0 if kind == "absmax" else 3)
    x = dequantize(codes, scale, zero, kind)
    assume(np.isfinite(x).all())
    assert np.array_equal(np.clip(np.rint(x / scale) + int(zero), low, high).astype(codes.dtype), codes)
    if kind == "absmax":
        assert np.array_equal(ops.quantize_absmax(x)[0], codes)


# ---- edge cases ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zero_constant_tiny_huge(isa, kind, dtype):
    tiny, top = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    for values in ([0.0] * 5, [-0.0], [3.5] * 5, [-2.0] * 20, [tiny, 3 * tiny], [-100 * tiny, 180 * tiny], [top, -top],
                   [top / 3] * 17, [1e-38, -1e-38, 0]):  # fmt: skip
        x = np.array(values, dtype)
        q, scale, zero = quantize(x, kind)
        same((q, scale, zero), reference(x, kind))
        assert np.isfinite(scale) and scale >= np.finfo(dtype).tiny
        back = dequantize(q, scale, zero, kind)
        near = np.abs(x) < top / 2  # near the largest number, dequantization may overflow
        assert (np.abs(back - x)[near] <= scale / 2 * (1 + 1e-4)).all()
    assert quantize(np.zeros(3, dtype), kind)[1] == 1


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_infinities_saturate_and_do_not_stretch_the_range(isa, kind, axis):
    x = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32)
    finite = x.copy()
    finite[3, 4], finite[5, 6] = 0, 0
    x[3, 4], x[5, 6] = np.inf, -np.inf
    q, scale, zero = quantize(x, kind, axis=axis)
    want = quantize(finite, kind, axis=axis)
    assert np.array_equal(scale, want[1]) and np.array_equal(zero, want[2])
    low, high = LIMITS[kind]
    assert (q[3, 4], q[5, 6]) == (high, low)
    q[3, 4], q[5, 6] = want[0][3, 4], want[0][5, 6]
    assert np.array_equal(q, want[0])
    assert list(quantize(np.array([np.inf, -np.inf], np.float32), "absmax")[0]) == [127, -127]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("shape", "at"), [((5,), (3,)), ((4, 70), (2, 65)), ((100_000,), (77_777,))])
def test_a_nan_raises_with_its_place(isa, kind, shape, at):
    x = np.ones(shape, np.float32)
    x[at] = np.nan
    for axis in (None, -1, 0):
        with pytest.raises(
            ValueError, match=r"quantize_\w+: expected x without NaN, received a NaN at \(" + ", ".join(map(str, at))
        ):
            quantize(x, kind, axis=axis)


def test_inside_a_plan_a_nan_becomes_a_nan_scale(isa):
    tape = _core.Tape(record=True)
    with tape:
        q, scale = ops.quantize_absmax(tape.input((3, 20), "float32", "x"), axis=-1)
        plan = tape.compile([q, scale])
    x = np.ones((3, 20), np.float32)
    x[1, 17] = np.nan
    q, scale = plan.run([x])[0]
    assert np.array_equal(np.isnan(scale[:, 0]), [False, True, False])
    assert np.array_equal(q, np.where(np.arange(3)[:, None] == 1, 0, 127) * np.ones((3, 20), int))


# ---- threads and instruction sets ------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("shape", "axis"), [((300_007,), None), ((200, 700), -1), ((200, 700), 0), ((7, 65_537), 1)])
def test_the_same_codes_for_any_number_of_threads_on_any_instruction_set(threads, isa, kind, shape, axis):
    x = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    want = reference(x, kind, None if axis is None else (axis % len(shape),))
    got = quantize(x, kind, axis=axis)
    same(got if kind != "absmax" else got[:2], want if kind != "absmax" else want[:2])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("n", [1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 100])
def test_nothing_beside_the_operands_is_read(isa, dtype, side, n):
    x = np.random.default_rng(n).normal(size=(3, n)).astype(dtype)
    for kind in KINDS:
        for axis in (None, 0, 1):
            q, scale, zero = quantize(guarded(x, side), kind, axis=axis)
            same((q, scale), reference(x, kind, None if axis is None else (axis,))[:2])
            operands = [guarded(np.asarray(a), side) for a in (q, scale, zero)]
            assert np.array_equal(dequantize(*operands, kind), dequantize(q, scale, zero, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_halves_by_way_of_float32(kind):
    x = np.random.default_rng(5).normal(size=(8, 9)).astype(np.float16)
    same(quantize(x, kind), [np.asarray(v) for v in quantize(x.astype(np.float32), kind)])


def test_no_elements():
    for shape, axis in (((0,), None), ((0, 3), 0), ((3, 0), 0), ((3, 0), 1), ((0, 3), 1)):
        q, scale = ops.quantize_absmax(np.zeros(shape, np.float32), axis=axis)
        assert q.shape == shape
        assert ops.dequantize_absmax(q, scale).shape == shape


# ---- gradients, plans, errors ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_goes_straight_through(isa, kind):
    values = np.random.default_rng(6).normal(size=(4, 5)).astype(np.float32)
    weights = np.random.default_rng(7).normal(size=(4, 5)).astype(np.float32)
    x = _core.tensor(values)
    x.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = fake(x, kind, axis=0)
        loss = _core.sum(_core.add(_core.multiply(y, weights), x))  # x is used twice
        [dx] = tape.gradients(loss, [x])
    assert np.array_equal(dx.numpy(), weights + np.float32(1))
    assert np.array_equal(y.numpy(), fake(values, kind, axis=0))


def test_rows_of_activations_in_a_plan():
    """As an int8 layer does in each step: one scale for each row of its input."""
    tape = _core.Tape(record=True)
    with tape:
        q, scale = ops.quantize_absmax(tape.input((32, 100), "float32", "x"), axis=-1)
        plan = tape.compile([q, scale])
    for seed in range(2):
        x = np.random.default_rng(seed).normal(size=(32, 100)).astype(np.float32)
        same(plan.run([x])[0], reference(x, "absmax", (1,))[:2])


def test_tensors_give_tensors_and_numbers_are_fine():
    q, scale = ops.quantize_absmax(_core.tensor(np.ones(3, np.float32)))
    assert isinstance(q, _core.Tensor) and isinstance(scale, _core.Tensor)
    y = ops.dequantize_zeropoint(np.array([1, 2], np.int8), 0.5, 1)
    assert y.dtype == np.float32 and list(y) == [0.0, 0.5]
    assert list(ops.quantize_absmax([1, 2, 127])[0]) == [1, 2, 127]


X = np.ones((4, 6), np.float32)
Q = np.ones((4, 6), np.int8)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: ops.quantize_absmax(X, axis=2), ValueError, "axis 2"),
        (
            lambda: ops.quantize_absmax(X, axis=1, group_size=4),
            ValueError,
            r"divides axis 1 of shape \(4, 6\), received 4",
        ),
        (lambda: ops.quantize_absmax(X, group_size=0), ValueError, "group_size"),
        (lambda: ops.quantize_absmax(X, axis=(0, 1), group_size=2), ValueError, "one axis"),
        (lambda: ops.quantize_zeropoint(X, dtype="int32"), ValueError, "int8 or uint8, received int32"),
        (lambda: ops.dequantize_absmax(X, np.float32(1)), TypeError, "int8 or uint8, received float32"),
        (
            lambda: ops.dequantize_absmax(Q, np.ones(6, np.float32)),
            ValueError,
            r"divide those of the codes \(4, 6\), received shape \(6,\)",
        ),
        (lambda: ops.dequantize_absmax(Q, np.ones((3, 1), np.float32)), ValueError, r"received shape \(3, 1\)"),
        (lambda: ops.dequantize_absmax(Q, np.ones((), np.int32)), TypeError, "int32"),
        (lambda: ops.dequantize_zeropoint(Q, np.float32(1), np.uint8(1)), ValueError, "zero point of int8"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()

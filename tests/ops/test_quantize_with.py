"""Quantization with given scales: codes against NumPy bit for bit, gradients against their definition."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.codes import centered, codes, quantized
from support.guarded import guarded

# (shape of x, shape of the scale): one number, one a row, one a channel, groups, one a image.
LAYOUTS = [((), ()), ((7,), ()), ((5, 67), (1, 1)), ((5, 67), (5, 1)), ((40, 300), (1, 300)), ((300, 3), (1, 3)),
           ((6, 64), (6, 4)), ((3, 4, 5, 6), (3, 1, 1, 1)), ((2, 3, 5, 33), (1, 1, 1, 33)), ((4, 6), (4, 6)),
           ((2, 40000), (2, 1)), ((90000,), ()), ((0, 3), (0, 1)), ((3, 0), (3, 1)), ((0, 5), (1, 5))]  # fmt: skip
TYPES = ["uint8", "int8"]


def spread(scale, shape):
    """The scale of each element."""
    if scale.ndim:
        for axis, (s, n) in enumerate(zip(scale.shape, shape, strict=True)):
            scale = np.repeat(scale, n // s if s else 1, axis)
    return np.broadcast_to(scale, shape)


def problem(rng, shape, scale_shape, dtype, floating="float32"):
    """x whose codes fall inside, outside and exactly between codes."""
    scale = (2.0 ** rng.integers(-6, 2, scale_shape)).astype(floating)
    zero = codes(rng, scale_shape, dtype)
    x = (rng.integers(-700, 700, shape) / 2 * spread(scale, shape)).astype(floating)
    return x, np.asarray(scale), np.asarray(zero)


@pytest.mark.parametrize("floating", ["float32", "float64"])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("shape", "scale_shape"), LAYOUTS)
def test_codes_and_back(isa, shape, scale_shape, dtype, floating):
    rng = np.random.default_rng(1)
    x, scale, zero = problem(rng, shape, scale_shape, dtype, floating)
    each, zeros = spread(scale, shape), spread(zero, shape)
    for z, filled in [(zero, zeros), (None, np.zeros_like(zeros))]:
        q = np.asarray(_core.quantize_with(x, scale, z, dtype))
        want = quantized(x, each, filled, dtype)
        assert q.dtype == want.dtype
        np.testing.assert_array_equal(q, want)
        back = np.asarray(_core.fake_quantize_with(x, scale, z, dtype))
        assert back.dtype == x.dtype
        np.testing.assert_array_equal(back, centered(q, filled).astype(floating) * each)


def test_codes_of_any_numbers(isa):
    rng = np.random.default_rng(2)
    x = rng.normal(0, 3, (33, 47)).astype("float32")
    scale = rng.uniform(0.01, 0.1, (33, 1)).astype("float32")
    zero = codes(rng, (33, 1), "uint8")
    np.testing.assert_array_equal(_core.quantize_with(x, scale, zero), quantized(x, scale, zero))
    special = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45, -0.0, 0.5, 1.5, 2.5], "float32")
    for dtype, zero in [("uint8", np.uint8(10)), ("int8", np.int8(-10))]:
        want = quantized(special, np.float32(1), zero, dtype)
        assert want[0] == 0 and want[7] == zero and want[8] == want[9] == zero + 2
        np.testing.assert_array_equal(_core.quantize_with(special, np.float32(1), zero, dtype), want)


def test_the_codes_are_those_of_dynamic_quantization(isa):
    """quantize_with, given what quantize_zeropoint has found, returns its codes."""
    x = np.random.default_rng(3).normal(0, 2, (20, 130)).astype("float32")
    for dtype in TYPES:
        q, scale, zero = _core.quantize_zeropoint(x, dtype, [1])
        np.testing.assert_array_equal(_core.quantize_with(x, scale, zero, dtype), q)


def gradients(x, scale, zero, dtype, dy):
    leaves = [_core.tensor(x), _core.tensor(scale)]
    for leaf in leaves:
        leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = _core.fake_quantize_with(*leaves, zero, dtype)
        dx, dscale = tape.gradients(y, leaves, dy)
    return dx.numpy(), dscale.numpy()


def collapsed(each, scale_shape):
    """Sums of the elements that share a scale."""
    if not scale_shape:
        return each.sum()
    for axis, n in enumerate(scale_shape):
        split = (*each.shape[:axis], n, each.shape[axis] // n if n else 0, *each.shape[axis + 1 :])
        each = each.reshape(split).sum(axis + 1)
    return each


@pytest.mark.parametrize("floating", ["float32", "float64"])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("shape", "scale_shape"), LAYOUTS)
def test_gradients_are_their_definition(isa, shape, scale_shape, dtype, floating):
    """Straight-through with clipping (Bengio et al., 2013), and the learned step size (Esser et al., 2020)."""
    rng = np.random.default_rng(4)
    x, scale, zero = problem(rng, shape, scale_shape, dtype, floating)
    dy = rng.integers(-8, 9, shape).astype(floating)
    info, steps, zeros = np.iinfo(dtype), x / spread(scale, shape), spread(zero, shape).astype("float64")
    code = np.round(steps) + zeros
    inside = (code >= info.min) & (code <= info.max)
    slope = np.where(inside, np.round(steps) - steps, np.where(code < info.min, info.min, info.max) - zeros)
    dx, dscale = gradients(x, scale, zero, dtype, dy)
    np.testing.assert_array_equal(dx, np.where(inside, dy, 0))
    want = collapsed((dy * slope).astype("float64"), scale_shape)
    assert dscale.dtype == x.dtype and dscale.shape == scale.shape
    np.testing.assert_array_equal(dscale, want)  # all are multiples of 1/2, which sums hold exactly


def test_the_gradient_adds_to_others():
    rng = np.random.default_rng(5)
    x, scale, zero = problem(rng, (9, 30), (), "uint8")
    leaf = _core.tensor(x)
    leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = _core.add(_core.fake_quantize_with(leaf, scale, zero), leaf)
        (both,) = tape.gradients(y, [leaf], np.ones_like(x))
    alone, _ = gradients(x, scale, zero, "uint8", np.ones_like(x))
    np.testing.assert_array_equal(both, alone + 1)
    assert set(np.unique(both)) == {1, 2}


def test_a_nan_has_no_gradient(isa):
    x = np.array([np.nan, 1.0, 500.0], "float32")
    dx, dscale = gradients(x, np.float32(1), np.uint8(3), "uint8", np.ones(3, "float32"))
    np.testing.assert_array_equal(dx, [0, 1, 0])
    assert dscale == 252


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize(("shape", "scale_shape"), [s for s in LAYOUTS if np.prod(s[0]) > 0])
def test_nothing_outside_the_operands_is_touched(isa, shape, scale_shape, side):
    x, scale, zero = problem(np.random.default_rng(6), shape, scale_shape, "uint8")
    x, scale, zero = (guarded(np.atleast_1d(v), side).reshape(v.shape) for v in (x, scale, zero))
    _core.quantize_with(x, scale, zero)
    _core.fake_quantize_with(x, scale, zero)


def test_every_number_of_threads_gives_the_same(threads):
    x, scale, zero = problem(np.random.default_rng(7), (40, 5000), (40, 1), "uint8")
    np.testing.assert_array_equal(_core.quantize_with(x, scale, zero), quantized(x, scale, zero))


@pytest.mark.parametrize("name", ["quantize_with", "fake_quantize_with"])
def test_wrong_arguments(name):
    x, one = np.zeros((2, 3, 4), "float32"), np.ones((), "float32")
    for arguments, error, message in [
        ((np.zeros(3, "int32"), one), TypeError, "float32 or float64"),
        ((x, np.ones(())), TypeError, "float32"),
        ((x, np.ones((2, 1), "float32")), ValueError, "expected a scale of one number"),
        ((x, np.ones((2, 1, 3), "float32")), ValueError, "expected a scale of one number"),
        ((x, np.ones((1, 3, 1), "float32")), ValueError, "axes that share a scale to be adjacent"),
        ((x, one, np.int8(0)), ValueError, "expected a zero point of uint8"),
        ((x, one, None, "int32"), ValueError, "expected dtype int8 or uint8, received int32"),
    ]:
        with pytest.raises(error, match=f"{name}: .*{message}"):
            getattr(_core, name)(*arguments)

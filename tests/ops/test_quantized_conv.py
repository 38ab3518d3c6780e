"""Convolutions of 8-bit codes: every bit equals the definition, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.codes import quantized
from support.convolution import Definition
from support.guarded import guarded
from support.quantized_convolution import KINDS, Case, Codes, codes, result, sums


@pytest.mark.product(seed=range(16))
@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("kind", KINDS)
def test_every_bit_equals_the_definition(dot_isa, kind, seed):
    case = Case(kind, seed)
    expected = case.expected
    y = np.asarray(case.run(activation="relu" if seed % 3 == 0 else "linear"))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, np.maximum(expected, 0) if seed % 3 == 0 else expected)
    scale = np.float32(max(np.abs(expected).max(initial=1), 1) / 200)
    zero = np.uint8(100) if seed % 2 else None
    q = np.asarray(case.run(out_scale=scale, out_zero=zero))
    assert q.dtype == np.uint8
    np.testing.assert_array_equal(q, quantized(expected, scale, zero))


# (image, taps, filters, groups, stride, dilation, pad): wide kernels, many taps, several blocks of columns and pixels.
LARGE = [
    ((2, 9, 8, 260), (3, 3), 300, 1, 1, 1, 1),
    ((1, 20, 21, 3), (11, 9), 40, 1, 2, 1, 4),
    ((3, 20, 19, 33), (3, 3), 50, 1, 1, 1, 1),
    ((2, 600, 12), (80,), 16, 1, 3, 1, 0),
    ((1, 7, 9, 8, 20), (3, 3, 3), 24, 1, 1, 1, 1),
    ((4, 14, 14, 256), (1, 1), 256, 1, 1, 1, 0),
    ((2, 15, 15, 64), (3, 3), 64, 4, 1, 2, 2),
    ((2, 28, 28, 1), (5, 5), 6, 1, 1, 1, 0),
    ((1, 30, 30, 4), (10, 10), 5, 1, 1, 2, 9),
    ((1, 5, 5, 2000), (3, 3), 33, 1, 1, 1, 1),
]


@pytest.mark.parametrize(("shape", "taps", "filters", "groups", "stride", "dilation", "pad"), LARGE, ids=str)
def test_large(dot_isa, shape, taps, filters, groups, stride, dilation, pad):
    rng, n = np.random.default_rng(5), len(taps)
    x = codes(rng, shape, "uint8")
    kernel = codes(rng, (*taps, shape[-1] // groups, filters), "int8", -1, with_zero=False)
    d = Definition([stride] * n, [(pad, pad)] * n, [dilation] * n)
    y = _core.quantized_conv(x.q, x.scale, x.zero, kernel.q, kernel.scale, None, None, d.strides, d.pads, d.dilation)
    np.testing.assert_array_equal(y, result(sums("conv", x, kernel, d, None, groups), x, kernel))


DEPTHWISE = [
    ((2, 28, 28, 128), (3, 3), 1, 1, 1),
    ((1, 14, 14, 300), (5, 5), 1, 1, 2),
    ((1, 13, 14, 20), (3, 3), 2, 1, 1),
    ((1, 6, 6, 260), (3, 3), 1, 1, 1),
    ((2, 3, 3, 40), (3, 3), 1, 1, 0),
    ((1, 20, 20, 5), (3, 3), 1, 2, 2),
    ((2, 27, 28, 40), (3, 3), 2, 1, 1),
    ((1, 30, 29, 24), (5, 5), 2, 1, 2),
    ((1, 30, 29, 24), (3, 5), 3, 1, 2),
    ((1, 24, 24, 17), (17, 16), 1, 1, 8),  # more taps than a float32 sum holds exactly
]


@pytest.mark.parametrize(("shape", "taps", "stride", "dilation", "pad"), DEPTHWISE, ids=str)
def test_large_depthwise(isa, shape, taps, stride, dilation, pad):
    rng = np.random.default_rng(6)
    x, kernel = codes(rng, shape, "uint8"), codes(rng, (*taps, shape[-1], 1), "int8")
    d = Definition([stride] * 2, [(pad, pad)] * 2, [dilation] * 2)
    y = _core.quantized_depthwise_conv(
        x.q, x.scale, x.zero, kernel.q, kernel.scale, kernel.zero, None, d.strides, d.pads, d.dilation
    )
    np.testing.assert_array_equal(y, result(sums("depthwise", x, kernel, d), x, kernel))


@pytest.mark.parametrize("kind", KINDS)
def test_extremes_never_saturate(dot_isa, kind):
    one = np.float32(1)
    for code, weight, zero in [(255, -128, 0), (255, 127, 0), (0, -128, 255), (255, 127, 255), (1, 127, 128)]:
        x = Codes(np.full((1, 9, 9, 40), code, "uint8"), one, np.uint8(zero))
        shape = (3, 3, 40, 1) if kind == "depthwise" else (3, 3, 40, 40)
        kernel = Codes(np.full(shape, weight, "int8"), one)
        d = Definition([1, 1], [(1, 1), (1, 1)], [1, 1])
        sizes = ([9, 9],) if kind == "transpose" else ()
        y = KINDS[kind](x.q, x.scale, x.zero, kernel.q, one, None, None, d.strides, d.pads, *sizes, d.dilation)
        np.testing.assert_array_equal(y, sums(kind, x, kernel, d, [9, 9]).astype("float32"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", ["begin", "end"])
def test_nothing_outside_the_operands_is_touched(dot_isa, kind, side):
    for seed in range(30):
        case = Case(kind, seed)
        case.x.q, case.kernel.q = guarded(case.x.q, side), guarded(case.kernel.q, side)
        case.kernel.scale = guarded(case.kernel.scale, side)
        np.testing.assert_array_equal(case.run(), case.expected)


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_threads_gives_the_same(threads, kind):
    rng = np.random.default_rng(7)
    x = codes(rng, (8, 20, 20, 32), "uint8", 0)
    kernel = codes(rng, (3, 3, 32, 1) if kind == "depthwise" else (3, 3, 32, 32), "int8")
    d = Definition([1, 1], [(1, 1), (1, 1)], [1, 1])
    sizes = ([20, 20],) if kind == "transpose" else ()
    y = KINDS[kind](
        x.q, x.scale, x.zero, kernel.q, kernel.scale, kernel.zero, None, d.strides, d.pads, *sizes, d.dilation
    )
    np.testing.assert_array_equal(y, result(sums(kind, x, kernel, d, [20, 20]), x, kernel))


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_does_not_depend_on_its_batch(dot_isa, kind):
    case = next(c for c in (Case(kind, seed) for seed in range(99)) if c.x.scale.size > 1 and c.x.zero is not None)
    whole = np.asarray(case.run())
    for i in range(len(whole)):
        part = Case.__new__(Case)
        part.__dict__.update(case.__dict__)
        part.x = Codes(*(a[i : i + 1] for a in (case.x.q, case.x.scale, case.x.zero)))
        np.testing.assert_array_equal(part.run(), whole[i : i + 1])


def test_an_empty_batch_and_one_pixel():
    one = np.float32(1)
    kernel = np.ones((3, 3, 4, 5), "int8")
    steps = [1, 1], [(0, 0)] * 2, [1, 1]
    y = _core.quantized_conv(np.ones((0, 5, 5, 4), "uint8"), one, None, kernel, one, None, None, *steps)
    assert y.shape == (0, 3, 3, 5)
    y = _core.quantized_conv(np.ones((1, 3, 3, 4), "uint8"), one, None, kernel, one, None, None, *steps)
    np.testing.assert_array_equal(y, np.full((1, 1, 1, 5), 36))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "sigmoid", "tanh", "elu", "exponential", "relu6", "gelu"])
def test_codes_are_the_quantized_activations(kind, activation):
    case = Case(kind, 3)
    case.x.scale = case.x.scale * np.float32(1e-3)  # sums near 0
    y = np.asarray(case.run(activation=activation, alpha=0.25))
    scale = np.float32(np.abs(y).max() / 150)
    q = case.run(activation=activation, alpha=0.25, out_scale=scale, out_zero=np.uint8(90))
    np.testing.assert_array_equal(q, quantized(y, scale, np.uint8(90)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_packs_the_kernel_once(kind):
    case = Case(kind, 4)
    names = ("x", "scale")
    weight = _core.tensor(case.kernel.q)
    tape = _core.Tape(record=True)
    with tape:
        x = tape.input(case.x.q.shape, "uint8", names[0])
        d, k = case.definition, case.kernel
        sizes = (case.sizes,) if kind == "transpose" else ()
        y = KINDS[kind](
            x, case.x.scale, case.x.zero, weight, k.scale, k.zero, case.bias, d.strides, d.pads, *sizes, d.dilation
        )
        plan = tape.compile([y])
    for _ in range(2):
        np.testing.assert_array_equal(plan.run([case.x.q])[0][0], case.expected)
    packs = [r for r in plan.records() if r["kernel"] == "quantized_conv_pack"]
    assert all(r["kept"] for r in packs)
    assert bool(packs) == (kind != "depthwise")

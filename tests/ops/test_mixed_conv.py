"""Convolutions in bfloat16: exact on whole numbers, within bounds on others, the same bits everywhere."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, ops
from support.bf16 import BF16, rounded
from support.convolution import Definition
from support.differences import value_and_gradients
from support.guarded import guarded

# image, taps, filters, groups, strides, pads, dilation. Those marked W use Winograd, F float32 products in gradients.
CASES = [
    ((4, 12, 13, 16), (3, 3), 16, 1, [1, 1], [(1, 1)] * 2, [1, 1]),  # W
    ((9, 8, 9, 17), (3, 3), 33, 1, [1, 1], [(1, 0), (0, 2)], [1, 1]),  # W, an odd number of channels
    ((5, 13, 14, 48), (3, 3), 40, 1, [1, 1], [(0, 0)] * 2, [1, 1]),  # W
    ((2, 9, 10, 16), (3, 3), 16, 1, [2, 2], [(0, 1)] * 2, [1, 1]),
    ((2, 30, 22), (5,), 33, 1, [1], [(2, 2)], [1]),
    ((2, 7, 19, 8), (2, 4), 50, 1, [1, 2], [(1, 0), (3, 2)], [2, 1]),
    ((3, 6, 7, 64), (3, 3), 32, 2, [1, 1], [(1, 1)] * 2, [1, 1]),
    ((2, 5, 4, 6, 12), (2, 3, 2), 20, 1, [2, 1, 2], [(1, 1), (0, 1), (1, 0)], [1, 1, 1]),
    ((1, 600, 18), (3,), 300, 1, [1], [(1, 1)], [1]),
    ((2, 10, 11, 3), (3, 3), 20, 1, [1, 1], [(1, 1)] * 2, [1, 1]),  # F
    ((2, 10, 11, 9), (3, 3), 20, 1, [2, 1], [(1, 1)] * 2, [1, 1]),  # F
    ((2, 10, 11, 20), (3, 3), 5, 1, [1, 1], [(1, 1)] * 2, [1, 1]),  # F
    ((3, 5, 6, 40), (1, 1), 24, 1, [1, 1], [(0, 0)] * 2, [1, 1]),  # a dense product
    ((3, 5, 6, 40), (1, 1), 24, 1, [2, 2], [(0, 0)] * 2, [1, 1]),
]


def whole(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-1, 2, shape).astype("float32")


def bits(x: np.ndarray) -> np.ndarray:
    return x.view(np.uint16 if x.dtype == BF16 else np.uint32)


@pytest.mark.parametrize("kernel_dtype", ["float32", BF16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_whole_numbers(dot_isa, case, activation, kernel_dtype):
    """Products, sums and Winograd's transforms of small whole numbers are exact."""
    shape, taps, filters, groups, *steps = case
    x, w, b = whole(1, *shape), whole(2, *taps, shape[-1] // groups, filters), whole(3, filters)
    definition = Definition(steps[0], steps[1], steps[2])
    expected = definition.forward(x, w, groups) + b
    if activation == "relu":
        expected = np.maximum(expected, 0)
    dy = whole(4, *expected.shape)
    y, (dx, dw, db) = value_and_gradients(
        lambda x, w, b: _core.conv(x, w, b, *steps, activation), (x.astype(BF16), w.astype(kernel_dtype), b), dy
    )
    assert y.dtype == BF16 and dx.dtype == dw.dtype == db.dtype == np.float32
    np.testing.assert_array_equal(y.astype("f4"), rounded(expected))
    dz = dy * (expected > 0) if activation == "relu" else dy
    expected_dx, expected_dw = definition.gradients(x, w, dz, groups)
    np.testing.assert_array_equal(dx, expected_dx)
    np.testing.assert_array_equal(dw, expected_dw)
    np.testing.assert_array_equal(db, dz.sum(tuple(range(dz.ndim - 1))))


TRANSPOSED = [  # image of the output, taps, channels of x, strides, pads
    ((4, 12, 13, 16), (3, 3), 16, [1, 1], [(1, 1)] * 2),  # W
    ((2, 9, 10, 16), (3, 3), 32, [2, 2], [(0, 1)] * 2),
    ((2, 9, 10, 24), (2, 2), 18, [2, 2], [(0, 0), (0, 0)]),
    ((2, 9, 10, 3), (3, 3), 32, [2, 2], [(0, 1)] * 2),  # F
]


@pytest.mark.parametrize("case", TRANSPOSED, ids=str)
def test_whole_numbers_transposed(dot_isa, case):
    shape, taps, channels, strides, pads = case
    definition = Definition(strides, pads, [1] * len(taps))
    w, b, dy = whole(2, *taps, shape[-1], channels), whole(3, shape[-1]), whole(4, *shape)
    x = whole(1, *definition.forward(dy, w).shape)
    y, (dx, dw, _) = value_and_gradients(
        lambda x, w, b: _core.conv_transpose(x, w, b, strides, pads, list(shape[1:-1]), [1] * len(taps)),
        (x.astype(BF16), w, b),
        dy,
    )
    assert y.dtype == BF16
    np.testing.assert_array_equal(y.astype("f4"), rounded(definition.gradients(dy, w, x)[0] + b))
    np.testing.assert_array_equal(dx, definition.forward(dy, w))
    np.testing.assert_array_equal(dw, definition.gradients(dy, w, x)[1])


def normal(case):
    shape, taps, filters, groups, *steps = case
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=shape), rng.normal(size=(*taps, shape[-1] // groups, filters))
    dy = rng.normal(size=Definition(*steps).forward(x, w, groups).shape)
    return x.astype(BF16), w.astype("float32"), dy.astype("float32")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_errors_are_those_of_rounded_operands(case):
    """Root mean square, relative to that of sums of independent terms: 0.6 units of 2^-8, and with Winograd, which
    rounds sums and differences of numbers, 1.1."""
    groups, *steps = case[3:]
    x, w, dy = normal(case)
    definition = Definition(*steps)
    y, gradients = value_and_gradients(lambda x, w: _core.conv(x, w, None, *steps), (x, w), dy)
    wide = x.astype("f8")
    expected = [definition.forward(wide, w, groups), *definition.gradients(wide, w, dy, groups)]
    scales = [definition.forward(wide**2, w**2, groups), *definition.gradients(wide**2, w**2, dy**2, groups)]
    for got, want, squares in zip((y.astype("f8"), *gradients), expected, scales, strict=True):
        error = np.sqrt(np.mean((got - want) ** 2) / np.mean(squares))
        assert error <= (1.25 if case in CASES[:3] else 0.75) * 2.0**-8


def test_every_instruction_set_gives_the_same_bits():
    before, results = _core.active_isa(), {}
    try:
        for isa in _core.supported_isas():
            _core.force_isa(isa)
            results[isa] = []
            for case in CASES[:12]:
                x, w, dy = normal(case)
                y, grads = value_and_gradients(
                    lambda x, w, steps=case[4:]: _core.conv(x, w, None, *steps, "relu"), (x, w), dy
                )
                results[isa] += [y, *(grads if w.shape[-2] >= 16 and w.shape[-1] >= 16 else [])]
        for isa, found in results.items():
            for got, want in zip(found, results["scalar"], strict=True):
                np.testing.assert_array_equal(bits(got), bits(want), err_msg=isa)
    finally:
        _core.force_isa(before)


def test_every_number_of_threads_gives_the_same(threads):
    cases = [
        ((8, 30, 30, 24), (3, 3), 40, 1, [1, 1], [(1, 1)] * 2, [1, 1]),
        ((8, 30, 30, 24), (3, 3), 40, 1, [2, 2], [(0, 1)] * 2, [1, 1]),
    ]
    for case in cases:
        x, w, dy = normal(case)
        f = lambda x, w, steps=case[4:]: _core.conv(x, w, None, *steps, "tanh")  # noqa: E731
        several, grads = value_and_gradients(f, (x, w), dy)
        _core.set_num_threads(1)
        one, of_one = value_and_gradients(f, (x, w), dy)
        _core.set_num_threads(threads)
        for a, b in zip([several, *grads], [one, *of_one], strict=True):
            np.testing.assert_array_equal(bits(a), bits(b))


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize(("channels", "filters"), [(8, 17), (16, 33), (17, 16)])
def test_nothing_outside_is_touched(dot_isa, side, channels, filters):
    for size, stride in ((6, 2), (13, 1)):
        x = guarded(whole(1, 4, size, size, channels).astype(BF16).view("u2"), side).view(BF16)
        w, b = guarded(whole(2, 3, 3, channels, filters), side), guarded(whole(3, filters), side)
        steps = ([stride] * 2, [(1, 1)] * 2, [1, 1])
        dy = guarded(whole(4, *_core.conv(x, w, b, *steps).shape), side)
        value_and_gradients(lambda x, w, b, s=steps: _core.conv(x, w, b, *s, "relu"), (x, w, b), dy)


def test_the_word_after_an_odd_number_of_channels_never_enters_a_sum(dot_isa):
    """An earlier product leaves infinities in the scratch memory."""
    steps = ([1, 1], [(0, 0)] * 2, [1, 1])
    _core.conv(np.full((8, 12, 12, 32), np.inf, BF16), np.ones((3, 3, 32, 16), "f4"), None, *steps)
    y = np.asarray(_core.conv(np.ones((8, 12, 12, 17), BF16), np.ones((3, 3, 17, 16), "f4"), None, *steps))
    np.testing.assert_array_equal(y, np.full(y.shape, 153, BF16))


def test_the_second_derivative_is_that_of_float32(dot_isa):
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(2, 6, 6, 8)).astype(BF16), rng.normal(size=(3, 3, 8, 16)).astype("f4")

    def penalty(x):
        leaves = [_core.tensor(x), _core.tensor(w)]
        for t in leaves:
            t.requires_grad = True
        with netlet.GradientTape() as outer:
            with netlet.GradientTape() as inner:
                y = _core.conv(*leaves, None, [1, 1], [(1, 1)] * 2, [1, 1], "tanh")
            loss = ops.sum(ops.square(inner.gradient(y, leaves)[0]))
        return outer.gradient(loss, leaves)[1].numpy()

    np.testing.assert_allclose(penalty(x), penalty(x.astype("f4")), rtol=1e-4, atol=1e-4)


def test_errors():
    x, steps = np.ones((1, 5, 5, 8), BF16), ([1, 1], [(0, 0)] * 2, [1, 1])
    with pytest.raises(
        TypeError, match="conv: expected a float32 or bfloat16 kernel for a bfloat16 x, received float64"
    ):
        _core.conv(x, _core.tensor(np.ones((3, 3, 8, 16))), None, *steps)
    with pytest.raises(ValueError, match="expected x with a multiple of 3 channels"):
        _core.conv(x, np.ones((3, 3, 3, 16), "f4"), None, *steps)
    with pytest.raises(ValueError, match=r"expected a bias of shape \(16,\), received \(8,\)"):
        _core.conv(x, np.ones((3, 3, 8, 16), "f4"), np.ones(8, "f4"), *steps)

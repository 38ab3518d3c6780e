"""Convolution, transposed and depthwise convolution against their definitions. On integers, so results are exact."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

from netlet import _core
from support.convolution import Definition
from support.differences import check_gradients, value_and_gradients
from support.guarded import guarded

CASES = 120


pytestmark = pytest.mark.usefixtures("exact_convolutions")  # tests/ops/test_winograd.py has the other precision


def whole(rng: np.random.Generator, *shape: int, dtype: str = "float32") -> np.ndarray:
    return rng.integers(-3, 4, shape).astype(dtype)


class Case:
    """A small random convolution with every kind of argument."""

    def __init__(self, seed: int, groups: bool = True) -> None:
        rng = self.rng = np.random.default_rng(seed)
        n = self.spatial = int(rng.integers(1, 4))
        most = {1: 40, 2: 14, 3: 7}[n]
        draw = lambda low, high: [int(v) for v in rng.integers(low, high + 1, n)]  # noqa: E731
        self.taps, self.strides, self.dilation = draw(1, min(4, most // 2)), draw(1, 3), draw(1, 2)
        self.pads = [(int(a), int(b)) for a, b in zip(draw(0, 3), draw(0, 3), strict=True)]
        if rng.random() < 0.4:
            self.pads = [(0, 0)] * n
        reach = [d * (k - 1) + 1 for k, d in zip(self.taps, self.dilation, strict=True)]
        self.sizes = [max(s, r - a - b) for s, r, (a, b) in zip(draw(1, most), reach, self.pads, strict=True)]
        self.groups = int(rng.choice([1, 1, 1, 2, 3])) if groups else 1
        self.C = int(rng.choice([1, 2, 3, 5, 8, 16, 17, 33]))
        self.O = int(rng.choice([1, 2, 3, 8, 10, 16, 31, 32, 33, 48, 70]))
        self.batch = int(rng.integers(1, 4))
        self.out = [
            (s + a + b - r) // t + 1 for s, (a, b), r, t in zip(self.sizes, self.pads, reach, self.strides, strict=True)
        ]

    @property
    def steps(self):
        return self.strides, self.pads, self.dilation

    @property
    def definition(self) -> Definition:
        return Definition(*self.steps)


@pytest.mark.product(seed=range(24))
@pytest.mark.parametrize("seed", range(CASES))
def test_convolution(isa, seed):
    case = Case(seed)
    rng, g = case.rng, case.groups
    x = whole(rng, case.batch, *case.sizes, case.C * g)
    w, b = whole(rng, *case.taps, case.C, case.O * g), whole(rng, case.O * g)
    activation = str(rng.choice(["linear", "relu"]))
    expected = case.definition.forward(x, w, g) + b
    dy = whole(rng, *expected.shape)
    dz = dy * (expected > 0) if activation == "relu" else dy
    y, (dx, dw, db) = value_and_gradients(lambda x, w, b: _core.conv(x, w, b, *case.steps, activation), (x, w, b), dy)
    np.testing.assert_array_equal(y, np.maximum(expected, 0) if activation == "relu" else expected)
    expected_dx, expected_dw = case.definition.gradients(x, w, dz, g)
    np.testing.assert_array_equal(dx, expected_dx)
    np.testing.assert_array_equal(dw, expected_dw)
    np.testing.assert_array_equal(db, dz.sum(tuple(range(dz.ndim - 1))))


@pytest.mark.product(seed=range(1000, 1012))
@pytest.mark.parametrize("seed", range(1000, 1000 + CASES // 2))
def test_transpose(isa, seed):
    """Against the input gradient of a convolution, which is the transposed convolution; likewise for its gradients."""
    case = Case(seed, groups=False)
    rng = case.rng
    x, w, b = whole(rng, case.batch, *case.out, case.C), whole(rng, *case.taps, case.O, case.C), whole(rng, case.O)
    dy = whole(rng, case.batch, *case.sizes, case.O)
    y, (dx, dw, db) = value_and_gradients(
        lambda x, w, b: _core.conv_transpose(x, w, b, *case.steps[:2], case.sizes, case.dilation),
        (x, w, b),
        dy,
    )
    np.testing.assert_array_equal(y, case.definition.gradients(dy, w, x)[0] + b)
    np.testing.assert_array_equal(dx, case.definition.forward(dy, w))
    np.testing.assert_array_equal(dw, case.definition.gradients(dy, w, x)[1])
    np.testing.assert_array_equal(db, dy.sum(tuple(range(dy.ndim - 1))))


@pytest.mark.product(seed=range(2000, 2012))
@pytest.mark.parametrize("seed", range(2000, 2000 + CASES // 2))
def test_depthwise(isa, seed):
    """Depthwise convolution: as many groups as channels."""
    case = Case(seed, groups=False)
    rng, multiplier = case.rng, int(case.rng.choice([1, 1, 1, 2, 3]))
    x, w = whole(rng, case.batch, *case.sizes, case.C), whole(rng, *case.taps, case.C, multiplier)
    b = whole(rng, case.C * multiplier)
    grouped = w.reshape(*case.taps, 1, -1)
    expected = case.definition.forward(x, grouped, case.C) + b
    dy = whole(rng, *expected.shape)
    y, (dx, dw, db) = value_and_gradients(lambda x, w, b: _core.depthwise_conv(x, w, b, *case.steps), (x, w, b), dy)
    np.testing.assert_array_equal(y, expected)
    expected_dx, expected_dw = case.definition.gradients(x, grouped, dy, case.C)
    np.testing.assert_array_equal(dx, expected_dx)
    np.testing.assert_array_equal(dw, expected_dw.reshape(w.shape))
    np.testing.assert_array_equal(db, dy.sum(tuple(range(dy.ndim - 1))))


@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_3x3(isa, stride):
    """The kernel's gradient of this window has a path of its own for rows inside of the image."""
    rng = np.random.default_rng(stride)
    for height, width in ((1, 1), (3, 2), (5, 5), (9, 20), (40, 3)):
        for channels in (3, 16, 33, 80):
            steps = [stride] * 2, [(int(rng.integers(0, 3)), int(rng.integers(1, 3))) for _ in range(2)], [1, 1]
            if height + sum(steps[1][0]) < 3 or width + sum(steps[1][1]) < 3:
                continue
            x, w = whole(rng, 2, height, width, channels), whole(rng, 3, 3, channels, 1)
            grouped, definition = w.reshape(3, 3, 1, -1), Definition(*steps)
            expected = definition.forward(x, grouped, channels)
            dy = whole(rng, *expected.shape)
            y, (dx, dw) = value_and_gradients(
                lambda x, w, steps=steps: _core.depthwise_conv(x, w, None, *steps), (x, w), dy
            )
            np.testing.assert_array_equal(y, expected)
            clipped = _core.depthwise_conv(x, w, None, *steps, "relu6")
            np.testing.assert_array_equal(clipped, np.clip(expected, 0, 6))
            expected_dx, expected_dw = definition.gradients(x, grouped, dy, channels)
            np.testing.assert_array_equal(dx, expected_dx)
            np.testing.assert_array_equal(dw, expected_dw.reshape(w.shape))


# Shapes for paths that small ones do not reach: many channels, many taps, many slices, wide kernels.
LARGE = [
    ((1, 9, 8, 1100), (3, 3), 40, 1, 1),
    ((2, 20, 21, 3), (11, 9), 20, 2, 0),
    ((1, 4, 5, 64), (3, 3), 520, 1, 1),
    ((16, 40, 40, 8), (3, 3), 33, 1, 1),
    ((3, 5000, 6), (9,), 16, 1, 4),
    ((2, 600, 12), (80,), 16, 3, 0),
    ((2, 7, 9, 8, 20), (3, 3, 3), 24, 1, 1),
    ((1, 30, 30, 4), (10, 10), 5, 1, 9),
    ((5, 11, 13, 16), (3, 3), 16, 1, 0),
    ((3, 20, 19, 33), (3, 3), 50, 1, 2),
    ((9, 8, 8, 17), (3, 3), 18, 1, 1),
    ((40, 4, 3, 64), (3, 3), 64, 1, 0),
    ((200, 3, 3, 16), (3, 3), 31, 1, 0),
]


@pytest.mark.parametrize(("shape", "taps", "filters", "stride", "pad"), LARGE, ids=str)
def test_large(isa, shape, taps, filters, stride, pad):
    rng, n = np.random.default_rng(5), len(taps)
    x = rng.integers(-1, 2, shape).astype("float32")
    w, b = rng.integers(-1, 2, (*taps, shape[-1], filters)).astype("float32"), whole(rng, filters)
    steps = ([stride] * n, [(pad, pad)] * n, [1] * n)
    expected = Definition(*steps).forward(x, w)
    dy = rng.integers(-1, 2, expected.shape).astype("float32")
    y, (dx, dw, _) = value_and_gradients(lambda x, w, b: _core.conv(x, w, b, *steps), (x, w, b), dy)
    np.testing.assert_array_equal(y, expected + b)
    expected_dx, expected_dw = Definition(*steps).gradients(x, w, dy)
    np.testing.assert_array_equal(dx, expected_dx)
    np.testing.assert_array_equal(dw, expected_dw)


@pytest.mark.parametrize("channels", [16, 64, 200])
def test_error_of_winograd(isa, channels):
    """The error bound of docs/numerics.md, on images and kernels of very different magnitudes."""
    rng, u = np.random.default_rng(0), 2.0**-24
    x = (rng.normal(size=(10, 15, 16, channels)) * 10.0 ** rng.integers(-3, 4, (10, 15, 16, 1))).astype("float32")
    w = (rng.normal(size=(3, 3, channels, 32)) * 10.0 ** rng.integers(-1, 2, (3, 3, 1, 1))).astype("float32")
    dy = rng.normal(size=(10, 15, 16, 32)).astype("float32")
    steps = ([1, 1], [(1, 1)] * 2, [1, 1])
    y, (_, dw) = value_and_gradients(lambda x, w: _core.conv(x, w, None, *steps), (x, w), dy)
    # A tile's pixels are added and subtracted before they are multiplied: the largest determines the error.
    pixels = scipy.ndimage.maximum_filter(np.abs(x.astype("float64")).sum(-1, keepdims=True), (1, 5, 5, 1))
    bound = 8 * u * pixels * np.abs(w).max((0, 1, 2))
    assert (np.abs(y - Definition(*steps).forward(x, w)) <= bound).all()
    nearby = scipy.ndimage.maximum_filter(np.abs(x.astype("float64")), (1, 5, 5, 1)).sum((0, 1, 2))
    expected_dw = Definition(*steps).gradients(x, w, dy)[1]
    assert (np.abs(dw - expected_dw) <= 16 * u * nearby[:, None] * np.abs(dy).max((0, 1, 2))).all()


def test_same_bits_for_any_number_of_threads(threads):
    rng = np.random.default_rng(6)
    results = []
    for count in (1, threads):
        _core.set_num_threads(count)
        rng = np.random.default_rng(6)
        for shape, stride in (((8, 30, 30, 5), 1), ((4, 33, 31, 24), 2)):
            x, w = rng.normal(size=shape).astype("float32"), rng.normal(size=(3, 3, shape[-1], 40)).astype("float32")
            d = rng.normal(size=(3, 3, shape[-1], 1)).astype("float32")
            steps = ([stride] * 2, [(1, 1)] * 2, [1, 1])
            for f, k in ((_core.conv, w), (_core.depthwise_conv, d)):
                y, grads = value_and_gradients(
                    lambda x, k, f=f, steps=steps: f(x, k, None, *steps, "tanh"),
                    (x, k),
                    lambda shape: np.ones(shape, "float32"),
                )
                results.append((count, [y, *grads]))
    half = len(results) // 2
    for (_, one), (_, many) in zip(results[:half], results[half:], strict=True):
        for a, b in zip(one, many, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("activation", ["linear", "tanh", "gelu"])
def test_gradients_in_float64(isa, activation):
    rng = np.random.default_rng(7)
    x, w, b = rng.normal(size=(2, 5, 6, 3)), rng.normal(size=(3, 2, 3, 4)), rng.normal(size=4)
    steps = ([1, 2], [(1, 0), (0, 1)], [2, 1])
    check_gradients(lambda x, w, b: _core.conv(x, w, b, *steps, activation, 1.0), [x, w, b])
    wt = rng.normal(size=(3, 2, 4, 3))
    out = [8, 12]
    steps_t = ([2, 2], [(1, 1), (0, 0)], [1, 1])
    xt = rng.normal(size=(1, 4, 6, 3))
    check_gradients(
        lambda x, w, b: _core.conv_transpose(x, w, b, steps_t[0], steps_t[1], out, steps_t[2], activation, 1.0),
        [xt, wt, b],
    )
    d = rng.normal(size=(3, 2, 3, 1))
    check_gradients(lambda x, w, b: _core.depthwise_conv(x, w, b, *steps, activation, 1.0), [x, d, b[:3]])


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize(("channels", "filters"), [(1, 5), (3, 32), (9, 17), (16, 33)])
def test_nothing_outside_is_touched(isa, side, channels, filters):
    rng = np.random.default_rng(8)
    x, w = guarded(whole(rng, 2, 6, 7, channels), side), guarded(whole(rng, 3, 3, channels, filters), side)
    b = guarded(whole(rng, filters), side)
    d = guarded(whole(rng, 3, 3, channels, 1), side)
    for pads in ([(0, 0)] * 2, [(1, 1)] * 2):
        for f, k, bias in ((_core.conv, w, b), (_core.depthwise_conv, d, None)):
            shape = f(x, k, bias, [1, 1], pads, [1, 1]).shape
            dy = guarded(whole(rng, *shape), side)
            value_and_gradients(lambda x, k, f=f, p=pads, bias=bias: f(x, k, bias, [1, 1], p, [1, 1]), (x, k), dy)


@pytest.mark.parametrize("shape", [(0, 5, 5, 3), (2, 5, 5, 3)])
@pytest.mark.parametrize("filters", [0, 4])
def test_empty(shape, filters):
    x, w, d = np.ones(shape), np.ones((2, 2, 3, filters)), np.ones((2, 2, 3, 1))
    steps = ([1, 1], [(0, 0), (0, 0)], [1, 1])
    for f, k in ((_core.conv, w), (_core.depthwise_conv, d)):
        y, (dx, dw) = value_and_gradients(lambda x, w, f=f: f(x, w, None, *steps), (x, k), np.ones)
        assert y.shape[:3] == (shape[0], 4, 4) and dx.shape == shape and dw.shape == k.shape
        if shape[0] == 0:
            assert not dw.any()
        if filters == 0 and f is _core.conv:
            assert not dx.any()


def test_a_gradient_adds_to_what_is_there(isa):
    """x and the kernel are used twice, so the second gradient must be added to the first."""
    rng = np.random.default_rng(9)
    x, w = rng.normal(size=(2, 6, 6, 4)), rng.normal(size=(3, 3, 4, 4))
    steps = ([1, 1], [(1, 1)] * 2, [1, 1])
    once = lambda x, w, f: f(x, w, None, *steps)  # noqa: E731
    d = rng.normal(size=(3, 3, 4, 1))
    for f, k in ((_core.conv, w), (_core.depthwise_conv, d)):
        check_gradients(lambda x, k, f=f: _core.add(once(once(x, k, f), k, f), once(x, k, f)), [x, k])


BAD = [
    (dict(x=(2, 5)), "expected x with a batch axis, 1 to 3 spatial axes"),
    (dict(x=(2, 5, 5, 5, 5, 3)), "expected x with a batch axis, 1 to 3 spatial axes"),
    (dict(w=(2, 3, 4)), "expected a kernel with 4 axes"),
    (dict(strides=[1]), "expected 2 strides"),
    (dict(strides=[0, 1]), "positive"),
    (dict(dilation=[1, 0]), "positive"),
    (dict(dilation=[2**40, 1]), "positive"),
    (dict(pads=[(0, 0)]), "expected 2 pairs of padding"),
    (dict(pads=[(-1, 0), (0, 0)]), "padding of at least 0"),
    (dict(w=(6, 2, 3, 4)), r"at least 6 pixels along axis 1.*received shape \(2, 5, 5, 3\), 5 pixels"),
    (dict(w=(2, 2, 2, 4)), "multiple of 2 channels"),
    (dict(x=(2, 5, 5, 6), w=(2, 2, 2, 4)), "filters that the 3 groups divide.*received 4"),
    (dict(w=(0, 2, 3, 4)), "at least one tap"),
    (dict(b=(3,)), r"expected a bias of shape \(4,\)"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input(change, message):
    given = dict(x=(2, 5, 5, 3), w=(2, 2, 3, 4), b=(4,), strides=[1, 1], pads=[(0, 0)] * 2, dilation=[1, 1]) | change
    x, w, b = (np.ones(given.pop(name), "float32") for name in ("x", "w", "b"))
    with pytest.raises(ValueError, match=message):
        _core.conv(x, w, b, **given)


def test_bad_transpose():
    x, w = np.ones((1, 4, 4, 3), "float32"), np.ones((3, 3, 5, 3), "float32")
    with pytest.raises(ValueError, match=r"expected x of shape \(1, 5, 5, 3\).*received shape \(1, 4, 4, 3\)"):
        _core.conv_transpose(x, w, None, [1, 1], [(0, 0)] * 2, [7, 7], [1, 1])
    with pytest.raises(ValueError, match="expected 2 output sizes"):
        _core.conv_transpose(x, w, None, [1, 1], [(0, 0)] * 2, [7], [1, 1])
    with pytest.raises(ValueError, match="with 3 channels"):
        _core.conv_transpose(np.ones((1, 4, 4, 2), "float32"), w, None, [1, 1], [(0, 0)] * 2, [6, 6], [1, 1])

"""Pooling: values and gradients against the definition in float64 NumPy, on every instruction set."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from netlet import _core, ops
from netlet.ops.spatial.windows import Window
from support.differences import check_gradients
from support.guarded import guarded


def with_pads(pool):
    """Wraps a pooling op: its last argument becomes `same`, padding "same" or none, instead of the widths."""

    def f(x, window, strides, same=False):
        placed = Window(tuple(window), tuple(strides), (1,) * len(window), "same" if same else "valid")
        return pool(x, window, strides, placed.pads(x.shape[1:-1]))

    return f


MAX = with_pads(_core.max_pool)
POOLS = {"max": MAX, "average": with_pads(_core.average_pool)}


def definition(op, x, window, strides, same, dy=None):
    """y, and dx for the output gradient dy, computed window by window."""
    n, *size, c = x.shape
    out = [-(-s // t) if same else (s - w) // t + 1 for s, w, t in zip(size, window, strides, strict=True)]
    before = [
        max(0, (o - 1) * t + w - s) // 2 if same else 0 for s, w, t, o in zip(size, window, strides, out, strict=True)
    ]
    y, dx = np.zeros((n, *out, c)), np.zeros(x.shape)
    dy = np.zeros(y.shape) if dy is None else dy
    for at in itertools.product(*map(range, out)):
        starts = [p * t - b for p, t, b in zip(at, strides, before, strict=True)]
        cells = tuple(slice(max(0, s), max(0, s + w)) for s, w in zip(starts, window, strict=True))
        here = (slice(None), *at)
        inside = x[(slice(None), *cells)]
        flat = inside.reshape(n, -1, c)
        if op == "max":
            best = flat.argmax(1)
            y[here] = flat.max(1)
            share = np.zeros_like(flat)
            np.put_along_axis(share, best[:, None], dy[here][:, None], 1)
        else:
            y[here] = flat.mean(1)
            share = np.broadcast_to(dy[here][:, None] / flat.shape[1], flat.shape)
        dx[(slice(None), *cells)] += share.reshape(inside.shape)
    return y, dx


def value_and_gradient(pool, x, window, strides, same, dy):
    leaf = _core.tensor(x)
    leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = pool(leaf, window, strides, same)
        (dx,) = tape.gradients(y, [leaf], dy.astype(x.dtype))
    return y.numpy(), dx.numpy()


class Case:
    """Small integer images with many ties, of all ranks, with numbers of channels for every path of the kernels."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.op = ["max", "average"][seed % 2]
        self.dtype = ["float32", "float64"][seed // 2 % 2]
        axes = int(rng.integers(1, 4))
        size = rng.integers(1, 14, axes)
        if axes == 1 and rng.random() < 0.5:
            size = rng.integers(100, 1500, 1)
        channels = int(rng.choice([1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33]))
        self.same = bool(rng.integers(2))
        most = np.full(axes, 9) if self.same else np.minimum(size, 6)
        self.window = [int(rng.integers(1, m + 1)) for m in most]
        if rng.random() < 0.4:  # common windows have specialized loops
            side = int(rng.integers(2, 4))
            self.window = [side if self.same else min(side, int(s)) for s in size]
        self.strides = [int(t) for t in rng.integers(1, 5, axes)] if rng.random() < 0.6 else self.window
        self.x = rng.integers(-3, 4, (int(rng.integers(1, 3)), *size, channels)).astype("float64")
        if seed % 5 == 0 and self.op == "max":
            self.x[rng.random(self.x.shape) < 0.6] = -np.inf
        y, _ = definition(self.op, self.x, self.window, self.strides, self.same)
        self.dy = rng.integers(-4, 5, y.shape).astype("float64")

    @property
    def arguments(self):
        return self.window, self.strides, self.same


@pytest.mark.parametrize("group", range(8))
def test_values_and_gradients(isa, group):
    for seed in range(group * 40, group * 40 + 40):
        case = Case(seed)
        y, dx = definition(case.op, case.x, *case.arguments, case.dy)
        x = case.x.astype(case.dtype)
        ours, gradient = value_and_gradient(POOLS[case.op], x, *case.arguments, case.dy)
        assert ours.dtype == gradient.dtype == x.dtype
        # Maxima and sums of integers are exact. A mean is rounded once, its part of dy twice, and up to 9^3 such parts
        # of at most 4 are summed.
        unit = np.finfo(x.dtype).eps
        message = f"seed {seed}: {case.op} {case.x.shape} {case.arguments}"
        np.testing.assert_allclose(ours, y, rtol=0 if case.op == "max" else unit, atol=0, err_msg=message)
        bound = 0 if case.op == "max" else 60 * unit
        np.testing.assert_allclose(gradient, dx, rtol=0, atol=bound, err_msg=message)
        # Without a gradient no indices are saved for backward; the values are the same.
        np.testing.assert_array_equal(POOLS[case.op](x, *case.arguments), ours)


def test_same_bits_for_any_number_of_threads(threads):
    rng = np.random.default_rng(0)
    for shape, window, strides in [
        ((9, 31, 37, 16), [2, 2], [2, 2]),
        ((5, 40, 41, 3), [3, 3], [2, 2]),
        ((2, 20001, 1), [5], [3]),
    ]:
        x = rng.standard_normal(shape).astype("float32")
        for op, pool in POOLS.items():
            dy = rng.standard_normal(pool(x, window, strides, True).shape)
            y, dx = value_and_gradient(pool, x, window, strides, True, dy)
            _core.set_num_threads(1)
            y1, dx1 = value_and_gradient(pool, x, window, strides, True, dy)
            _core.set_num_threads(threads)
            np.testing.assert_array_equal(y, y1, err_msg=op)
            np.testing.assert_array_equal(dx, dx1, err_msg=op)


@pytest.mark.parametrize("side", ["begin", "end"])
def test_nothing_outside_the_operands_is_touched(isa, side):
    for seed in range(0, 120):
        case = Case(seed)
        x = guarded(case.x.astype(case.dtype), side)
        dy = guarded(case.dy.astype(case.dtype), side)
        value_and_gradient(POOLS[case.op], x, *case.arguments, dy)


@pytest.mark.parametrize("op", POOLS)
def test_gradients_against_differences(op):
    rng = np.random.default_rng(1)
    for shape, window, strides, same in [
        ((2, 5, 4, 3), [2, 2], [2, 2], False),
        ((1, 5, 6, 2), [3, 2], [1, 2], True),
        ((2, 3, 4, 3, 2), [2, 2, 2], [1, 2, 1], True),
        ((1, 7, 9), [3], [2], True),
    ]:
        x = rng.permutation(np.arange(np.prod(shape))).reshape(shape) / 8  # no two values are close
        check_gradients(lambda t, a=(window, strides, same): POOLS[op](t, *a), [x])


def test_the_first_of_equal_values_takes_the_gradient(isa):
    for channels in (1, 3, 40):
        x = np.zeros((1, 2, 4, channels), "float32")
        _, dx = value_and_gradient(MAX, x, [2, 2], [2, 2], False, np.ones((1, 1, 2, channels)))
        assert (dx[0, 0, ::2] == 1).all() and dx.sum() == 2 * channels


def test_nan_wins(isa):
    for channels in (1, 3, 40):
        for cell in range(4):
            x = np.ones((1, 2, 4, channels), "float32")
            x[0, cell // 2, cell % 2] = np.nan
            y, dx = value_and_gradient(MAX, x, [2, 2], [2, 2], False, np.ones((1, 1, 2, channels)))
            assert np.isnan(y[0, 0, 0]).all() and (y[0, 0, 1] == 1).all()
            assert (dx[0, cell // 2, cell % 2] == 1).all() and dx.sum() == 2 * channels
            assert np.isnan(MAX(x, [2, 2], [2, 2])[0, 0, 0]).all()


def test_windows_of_more_than_255_cells(isa):
    rng = np.random.default_rng(2)
    for channels in (1, 3, 20):
        x = rng.integers(-9, 10, (1, 20, 21, channels)).astype("float32")
        for window, strides in [([16, 16], [2, 2]), ([20, 21], [1, 1])]:
            dy = rng.integers(-4, 5, definition("max", x, window, strides, False)[0].shape).astype("float64")
            y, dx = definition("max", x.astype("float64"), window, strides, False, dy)
            ours, gradient = value_and_gradient(MAX, x, window, strides, False, dy)
            np.testing.assert_array_equal(ours, y)
            np.testing.assert_array_equal(gradient, dx)


def test_against_torch():
    """The lecture notes' output size floor((n - k) / s) + 1, and values on images of a common size."""
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    x = np.random.default_rng(3).standard_normal((2, 29, 31, 24)).astype("float32")
    there = torch.from_numpy(x).permute(0, 3, 1, 2)
    for window, stride in [(2, 2), (3, 2), (3, 1), (2, 3)]:
        for op, function in (("max", F.max_pool2d), ("average", F.avg_pool2d)):
            y = POOLS[op](x, [window] * 2, [stride] * 2)
            assert y.shape[1:3] == tuple((n - window) // stride + 1 for n in (29, 31))
            np.testing.assert_allclose(
                y, function(there, window, stride).permute(0, 2, 3, 1), rtol=0 if op == "max" else 1e-5, atol=1e-6
            )


@pytest.mark.parametrize("op", POOLS)
def test_empty_batches_and_single_pixels(op):
    y, dx = value_and_gradient(
        POOLS[op], np.zeros((0, 4, 4, 3), "float32"), [2, 2], [2, 2], False, np.zeros((0, 2, 2, 3))
    )
    assert y.shape == (0, 2, 2, 3) and dx.shape == (0, 4, 4, 3)
    one = np.full((2, 1, 1, 5), 3.0, "float32")
    for same in (False, True):
        np.testing.assert_array_equal(POOLS[op](one, [1, 1], [7, 7], same), one)
    np.testing.assert_array_equal(POOLS[op](one, [4, 9], [2, 2], True), one)


@pytest.mark.parametrize("name", ["max_pool", "average_pool"])
def test_bad_input(name):
    pool = getattr(ops, name)
    image = np.zeros((2, 3, 32, 32), "float32")
    with pytest.raises(ValueError, match=rf"{name}: pool_size=\(4, 4\) is larger.*looks like channels first"):
        pool(image, 4)
    assert pool(image, 4, data_format="channels_first").shape == (2, 3, 8, 8)
    with pytest.raises(ValueError, match=r"larger than the image in \(2, 3, 3, 8\)") as error:
        pool(np.zeros((2, 3, 3, 8)), (4, 1))
    assert "channels first" not in str(error.value)
    with pytest.raises(ValueError, match="1 to 3 spatial axes"):
        pool(np.zeros((2, 3, 3, 3, 3, 3)), 2)
    for bad in (np.zeros((2, 3)), np.zeros(3), np.zeros(())):
        with pytest.raises(ValueError):
            pool(bad, 2)
    with pytest.raises(ValueError, match="`pool_size`: expected a positive integer"):
        pool(image, (2, 2, 2))
    with pytest.raises(ValueError, match="`strides`: expected a positive integer"):
        pool(image, 2, 0)
    with pytest.raises(ValueError, match="expected `padding`"):
        pool(image, 2, padding="full")
    with pytest.raises(ValueError, match="data_format"):
        pool(image, 2, data_format="NCHW")
    with pytest.raises(ValueError, match="at most 16777216 cells"):
        pool(image, 10**9, padding="same")
    for pads in ([(2, 0), (0, 0)], [(0, -1), (0, 0)], [(0, 0)]):
        with pytest.raises(ValueError, match="padding"):
            getattr(_core, name)(image, [2, 2], [2, 2], pads)
    assert pool(image, 2, 2**62, padding="same").shape == (2, 1, 1, 32)
    assert pool(np.arange(4).reshape(1, 4, 1), 4, padding="same").dtype == np.float32

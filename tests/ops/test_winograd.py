"""Convolutions by Winograd's F(4x4, 3x3): which ones it computes, the edges of images, bits; the error bounds of both
sizes of tiles."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

import netlet
from netlet import _core, config
from support.convolution import Definition
from support.differences import value_and_gradients

U = 2.0**-24
SAME, VALID, FULL = [(1, 1)] * 2, [(0, 0)] * 2, [(2, 2)] * 2


def conv(x, w, b=None, pads=SAME, activation="linear"):
    return _core.conv(x, w, b, [1, 1], pads, [1, 1], activation)


def largest(x: np.ndarray, w: np.ndarray, pads: list[tuple[int, int]], around: int = 9) -> np.ndarray:
    """P·W of docs/numerics.md: the largest pixel around each, times the largest weight of a filter. A tile's pixels are
    added before they are multiplied, so the largest counts."""
    pixels = np.pad(np.abs(x.astype("float64")).sum(-1), [(0, 0), *pads])
    pixels = scipy.ndimage.maximum_filter(pixels, (1, around, around))[:, 1:-1, 1:-1, None]
    return pixels * np.abs(w).max((0, 1, 2))


def error_bound(x: np.ndarray, w: np.ndarray, pads: list[tuple[int, int]]) -> np.ndarray:
    """Of numbers whose signs are random."""
    return 40 * U * largest(x, w, pads)


def transposed(w: np.ndarray) -> np.ndarray:
    """The kernel of the convolution that computes the gradient with regard to the input."""
    return np.ascontiguousarray(w[::-1, ::-1].swapaxes(2, 3))


def check_within_bounds(x, w, pads):
    steps = Definition([1, 1], pads, [1, 1])
    expected = steps.forward(x, w)
    dy = np.random.default_rng(1).normal(size=expected.shape).astype("float32")
    y, (dx, _) = value_and_gradients(lambda x, w: conv(x, w, pads=pads), (x, w), dy)
    assert (np.abs(y - expected) <= error_bound(x, w, pads)).all()
    back = [(2 - pad, 2 - pad) for pad, _ in pads]
    assert (np.abs(dx - steps.gradients(x, w, dy)[0]) <= error_bound(dy, transposed(w), back)).all()


@pytest.mark.parametrize("channels", [16, 64, 200])
def test_error_of_very_different_magnitudes(isa, channels):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(10, 15, 16, channels)) * 10.0 ** rng.integers(-3, 4, (10, 15, 16, 1))).astype("float32")
    w = (rng.normal(size=(3, 3, channels, 32)) * 10.0 ** rng.integers(-1, 2, (3, 3, 1, 1))).astype("float32")
    check_within_bounds(x, w, SAME)


PATTERNS = [(1,), (1, -1), (1, 1, -1, -1), (-1, -1, 1, 1), (1, -1, -1, 1), (1, 1, 1, -1)]


@pytest.mark.parametrize("precision", ["highest", "high"])
@pytest.mark.parametrize("channels", [16, 33, 200])
def test_error_where_nothing_cancels(isa, channels, precision, exact_convolutions):
    """Signs that make transformed numbers large, the same in all channels, whereas most results are small: the bound of
    all numbers, and the one that such signs were found to keep."""
    config.set_float32_conv_precision(precision)
    around, sums, found, terms = (5, 64, 20, 10) if precision == "highest" else (9, 564, 110, 20)
    rng = np.random.default_rng(2)
    for pattern in PATTERNS:
        signs = np.resize(pattern, 16)[:, None]
        x = (signs * signs.T)[None, :, :, None] * (1 + rng.random((4, 16, 16, channels)) * 1e-3)
        for taps in ([1, 1, 1], [1, -1, 1]):
            w = np.multiply.outer(taps, taps)[:, :, None, None] * (1 + rng.random((3, 3, channels, 16)) * 1e-3)
            x, w = x.astype("float32"), w.astype("float32")
            error = np.abs(np.asarray(conv(x, w)) - Definition([1, 1], SAME, [1, 1]).forward(x, w))
            unit = U * largest(x, w, SAME, around)
            assert (error <= sums * (channels + terms) * unit).all()
            assert (error <= found * np.sqrt(channels) * unit).all()


@pytest.mark.parametrize(
    ("shape", "filters", "pads"),
    [
        ((3, 9, 11, 17), 33, SAME),
        ((9, 7, 8, 16), 16, VALID),
        ((2, 13, 10, 40), 31, FULL),
        ((33, 3, 3, 16), 16, SAME),
        ((1, 61, 5, 65), 70, [(0, 0), (1, 1)]),
    ],
    ids=str,
)
def test_edges_of_images(isa, shape, filters, pads):
    """Tiles reach over the edges; channels fill a part of the vectors; a bias and an activation follow."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=shape).astype("float32")
    w, b = rng.normal(size=(3, 3, shape[-1], filters)).astype("float32"), rng.normal(size=filters).astype("float32")
    check_within_bounds(x, w, pads)
    expected = np.maximum(Definition([1, 1], pads, [1, 1]).forward(x, w) + b, 0)
    y = np.asarray(conv(x, w, b, pads, "relu"))
    assert (np.abs(y - expected) <= error_bound(x, w, pads) + 4 * U * np.abs(b)).all()


@pytest.mark.parametrize("rectified", [False, True])
def test_error_of_normal_numbers(isa, rectified):
    """Root mean square, relative to the results': that of sequential sums is 7 to 8 units for 576 terms."""
    rng = np.random.default_rng(4)
    x, w = rng.normal(size=(4, 32, 32, 64)).astype("float32"), rng.normal(size=(3, 3, 64, 32)).astype("float32")
    x = np.maximum(x, 0) if rectified else x
    expected = Definition([1, 1], SAME, [1, 1]).forward(x, w)
    error = np.sqrt(np.mean((np.asarray(conv(x, w)) - expected) ** 2) / np.mean(expected**2))
    assert 2 * U < error < 16 * U  # F(2x2, 3x3) is below the lower bound


def test_gradients_add_up(isa):
    """The gradient of an input that two convolutions read."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4, 12, 12, 16)).astype("float32")
    kernels = [rng.normal(size=(3, 3, 16, 16)).astype("float32") for _ in range(2)]
    dy = rng.normal(size=(4, 12, 12, 16)).astype("float32")
    _, (dx, _, _) = value_and_gradients(lambda x, v, w: _core.add(conv(x, v), conv(x, w)), (x, *kernels), dy)
    parts = [Definition([1, 1], SAME, [1, 1]).gradients(x, w, dy)[0] for w in kernels]
    bound = sum(error_bound(dy, transposed(w), SAME) for w in kernels)
    assert (np.abs(dx - sum(parts)) <= bound).all()


@pytest.mark.parametrize(("row", "column"), [(4, 5), (5, 6), (0, 15)])
def test_nan_stays_in_its_tiles(isa, row, column):
    x, w = np.ones((4, 16, 16, 16), "float32"), np.ones((3, 3, 16, 16), "float32")
    x[1, row, column, 3] = np.nan
    window, tiles = np.zeros((2, 4, 16, 16, 16), bool)
    window[1, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = True
    for i in range(0, 16, 4):
        for j in range(0, 16, 4):
            tiles[1, i : i + 4, j : j + 4] = window[1, i : i + 4, j : j + 4].any()
    found = np.isnan(np.asarray(conv(x, w)))
    assert (window <= found).all() and (found <= tiles).all()


def test_whole_numbers_are_exact_with_the_highest_precision(isa, exact_convolutions):
    rng = np.random.default_rng(6)
    x, w = (rng.integers(-3, 4, shape).astype("float32") for shape in ((4, 17, 15, 33), (3, 3, 33, 20)))
    steps = Definition([1, 1], SAME, [1, 1])
    dy = rng.integers(-3, 4, (4, 17, 15, 20)).astype("float32")
    y, (dx, dw) = value_and_gradients(conv, (x, w), dy)
    expected_dx, expected_dw = steps.gradients(x, w, dy)
    for found, expected in ((y, steps.forward(x, w)), (dx, expected_dx), (dw, expected_dw)):
        np.testing.assert_array_equal(found, expected)


def test_same_bits_for_any_number_of_threads(threads):
    rng = np.random.default_rng(7)
    operands = [
        [rng.normal(size=shape).astype("float32") for shape in ((*image, c), (3, 3, c, o))]
        for image, c, o in (((8, 30, 29), 16, 20), ((3, 20, 20), 70, 130), ((1, 28, 28), 128, 128), ((9, 7, 8), 33, 40))
    ]
    results = []
    for count in (1, threads):
        _core.set_num_threads(count)
        results.append([value_and_gradients(conv, pair, lambda shape: np.ones(shape, "float32")) for pair in operands])
    for (y, grads), (again, grads_again) in zip(*results, strict=True):
        for a, b in zip([y, *grads], [again, *grads_again], strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("size", "channels", "filters", "batch", "large"),
    [
        (32, 16, 16, 1, True),
        (8, 16, 16, 2, True),
        (8, 16, 16, 1, False),  # four tiles
        (6, 32, 32, 16, False),  # four tiles of 4x4 save nothing over nine of 2x2
        (14, 128, 128, 2, True),
        (14, 128, 128, 1, False),  # few tiles for many taps
        (32, 130, 130, 1, True),
        (14, 130, 130, 32, False),  # more transformed taps than caches hold, for tiles that save a quarter
        (32, 15, 16, 1, False),  # no Winograd
    ],
)
def test_which_convolutions_it_computes(size, channels, filters, batch, large):
    layer = netlet.layers.Conv2D(filters, 3, padding="same")
    model = netlet.Sequential([netlet.Input((size, size, channels)), layer])
    assert ("winograd_4x4_f32" in model.plan(np.zeros((batch, size, size, channels), "float32")).describe()) == large


def test_a_recorded_step_keeps_its_precision(exact_convolutions):
    x = np.zeros((1, 32, 32, 16), "float32")
    models = [netlet.Sequential([netlet.Input(x.shape[1:]), netlet.layers.Conv2D(16, 3)]) for _ in range(2)]
    models[0].predict(x, verbose=0)
    config.set_float32_conv_precision("high")
    assert ["winograd_4x4" in model.plan(x).describe() for model in models] == [False, True]

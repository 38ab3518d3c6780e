"""The kernels of histogram equalization against their formulas in NumPy, for each instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.guarded import guarded

SHAPES = [(1, 1, 1, 1), (2, 7, 5, 3), (1, 33, 18, 1), (3, 16, 16, 2), (1, 5, 40, 7)]


def images(shape, dtype="float32", seed=0):
    x = np.random.default_rng(seed).uniform(-5, 260, shape).astype(dtype)
    x[0, 0, 0, 0] = np.nan
    return np.round(x) if seed % 2 else x


def bins_of(place, bins):
    return np.trunc(np.clip(np.nan_to_num(place, nan=0), 0, bins - 1)).astype(int)


def equalized(x, bins):
    y, t = x.copy(), x.dtype.type
    for n in range(x.shape[0]):
        for c in range(x.shape[3]):
            v = x[n, :, :, c]
            counts = np.bincount(bins_of(v * t(bins - 1) / t(255), bins).ravel(), minlength=bins)
            if np.count_nonzero(counts) <= 1:
                continue
            cdf = counts.cumsum()
            first = cdf[cdf > 0][0]
            table = np.clip(np.round((cdf - first) * 255 / max(cdf[-1] - first, 1)), 0, 255)
            y[n, :, :, c] = table[bins_of(v / t(255) * t(bins - 1), bins)]
    return y


def tiled(x, limit, grid):
    """CLAHE in float64."""
    n, h, w, channels = x.shape
    rows, columns = grid
    th, tw = -(-h // rows), -(-w // columns)
    padded = np.pad(x, [(0, 0), (0, th * rows - h), (0, tw * columns - w), (0, 0)], mode="symmetric")
    tables = np.empty((n, rows + 2, columns + 2, channels, 256))
    for i, r, s, c in np.ndindex(n, rows, columns, channels):
        tile = padded[i, r * th : (r + 1) * th, s * tw : (s + 1) * tw, c]
        counts = np.bincount(bins_of(tile, 256).ravel(), minlength=256).astype(float)
        if limit > 0:
            kept = np.minimum(counts, limit * th * tw / 256)
            counts = kept + (counts - kept).sum() / 256
        cdf = counts.cumsum()
        rest = th * tw - cdf[0]
        tables[i, r + 1, s + 1, c] = np.clip((cdf - cdf[0]) * 255 / (rest if rest else 1), 0, 255)
    tables[:, 0], tables[:, -1] = tables[:, 1], tables[:, -2]
    tables[:, :, 0], tables[:, :, -1] = tables[:, :, 1], tables[:, :, -2]
    y = np.empty(x.shape)
    for i, a, b, c in np.ndindex(*x.shape):
        down, across = (a - th / 2) / th + 1, (b - tw / 2) / tw + 1
        r, s = int(down), int(across)
        u, v, t = down - r, across - s, tables[i, :, :, c, bins_of(x[i, a, b, c], 256)]
        r2, s2 = min(r + 1, rows + 1), min(s + 1, columns + 1)
        y[i, a, b, c] = (t[r, s] * (1 - v) + t[r, s2] * v) * (1 - u) + (t[r2, s] * (1 - v) + t[r2, s2] * v) * u
    return y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equalize(isa, dtype):
    for seed, shape in enumerate(SHAPES):
        for bins in (256, 37, 1):
            x = images(shape, dtype, seed)
            np.testing.assert_array_equal(_core.equalize(guarded(x, "end"), bins).numpy(), equalized(x, bins))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tiles(isa, dtype):
    for seed, shape in enumerate(SHAPES):
        for limit, grid in [(4.0, (8, 8)), (0.0, (1, 3)), (40.0, (2, 2)), (2.0, (1, 1))]:
            x = images(shape, dtype, seed)
            y = _core.equalize_tiles(guarded(x, "begin"), limit, *grid).numpy()
            np.testing.assert_allclose(y, tiled(x, limit, grid), atol=2e-3 if dtype == "float32" else 1e-10)


def test_a_channel_of_one_value_is_unchanged():
    x = np.full((2, 4, 4, 2), 77.3, "float32")
    x[1, 0, 0, 1] = 200
    y = _core.equalize(x, 256).numpy()
    np.testing.assert_array_equal(y[0], x[0])
    np.testing.assert_array_equal(y[1, ..., 0], x[1, ..., 0])
    assert set(np.unique(y[1, ..., 1])) == {0, 255}


def test_the_bits_do_not_depend_on_threads(threads):
    x = images((16, 40, 31, 3))
    one, two = _core.equalize(x, 256).numpy(), _core.equalize_tiles(x, 4.0, 8, 8).numpy()
    _core.set_num_threads(1)
    np.testing.assert_array_equal(one, _core.equalize(x, 256).numpy())
    np.testing.assert_array_equal(two, _core.equalize_tiles(x, 4.0, 8, 8).numpy())


def test_other_arrays():
    x = images((4, 6, 8, 3), "float64")
    expected = _core.equalize(x[::2, ::-1].copy(), 256).numpy()
    np.testing.assert_array_equal(_core.equalize(x[::2, ::-1], 256).numpy(), expected)
    assert _core.equalize(np.zeros((0, 4, 4, 3), "float32"), 256).shape == (0, 4, 4, 3)
    assert _core.equalize_tiles(np.zeros((2, 0, 4, 3), "float32"), 4.0, 8, 8).shape == (2, 0, 4, 3)
    half = _core.cast(x, "bfloat16")
    assert _core.equalize(half, 256).dtype == "bfloat16"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: _core.equalize(np.ones((2, 3, 4), "float32"), 256), ValueError, r"\(N, H, W, C\)"),
        (lambda: _core.equalize(np.ones((2, 3, 4, 1), "int32"), 256), TypeError, "equalize"),
        (lambda: _core.equalize(np.ones((2, 3, 4, 1), "float32"), 0), ValueError, "at least 1 bin"),
        (lambda: _core.equalize_tiles(np.ones((2, 3, 4, 1), "float32"), 4.0, 0, 2), ValueError, "at least one tile"),
        # float32 does not hold the number of the last bin; the size of the tables overflows
        (lambda: _core.equalize(np.ones((2, 3, 4, 1), "float32"), 2**24 + 4), ValueError, "at most 2.24 pixels"),
        (lambda: _core.equalize(np.ones((4, 3, 4, 1), "float64"), 2**62), ValueError, "too many elements"),
        (lambda: _core.equalize_tiles(np.ones((2, 3, 4, 1)), 4.0, 2**28, 2**28), ValueError, "too many elements"),
        (lambda: _core.equalize_tiles(np.ones((9, 3, 4, 1)), 4.0, 2**63 - 1, 1), ValueError, "too many elements"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()

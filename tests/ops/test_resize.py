"""Resampling along an axis, and image resizing: against matrices in NumPy, Keras on JAX, and PyTorch."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import _core, ops
from netlet.ops.spatial import resampling
from support.differences import check_gradients, gradients
from support.guarded import guarded


def matrix(bands, n):
    """The dense (m, n) matrix of a band matrix (first columns, counts, weights)."""
    first, count, weights = bands
    full = np.zeros((len(first), n))
    for i, (f, c) in enumerate(zip(first, count, strict=True)):
        full[i, f : f + c] = weights[i, :c]
    return full


def random_bands(rng, n, m):
    """A random band matrix whose rows overlap, touch or leave gaps; rows may be empty."""
    count = rng.integers(0, min(n, 4) + 1, m).astype("int32")
    first = np.array([rng.integers(0, n - c + 1) for c in count], "int32")
    taps = max(1, int(count.max(initial=0)))
    return first, count, rng.integers(-3, 4, (m, taps)).astype("float64")


@pytest.mark.parametrize("side", ["begin", "end"])
def test_resample_is_a_product_with_a_band_matrix(isa, side):
    """Integers give exact values and gradients. The operands border on protected memory pages."""
    rng = np.random.default_rng(0)
    for case in range(60):
        n, m, inner = int(rng.integers(1, 9)), int(rng.integers(1, 9)), int(rng.choice([1, 2, 3, 4, 7, 8, 16, 17, 40]))
        dtype = ["float32", "float64"][case % 2]
        bands = random_bands(rng, n, m)
        x = guarded(rng.integers(-4, 5, (2, n, inner)).astype(dtype), side)
        dy = guarded(rng.integers(-4, 5, (2, m, inner)).astype(dtype), side)
        w = matrix(bands, n)
        y = _core.resample(x, 1, *bands)
        assert y.dtype == x.dtype
        np.testing.assert_array_equal(y, np.einsum("mn,bnc->bmc", w, x))
        (dx,) = gradients(lambda t, b=bands: _core.resample(t, 1, *b), [x], dy)
        np.testing.assert_array_equal(dx, np.einsum("mn,bmc->bnc", w, dy))


def test_resample_refuses():
    x = np.zeros((2, 5, 3))
    first, count, weights = (
        np.array([0, 3], "int32"),
        np.array([2, 2], "int32"),
        np.ones((2, 2)),
    )
    assert _core.resample(x, 1, first, count, weights).shape == (2, 2, 3)
    with pytest.raises(ValueError, match=r"expected entries within an axis of 5 .* received 2 entries from 4 on"):
        _core.resample(x, 1, np.array([0, 4], "int32"), count, weights)
    with pytest.raises(ValueError, match="resample"):
        _core.resample(x, 1, first, np.array([2, 3], "int32"), weights)
    with pytest.raises(ValueError, match=r"expected first \(m,\)"):
        _core.resample(x, 1, first, count, np.ones((3, 2)))
    with pytest.raises(TypeError, match="int32 first"):
        _core.resample(x, 1, first.astype("int64"), count, weights)
    with pytest.raises(TypeError, match="resample"):
        _core.resample(x.astype("int32"), 1, first, count, weights)


@pytest.mark.parametrize("method", resampling.INTERPOLATIONS)
def test_weights(method):
    """Each row sums to 1, so constants stay constant; resizing to the same size is the identity."""
    for n, m in [(1, 1), (1, 7), (7, 1), (5, 13), (13, 5), (31, 31), (8, 4), (101, 7)]:
        for antialias in (False, True):
            w = matrix(resampling.interpolation(n, m, method, antialias), n)
            np.testing.assert_allclose(w.sum(1), 1, rtol=1e-12)
            if n == m:
                np.testing.assert_allclose(w, np.eye(n), atol=1e-15)
    np.testing.assert_allclose(matrix(resampling.means(7, 3), 7).sum(1), 1, rtol=1e-15)


@pytest.mark.parametrize("method", resampling.INTERPOLATIONS)
@pytest.mark.parametrize("antialias", [False, True])
def test_against_keras(method, antialias):
    x = np.random.default_rng(1).standard_normal((2, 6, 7, 3)).astype("float32")
    for size in [(4, 9), (13, 5)]:
        ours = ops.image.resize(x, size, method, antialias=antialias)
        theirs = np.asarray(keras.ops.image.resize(x, size, method, antialias=antialias))
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("more", [{"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": 3.0}])
def test_proportions_against_keras(more):
    x = np.random.default_rng(2).standard_normal((2, 6, 9, 1)).astype("float32")
    for size in [(4, 4), (3, 8), (6, 9)]:
        ours, theirs = (m.ops.image.resize(x, size, **more) for m in (netlet, keras))
        np.testing.assert_allclose(ours, np.asarray(theirs), rtol=2e-5, atol=2e-6)
        one = ops.image.resize(np.moveaxis(x[0], -1, 0), size, data_format="channels_first", **more)
        np.testing.assert_array_equal(np.moveaxis(one, 0, -1), ours[0])


def test_integers_are_rounded_and_limited_as_in_keras():
    x = np.random.default_rng(3).integers(0, 256, (1, 5, 6, 3)).astype("uint8")
    for method in ("nearest", "bilinear", "bicubic"):
        ours, theirs = (m.ops.image.resize(x, (7, 4), method) for m in (netlet, keras))
        assert ours.dtype == np.uint8
        np.testing.assert_array_equal(ours, np.asarray(theirs))


def test_a_wide_grid_against_torch(isa):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    for h, w, c in [(1, 1, 1), (5, 7, 1), (13, 8, 3), (11, 6, 16), (4, 9, 33)]:
        x = rng.standard_normal((2, h, w, c))
        there = torch.from_numpy(x).permute(0, 3, 1, 2)
        for size in [(1, 1), (3, 17), (8, 8), (22, 12)]:
            y = ops.image.resize(x, size)
            expected = torch.nn.functional.interpolate(there, size, mode="bilinear", align_corners=False).permute(
                0, 2, 3, 1
            )
            np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(ops.image.resize(x.astype("float32"), size), expected, rtol=1e-5, atol=1e-6)


def test_gradients_against_differences():
    x = np.random.default_rng(5).standard_normal((1, 4, 5, 2))
    for size, method, antialias in [((6, 3), "bilinear", False), ((2, 7), "bicubic", True), ((3, 9), "nearest", False)]:
        check_gradients(lambda t, a=(size, method, antialias): ops.image.resize(t, *a), [x])
    check_gradients(lambda t: ops.adaptive_average_pool(t, (3, 2)), [x])
    check_gradients(lambda t: ops.adaptive_max_pool(t, (3, 2)), [x])


def test_same_bits_for_any_number_of_threads(threads):
    x = np.random.default_rng(6).standard_normal((3, 61, 67, 5)).astype("float32")
    y = ops.image.resize(x, (97, 41), "bicubic")
    _core.set_num_threads(1)
    np.testing.assert_array_equal(ops.image.resize(x, (97, 41), "bicubic"), y)
    _core.set_num_threads(threads)


def test_upsampling_repeats_pixels():
    for c in (1, 3, 20):
        for dtype in ("float32", "uint8"):
            x = np.random.default_rng(7).integers(0, 9, (2, 3, 4, c)).astype(dtype)
            y = netlet.layers.UpSampling2D((2, 3))(x)
            assert y.dtype == dtype
            np.testing.assert_array_equal(y.numpy(), x.repeat(2, 1).repeat(3, 2))
    assert netlet.layers.UpSampling2D(2)(np.zeros((0, 3, 4, 1), "float32")).shape == (0, 6, 8, 1)


def test_empty_batches_and_what_is_refused():
    assert ops.image.resize(np.zeros((0, 4, 5, 3), "float32"), (2, 2)).shape == (0, 2, 2, 3)
    image = np.zeros((4, 5, 3), "float32")
    for call, words in [
        (lambda: ops.image.resize(image[0], (2, 2)), "rank 4"),
        (lambda: ops.image.resize(image, (2, 0)), "`size`: expected a positive integer"),
        (lambda: ops.image.resize(image, (2, 2, 2)), "`size`: expected a positive integer"),
        (lambda: ops.image.resize(image, (2, 2), "area"), "expected `interpolation`"),
        (lambda: ops.image.resize(image, (2, 2), fill_mode="wrap"), "`fill_mode`"),
        (
            lambda: ops.image.resize(image, (2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            "at most one of",
        ),
        (lambda: ops.image.resize(image[:0], (2, 2)), "at least one pixel"),
        (lambda: ops.adaptive_max_pool(image[None], 6), "is larger than the image"),
        (lambda: ops.adaptive_average_pool(image[None], 0), "`output_size`: expected a positive integer"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()

"""Arrays at given coordinates (map_coordinates, `_core.sample`) against SciPy; homographies against NumPy's solve."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
from scipy import ndimage

import netlet
from netlet import _core, ops
from support.gradients import gradient
from support.guarded import guarded
from support.second_derivatives import check as check_second

MODES = {
    "constant": "grid-constant",
    "nearest": "nearest",
    "wrap": "grid-wrap",
    "mirror": "mirror",
    "reflect": "reflect",
}
# (sizes, number of places): one element, blocks of 64 places with a partial one, ranks with a kernel of their own.
SHAPES = [((1,), 3), ((7,), 70), ((1, 1), 5), ((5, 6), 131), ((4, 1, 5), 66), ((2, 3, 4, 3), 20), ((2,) * 8, 5)]


def arrays(sizes, places, dtype, seed=0):
    """An array, and coordinates of which about half are outside; some are whole or halves."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(-1.5 * max(sizes), 2.5 * max(sizes), (len(sizes), places))
    at[:, ::3] = np.round(2 * at[:, ::3]) / 2
    return rng.uniform(-1, 1, sizes).astype(dtype), at.astype(dtype)


@pytest.mark.product
@pytest.mark.parametrize(("sizes", "places"), SHAPES)
@pytest.mark.parametrize("mode", MODES)
def test_against_scipy(isa, sizes, places, mode):
    for dtype, order in itertools.product(("float64", "float32"), (0, 1)):
        x, at = arrays(sizes, places, dtype)
        at = at + np.array(0.01, dtype) if order == 0 else at  # SciPy rounds halves up
        y = ops.image.map_coordinates(x, at, order, mode, 0.75)
        expected = ndimage.map_coordinates(
            x.astype("float64"), at.astype("float64"), order=order, mode=MODES[mode], cval=0.75
        )
        assert y.dtype == dtype
        np.testing.assert_allclose(y, expected, rtol=0, atol=1e-12 if dtype == "float64" else 1e-4)


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int32"])
def test_against_keras(dtype):
    rng = np.random.default_rng(1)
    x = (rng.uniform(0, 200, (6, 5)) - (0 if dtype == "uint8" else 100)).astype(dtype)
    at = (np.round(rng.uniform(-8, 12, (2, 3, 4)) * 4) / 4).astype("float32")
    for mode, order in [("constant", 0), ("reflect", 1), ("mirror", 0), ("wrap", 1), ("nearest", 1)]:
        y = ops.image.map_coordinates(x, at, order, mode, 3)
        expected = np.asarray(keras.ops.image.map_coordinates(x, at, order, mode, 3))
        assert y.dtype == expected.dtype and y.shape == expected.shape
        np.testing.assert_allclose(y, expected, rtol=0, atol=1e-4 if dtype == "float32" else 0)


@pytest.mark.parametrize("sizes", [(6, 7), (5, 3, 4)])
@pytest.mark.parametrize("linear", [True, False])
def test_the_same_bits_for_threads_and_channels(threads, sizes, linear):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (40, int(np.prod(sizes)), 4)).astype("float32")
    at = rng.uniform(-4, 10, (40, len(sizes), 90)).astype("float32")
    y, dx = gradient(lambda x: _core.sample(x, at, sizes, linear, "reflect"), x)
    _core.set_num_threads(1)
    for part in (slice(0, 1), slice(1, 4), slice(None)):
        alone, slope = gradient(
            lambda x: _core.sample(x, at, sizes, linear, "reflect"), np.ascontiguousarray(x[..., part])
        )
        np.testing.assert_array_equal(alone, y[..., part])
        np.testing.assert_array_equal(slope, dx[..., part])


@pytest.mark.product
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", [(7,), (4, 5), (3, 2, 4)])
def test_gradients(isa, mode, sizes):
    """Sampling is linear in the array, so <A x, dy> = <x, A' dy>; coordinates by central differences."""
    rng = np.random.default_rng(2)
    elements = int(np.prod(sizes))
    x, dy = rng.standard_normal((2, elements, 3)), rng.standard_normal((2, 30, 3))
    at = rng.uniform(-6, 9, (2, len(sizes), 30))
    at += 0.1 * (np.abs(at - np.round(at)) < 0.05)  # away from the elements, where the slope jumps
    for linear in (True, False):

        def sampled(x, linear=linear):
            return _core.sample(x, at, sizes, linear, mode)

        y, dx = gradient(sampled, x, dy)
        np.testing.assert_allclose((y * dy).sum(), (x * dx).sum(), rtol=0, atol=1e-11)
        _, more = gradient(lambda x, f=sampled: f(x) + f(x), x, dy)
        np.testing.assert_allclose(more, 2 * dx, rtol=0, atol=1e-12)
    _, slopes = gradient(lambda at: _core.sample(x, at, sizes, True, mode, 0.5), at, dy)
    step = 1e-6

    def value(moved):
        return (_core.sample(x, moved, sizes, True, mode, 0.5).numpy() * dy).sum()

    for index in [(0, 0, 3), (1, len(sizes) - 1, 11), (1, 0, 29)]:
        moved = np.zeros_like(at)
        moved[index] = step
        expected = (value(at + moved) - value(at - moved)) / (2 * step)
        np.testing.assert_allclose(slopes[index], expected, rtol=0, atol=1e-7)


def test_second_gradients():
    rng = np.random.default_rng(3)
    at, t = rng.uniform(-1, 5, (2, 2, 9)), np.array([[0.8, -0.5, 2, 0.4, 0.9, -1, 0.01, -0.02]])
    check_second(lambda x: ops.square(_core.sample(x, at, (4, 3), True, "reflect")), rng.standard_normal((2, 12, 2)))
    check_second(
        lambda x: ops.square(ops.image.affine_transform(x, t, fill_mode="wrap")), rng.standard_normal((1, 4, 5, 2))
    )


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_outside_of_the_operands_is_read(isa, side, dtype):
    rng = np.random.default_rng(0)
    for sizes, channels in [((5,), 2), ((4, 3), 1), ((4, 3), 3), ((4, 3), 5), ((2, 3, 2), 3)]:
        x = rng.standard_normal((2, int(np.prod(sizes)), channels)).astype(dtype)
        at = rng.uniform(-3, 6, (2, len(sizes), 67)).astype(dtype)
        for mode, linear in itertools.product(MODES, (True, False)):
            y = _core.sample(guarded(x, side), guarded(at, side), sizes, linear, mode)
            np.testing.assert_array_equal(y, _core.sample(x, at, sizes, linear, mode))


@pytest.mark.parametrize("mode", MODES)
def test_coordinates_that_lead_nowhere(isa, mode):
    x = np.arange(1.0, 13.0, dtype="float32").reshape(3, 4)
    at = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 3e9], "float32")
    y = ops.image.map_coordinates(x, np.stack([at, at[::-1]]), 0, mode, 9.5)
    assert np.isin(y, np.append(x, np.float32(9.5))).all()
    ops.image.map_coordinates(x, np.stack([at, at[::-1]]), 1, mode, 9.5)


def test_symbolic_empty_and_halves():
    x, at = netlet.Input((4,)), np.zeros((2, 3, 2), "float32")
    assert ops.image.map_coordinates(x, at, 1).shape == (3, 2)
    assert ops.image.map_coordinates(np.ones((3, 4)), np.ones((2, 0)), 1).shape == (0,)
    half = ops.image.map_coordinates(np.ones(3, "float16"), np.array([[0.5]], "float32"), 1)
    assert half.dtype == "float16" and half.numpy() == 1
    lists = ops.image.map_coordinates(np.eye(3), [[0, 1, 2], [0, 1, 2]], 1)
    np.testing.assert_array_equal(lists, [1, 1, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.image.map_coordinates(np.ones((3, 4)), np.ones((3, 5)), 1), r"coordinates \(2, \.\.\.\)"),
        (lambda: ops.image.map_coordinates(np.ones(3), np.ones(1), 1), "rank 2 or more"),
        (lambda: ops.image.map_coordinates(np.ones(3), np.ones((1, 2)), 2), "`order` 0 or 1"),
        (lambda: ops.image.map_coordinates(np.ones(3), np.ones((1, 2)), 1, "edge"), "fill_mode"),
        (lambda: ops.image.map_coordinates(np.ones((0, 3)), np.ones((2, 2)), 1), "axes of 1 to"),
        (lambda: _core.sample(np.ones((1, 6, 1)), np.ones((1, 2, 3)), (2, 4)), r"arrays \(B, 8, C\)"),
        (lambda: _core.sample(np.ones((1, 6, 1)), np.ones((2, 2, 3)), (2, 3)), r"coordinates of shape \(1, 2, M\)"),
        (lambda: _core.homography(np.ones((1, 4, 2)), np.ones((2, 4, 2))), r"one shape \(N, 4, 2\)"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- perspective transforms ------------------------------------------------------------------------------------------
def quads(n, seed=0):
    rng = np.random.default_rng(seed)
    square = np.array([[0, 0], [8, 0], [0, 6], [8, 6]], "float64")
    return square + rng.uniform(-2, 2, (n, 4, 2))


def solved(source, target):
    """The maps by NumPy."""
    maps = []
    for p, q in zip(source.astype("float64"), target.astype("float64")):
        rows = []
        for (x, y), (u, v) in zip(p, q):
            rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        maps.append(np.linalg.solve(np.array(rows), q.ravel()))
    return np.array(maps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_homographies_against_numpy(isa, threads, dtype):
    source, target = quads(70).astype(dtype), quads(70, 1).astype(dtype)
    maps = _core.homography(source, target)
    assert maps.dtype == dtype
    np.testing.assert_allclose(maps, solved(source, target), rtol=1e-6, atol=1e-6)
    assert _core.homography(np.ones((0, 4, 2)), np.ones((0, 4, 2))).shape == (0, 8)
    assert not np.isfinite(_core.homography(np.ones((1, 4, 2)), np.ones((1, 4, 2)))).all()


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_perspective_against_keras(data_format):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (3, 7, 9, 2) if data_format == "channels_last" else (3, 2, 7, 9)).astype("float32")
    start, end = quads(3).astype("float32"), quads(3, 1).astype("float32")
    for interpolation in ("bilinear", "nearest"):
        arguments = (interpolation, 0.5, data_format)
        expected = np.asarray(keras.ops.image.perspective_transform(x, start, end, *arguments))
        y = ops.image.perspective_transform(x, start, end, *arguments)
        assert np.mean(np.abs(y - expected) > 1e-4) < 0.01  # rounding can choose another pixel
        one = ops.image.perspective_transform(x[1], start[1], end[1], *arguments)
        np.testing.assert_allclose(one, y[1], rtol=0, atol=1e-6)


def test_perspective_of_integers_one_map_for_all_and_gradients():
    x, start, end = np.arange(48).reshape(2, 4, 6, 1).astype("uint8"), quads(1)[0], quads(1, 1)[0]
    y = ops.image.perspective_transform(x, start, end)
    assert y.dtype == "uint8" and y.shape == x.shape
    image = x.astype("float64")
    out, dx = gradient(lambda v: ops.image.perspective_transform(v, start, end), image, image)
    np.testing.assert_allclose((out * image).sum(), (image * dx).sum(), rtol=1e-12)
    symbol = ops.image.perspective_transform(netlet.Input((4, 6, 1)), start, end)
    assert symbol.shape == (None, 4, 6, 1)
    with pytest.raises(ValueError, match="one shape"):
        ops.image.perspective_transform(x, start, end[:3])
    for wrong in (x[0, 0], x[:1]):
        with pytest.raises(ValueError, match="perspective_transform: expected one image"):
            ops.image.perspective_transform(wrong, quads(2), quads(2, 1))


# ---- elastic transforms ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["reflect", "constant"])
def test_elastic_against_scipy(threads, mode):
    rng = np.random.default_rng(0)
    x, alpha, sigma = rng.uniform(-1, 1, (3, 12, 15, 2)), 6.0, 1.3
    y = ops.image.elastic_transform(x, alpha, sigma, "bilinear", mode, 0.25, seed=7)
    noise = netlet.random.normal((2, 3, 12, 15), dtype="float64", seed=7).numpy() * sigma
    smooth = np.stack([[ndimage.gaussian_filter(f, sigma, mode="constant", radius=3) for f in part] for part in noise])
    row, column = np.mgrid[:12, :15]
    for i, c in itertools.product(range(3), range(2)):
        at = [row + alpha * smooth[1, i], column + alpha * smooth[0, i]]
        expected = ndimage.map_coordinates(x[i, ..., c], at, order=1, mode=MODES[mode], cval=0.25)
        np.testing.assert_allclose(y[i, ..., c], expected, rtol=0, atol=1e-12)


def test_elastic_seeds_dtypes_and_formats(threads):
    x = np.random.default_rng(0).uniform(0, 200, (4, 16, 10, 3)).astype("float32")
    y = ops.image.elastic_transform(x, seed=3).numpy()
    np.testing.assert_array_equal(y, ops.image.elastic_transform(x, seed=3))
    assert not np.array_equal(y, ops.image.elastic_transform(x, seed=4))
    assert len({(a - b).tobytes() for a, b in zip(y, x)}) == 4
    first = ops.image.elastic_transform(x.transpose(0, 3, 1, 2).copy(), seed=3, data_format="channels_first")
    np.testing.assert_array_equal(first, y.transpose(0, 3, 1, 2))
    assert ops.image.elastic_transform(x[0], seed=3).shape == x.shape[1:]
    assert ops.image.elastic_transform(x.astype("uint8"), seed=3).dtype == "uint8"
    np.testing.assert_allclose(ops.image.elastic_transform(x, sigma=0.0, seed=3), x, rtol=1e-6)
    np.testing.assert_allclose(ops.image.elastic_transform(x, alpha=0.0, seed=3), x, rtol=1e-6)
    assert ops.image.elastic_transform(netlet.Input((16, 10, 3))).shape == (None, 16, 10, 3)
    with pytest.raises(ValueError, match="fill_mode"):
        ops.image.elastic_transform(x, fill_mode="edge")

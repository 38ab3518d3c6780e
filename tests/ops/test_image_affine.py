"""affine_transform against SciPy's map_coordinates in float64 and against Keras; image flips against NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from scipy import ndimage

import netlet
from netlet import _core, ops
from support.gradients import gradient
from support.guarded import guarded

MODES = {
    "constant": "grid-constant",
    "nearest": "nearest",
    "wrap": "grid-wrap",
    "mirror": "mirror",
    "reflect": "reflect",
}
# (N, H, W, C): one pixel, one row, prime sizes, rows longer than a block of 64, channels for every path.
SHAPES = [
    (1, 1, 1, 1),
    (2, 1, 5, 3),
    (3, 7, 1, 1),
    (2, 7, 11, 3),
    (2, 5, 131, 1),
    (2, 13, 66, 3),
    (1, 6, 5, 4),
    (2, 5, 6, 19),
]


def images(shape, dtype, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(dtype)


def transforms(shape, seed=1, projective=False, dtype="float64"):
    """Random rotations, scalings and shifts for which about half of the pixels lie outside the image."""
    n, h, w, _ = shape
    rng = np.random.default_rng(seed)
    angle, scale = rng.uniform(-3, 3, n), rng.uniform(0.3, 1.7, n)
    t = np.zeros((n, 8))
    t[:, 0] = t[:, 4] = np.cos(angle)
    t[:, 1], t[:, 3] = -np.sin(angle), np.sin(angle)
    t *= scale[:, None]
    t[:, 2], t[:, 5] = rng.uniform(-w, w, n), rng.uniform(-h, h, n)
    if projective:
        t[:, 6:] = rng.uniform(-0.2, 0.2, (n, 2)) / max(h, w)
    return t.astype(dtype)


def reference(x, t, order, mode, value=0.0):
    x, t = x.astype("float64"), np.broadcast_to(np.asarray(t, "float64"), (len(x), 8))
    row, column = np.mgrid[: x.shape[1], : x.shape[2]].astype("float64")
    y = np.empty_like(x)
    for i, (a0, a1, a2, b0, b1, b2, c0, c1) in enumerate(t):
        k = c0 * column + c1 * row + 1
        at = [(b0 * column + b1 * row + b2) / k, (a0 * column + a1 * row + a2) / k]
        for c in range(x.shape[3]):
            y[i, :, :, c] = ndimage.map_coordinates(x[i, :, :, c], at, order=order, mode=MODES[mode], cval=value)
    return y


@pytest.mark.product
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("projective", [False, True])
def test_float64_against_scipy(isa, shape, mode, projective):
    x, t = images(shape, "float64"), transforms(shape, projective=projective)
    for order, name in enumerate(("nearest", "bilinear")):
        y = ops.image.affine_transform(x, t, name, mode, 0.75)
        np.testing.assert_allclose(y, reference(x, t, order, mode, 0.75), rtol=0, atol=1e-12)


@pytest.mark.product
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", MODES)
def test_float32_against_scipy(isa, shape, mode):
    """The tolerance: coordinates below 2^8 have errors of about 2^-15, and values change by up to 2 per pixel."""
    x, t = images(shape, "float32"), transforms(shape, dtype="float32")
    y = ops.image.affine_transform(x, t, "bilinear", mode, -0.5)
    np.testing.assert_allclose(y, reference(x, t, 1, mode, -0.5), rtol=0, atol=3e-4)
    assert y.dtype == np.float32


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_against_keras(mode, interpolation, data_format):
    shape = (3, 7, 11, 3)
    x, t = images(shape, "float64"), transforms(shape)
    x = x if data_format == "channels_last" else np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    arguments = (interpolation, mode, 0.5, data_format)
    expected = np.asarray(keras.ops.image.affine_transform(x, t, *arguments))
    np.testing.assert_allclose(ops.image.affine_transform(x, t, *arguments), expected, rtol=0, atol=1e-12)
    one = ops.image.affine_transform(x[1], t[1], *arguments)
    np.testing.assert_allclose(one, expected[1], rtol=0, atol=1e-12)


def test_halves_round_away_from_zero_as_in_keras():
    x = np.arange(1.0, 6.0).reshape(1, 1, 5, 1)
    for shift in (0.5, -0.5, 1.5, -1.5):
        t = np.array([[1, 0, shift, 0, 1, 0, 0, 0.0]])
        expected = np.asarray(keras.ops.image.affine_transform(x, t, "nearest", "constant"))
        np.testing.assert_array_equal(ops.image.affine_transform(x, t, "nearest", "constant"), expected)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_integer_images_are_rounded(dtype, interpolation):
    x = np.random.default_rng(0).integers(-100 if dtype != "uint8" else 0, 100, (2, 7, 9, 3)).astype(dtype)
    t = transforms(x.shape, dtype="float32")
    y = ops.image.affine_transform(x, t, interpolation, "reflect")
    assert y.dtype == dtype
    exact = reference(x, t, int(interpolation == "bilinear"), "reflect")
    assert np.abs(y - exact).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("shape", [(5, 37, 70, 4), (17, 33, 66, 4)])  # work is split into rows, and into whole images
def test_the_same_bits_for_threads_instruction_sets_and_channels(threads, dtype, interpolation, shape):
    x, t = images(shape, dtype), transforms(shape, projective=True, dtype=dtype)
    y = ops.image.affine_transform(x, t, interpolation, "reflect")
    _core.set_num_threads(1)
    before = _core.active_isa()
    for isa in _core.supported_isas():
        _core.force_isa(isa)
        for part in (slice(0, 1), slice(1, 4), slice(None)):  # one channel, three, and the general path
            alone = ops.image.affine_transform(np.ascontiguousarray(x[..., part]), t, interpolation, "reflect")
            np.testing.assert_array_equal(alone, y[..., part])
    _core.force_isa(before)


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_outside_of_the_operands_is_read(isa, side, channels, dtype):
    x = images((2, 9, 13, channels), dtype)
    t = transforms(x.shape, dtype=dtype)
    t[1] = [1, 0, 0, 0, 1, 0, 0, 0]
    for mode in MODES:
        for name in ("nearest", "bilinear"):
            y = _core.affine_transform(guarded(x, side), guarded(t, side), name, mode, 0.0)
            np.testing.assert_array_equal(y, _core.affine_transform(x, t, name, mode, 0.0))
    flags = np.array([True, False])
    y = _core.flip_images(guarded(x, side), guarded(flags, side), True, True)
    np.testing.assert_array_equal(y, np.stack([x[0, ::-1, ::-1], x[1]]))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1e30, 3e9])
def test_transforms_that_lead_nowhere(isa, mode, value):
    """With any number in a transform, each output is a pixel of the image or the fill value."""
    x = images((8, 3, 5, 2), "float32")
    t = np.tile(np.array([1, 0, 0, 0, 1, 0, 0, 0], "float32"), (8, 1))
    t[np.arange(8), np.arange(8)] = value
    y = ops.image.affine_transform(x, t, "nearest", mode, 9.0)
    for i in range(8):
        assert np.isin(y[i], np.append(x[i], np.float32(9.0))).all()
    ops.image.affine_transform(x, t, "bilinear", mode, 9.0)


@pytest.mark.product
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("shape", [(2, 7, 5, 3), (1, 1, 1, 1), (2, 4, 70, 1)])
def test_the_gradient_is_the_adjoint(isa, interpolation, mode, shape):
    """The transform is linear in the image, so <A x, dy> = <x, A' dy>; the gradient is added to an existing one."""
    x, t = images(shape, "float64"), transforms(shape)
    dy = images(shape, "float64", seed=3)
    y, dx = gradient(lambda x: ops.image.affine_transform(x, t, interpolation, mode), x, dy)
    np.testing.assert_allclose((y * dy).sum(), (x * dx).sum(), rtol=0, atol=1e-11)
    _, more = gradient(lambda x: ops.image.affine_transform(x, t, interpolation, mode) + 2.0 * x, x, dy)
    np.testing.assert_allclose(more, dx + 2 * dy, rtol=0, atol=1e-12)


def test_no_gradient_reaches_the_transform():
    t = _core.tensor(transforms((1, 3, 3, 1)))
    t.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = _core.affine_transform(images((1, 3, 3, 1), "float64"), t)
        assert tape.gradients(y, [t]) == [None]


def test_one_transform_serves_all_and_empty_batches_pass():
    x, t = images((3, 5, 4, 2), "float64"), transforms((1, 5, 4, 2))
    every = ops.image.affine_transform(x, np.repeat(t, 3, 0))
    np.testing.assert_array_equal(ops.image.affine_transform(x, t), every)
    np.testing.assert_array_equal(ops.image.affine_transform(x, t[0]), every)
    for shape in [(0, 5, 4, 2), (2, 0, 4, 2), (2, 5, 0, 2), (2, 5, 4, 0)]:
        assert ops.image.affine_transform(np.ones(shape, "float32"), t).shape == shape
        assert _core.flip_images(np.ones(shape, "float32"), np.ones(shape[0], bool), True, True).shape == shape


def test_symbolic_images():
    x = netlet.Input((5, 4, 2))
    t = transforms((1, 5, 4, 2), dtype="float32")
    y = ops.image.affine_transform(x, t[0])
    assert y.shape == (None, 5, 4, 2)
    value = images((3, 5, 4, 2), "float32")
    np.testing.assert_array_equal(netlet.Model(x, y)(value).numpy(), ops.image.affine_transform(value, t))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.image.affine_transform(np.ones((3, 4)), np.ones(8)), r"\(H, W, C\).*received shape \(3, 4\)"),
        (lambda: ops.image.affine_transform(np.ones((2, 3, 4, 1)), np.ones((3, 8))), r"\(N, 8\) with N = 2"),
        (lambda: ops.image.affine_transform(np.ones((2, 3, 4, 1)), np.ones((2, 9))), r"received \(2, 9\)"),
        (lambda: ops.image.affine_transform(np.ones((2, 3, 4, 1)), np.ones(8), "cubic"), "interpolation"),
        (lambda: ops.image.affine_transform(np.ones((2, 3, 4, 1)), np.ones(8), fill_mode="edge"), "fill_mode"),
        (lambda: ops.image.affine_transform(np.ones((2, 3, 4, 1)), np.ones(8), data_format="NHWC"), "data_format"),
        (lambda: _core.flip_images(np.ones((2, 3, 4)), np.ones(2, bool), True, True), "flip_images"),
        (
            lambda: _core.flip_images(np.ones((2, 3, 4, 1)), np.ones(3, bool), True, True),
            r"expected bool flags of shape \(2,\)",
        ),
        (
            lambda: _core.flip_images(np.ones((2, 3, 4, 1)), np.ones(2), True, True),
            r"expected bool flags of shape \(2,\)",
        ),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- flips -----------------------------------------------------------------------------------------------------------
@pytest.mark.product
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int64", "bool", "float16"])
@pytest.mark.parametrize("shape", [(3, 1, 1, 1), (3, 2, 7, 3), (5, 7, 65, 1), (3, 4, 5, 2), (2, 3, 6, 11)])
def test_flips(isa, threads, dtype, shape):
    x = (np.random.default_rng(0).integers(0, 100, shape) % (2 if dtype == "bool" else 100)).astype(dtype)
    flags = np.arange(shape[0]) % 2 == 0
    for horizontal, vertical in [(True, False), (False, True), (True, True), (False, False)]:
        axes = [axis for axis, on in ((1, vertical), (2, horizontal)) if on]
        expected = np.where(flags[:, None, None, None], np.flip(x, axes), x)
        y = _core.flip_images(x, flags, horizontal, vertical)
        assert y.dtype == x.dtype
        np.testing.assert_array_equal(y, expected)


def test_gradient_of_a_flip(isa):
    x, dy, flags = images((3, 4, 5, 2), "float64"), images((3, 4, 5, 2), "float64", 1), np.array([True, False, True])
    _, dx = gradient(lambda x: _core.flip_images(x, flags, True, False), x, dy)
    np.testing.assert_array_equal(dx, np.where(flags[:, None, None, None], dy[:, :, ::-1], dy))
    _, more = gradient(lambda x: _core.flip_images(x, flags, True, False) + x, x, dy)
    np.testing.assert_allclose(more, dx + dy, rtol=1e-15)

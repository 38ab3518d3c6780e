"""rgb_to_grayscale, rgb_to_hsv, hsv_to_rgb and gaussian_blur against Keras, in float64, with gradients."""

from __future__ import annotations

import colorsys

import keras
import numpy as np
import pytest
from scipy import ndimage

import netlet
from netlet import _core, ops
from support.differences import check_gradients

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 1, (2, 5, 4, 3))
EDGES = X.copy()
EDGES[0, 0] = [[0, 0, 0], [0.5, 0.5, 0.5], [1, 0, 0], [0, 1, 0]]
EDGES[0, 1] = [[0, 0, 1], [1, 1, 0], [1, 0, 1], [0.2, 0.7, 0.7]]
EDGES[0, 2] = [[-0.5, -0.5, -0.5], [-0.1, 0.3, 0.2], [1e-17, 0, 0], [255, 3, 128]]
COLOURS = ("rgb_to_grayscale", "rgb_to_hsv", "hsv_to_rgb")


@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_colours_are_keras_s(name, data_format, dtype):
    x = EDGES.astype(dtype)
    x = x.transpose(0, 3, 1, 2).copy() if data_format == "channels_first" else x
    for images in (x, x[0]):
        y = getattr(ops.image, name)(images, data_format=data_format)
        expected = np.asarray(getattr(keras.ops.image, name)(images, data_format=data_format))
        assert y.dtype == dtype and y.shape == expected.shape
        exact = dtype == "float64" and name != "rgb_to_grayscale"  # which Keras computes in float32
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-13 if exact else 2e-6, atol=1e-14 if exact else 1e-6)


def test_hsv_is_colorsys_s_and_has_an_inverse():
    pixels = np.concatenate([X.reshape(-1, 3), EDGES[0, :2].reshape(-1, 3)])
    hsv = ops.image.rgb_to_hsv(pixels[None]).numpy()[0]
    np.testing.assert_allclose(hsv, [colorsys.rgb_to_hsv(*p) for p in pixels], atol=1e-14)
    np.testing.assert_allclose(ops.image.hsv_to_rgb(hsv[None]).numpy()[0], pixels, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "uint8", "int32"])
def test_other_dtypes(dtype):
    x = ops.cast(X * 200, dtype)
    y = ops.image.rgb_to_grayscale(x)
    assert y.dtype == dtype
    expected = ops.cast(x, "float32").numpy() @ np.array([0.2989, 0.5870, 0.1140])
    wrong = np.abs(ops.cast(y, "float32").numpy()[..., 0] - (np.trunc(expected) if "int" in dtype else expected))
    assert wrong.max() <= (1.0 if dtype in ("bfloat16", "uint8", "int32") else 0.2)
    blurred = ops.image.gaussian_blur(x)
    assert blurred.dtype == dtype and blurred.shape == x.shape
    if "int" in dtype:
        with pytest.raises(ValueError, match="expected floats"):
            ops.image.rgb_to_hsv(x)
    else:
        assert np.isfinite(ops.cast(ops.image.rgb_to_hsv(x), "float32").numpy()).all()


@pytest.mark.parametrize(
    ("kernel_size", "sigma"),
    [
        ((3, 3), (1.0, 1.0)),
        ((5, 3), (0.7, 2.0)),
        (3, (1.0, 0.5)),
        ((7, 9), (1.5, 2.5)),
        ((2, 4), (1.0, 3.0)),
        (1, (1, 1)),
    ],
)
def test_blur_is_keras_s(kernel_size, sigma):
    size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    for x, fmt in ((X, "channels_last"), (X.transpose(0, 3, 1, 2).copy(), "channels_first"), (X[1], "channels_last")):
        expected = np.asarray(keras.ops.image.gaussian_blur(x, size, sigma, data_format=fmt))
        y = ops.image.gaussian_blur(x, kernel_size, sigma, data_format=fmt)
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12, atol=1e-14)


def test_blur_is_scipy_s():
    x = RNG.uniform(0, 1, (1, 40, 30, 1))
    y = ops.image.gaussian_blur(x, (11, 11), (1.0, 1.5)).numpy()[0, :, :, 0]
    at = np.arange(11) - 5
    weights = [np.exp(-0.5 * (at / s) ** 2) / np.exp(-0.5 * (at / s) ** 2).sum() for s in (1.5, 1.0)]
    expected = x[0, :, :, 0]
    for axis, w in enumerate(weights):
        expected = ndimage.convolve1d(expected, w, axis=axis, mode="constant")
    np.testing.assert_allclose(y, expected, rtol=1e-12)


@pytest.mark.parametrize("name", [*COLOURS, "gaussian_blur"])
def test_gradients(name):
    x = RNG.uniform(0.1, 0.9, (1, 2, 3, 3))
    f = getattr(ops.image, name)
    check_gradients(f, [x])


def test_gradient_of_the_blur_s_sigma():
    s = np.array([0.8, 1.3])
    check_gradients(lambda v: ops.image.gaussian_blur(X[:1], 3, v), [s])


def test_nothing_and_symbols():
    for name in (*COLOURS, "gaussian_blur"):
        f = getattr(ops.image, name)
        assert f(np.zeros((0, 4, 4, 3), "float32")).shape[0] == 0
        y = f(netlet.Input((4, 4, 3)))
        assert y.shape == (None, 4, 4, 1 if name == "rgb_to_grayscale" else 3)
    one = np.ones((1, 2, 2, 1), "float32")
    np.testing.assert_array_equal(ops.image.rgb_to_grayscale(one).numpy(), one)
    assert np.isnan(ops.image.rgb_to_hsv(np.full((1, 1, 3), np.nan)).numpy()).any()


@pytest.mark.parametrize("name", [*COLOURS, "gaussian_blur"])
def test_the_bits_do_not_depend_on_threads(name, threads):
    x = RNG.uniform(0, 1, (8, 33, 31, 3)).astype("float32")
    y = getattr(ops.image, name)(x).numpy()
    _core.set_num_threads(1)
    np.testing.assert_array_equal(getattr(ops.image, name)(x).numpy(), y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.image.rgb_to_hsv(X[..., :2]), "3 channels, received"),
        (lambda: ops.image.rgb_to_grayscale(X[..., :2]), "1 or 3 channels"),
        (lambda: ops.image.hsv_to_rgb(X[0, 0]), "3 channels"),
        (lambda: ops.image.hsv_to_rgb(X, "NCHW"), "data_format"),
        (lambda: ops.image.gaussian_blur(X[0, 0]), "one image"),
        (lambda: ops.image.gaussian_blur(X, 0), "`kernel_size`"),
        (lambda: ops.image.gaussian_blur(X, 3, 1.0), "`sigma` to be two numbers"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()

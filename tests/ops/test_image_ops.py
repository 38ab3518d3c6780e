"""Patches, cropping, padding, scaling, Sobel edges and similarity of images, and rearranged channels, against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import ops
from support.gradients import gradient
from support.second_derivatives import check as check_second

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (2, 7, 6, 3)).astype("float32")
V = RNG.uniform(-1, 1, (1, 5, 6, 4, 2)).astype("float32")
FIRST = np.ascontiguousarray(X.transpose(0, 3, 1, 2))


def same(name, *arguments, ours=None, atol=1e-6, **keywords):
    where = ops.image if hasattr(ops.image, name) else ops
    theirs = keras.ops.image if hasattr(keras.ops.image, name) else keras.ops
    y = getattr(where, name)(*arguments, **keywords)
    expected = np.asarray(getattr(theirs, name)(*arguments, **keywords))
    assert y.shape == expected.shape and y.dtype == str(expected.dtype), name
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=atol)
    return y


def is_linear(f, x):
    """<A x, y> = <x, A' y> for a linear f, in float64."""
    x = np.asarray(x, "float64")
    y, _ = gradient(f, x)
    dy = np.random.default_rng(1).standard_normal(y.shape)
    _, dx = gradient(f, x, dy)
    np.testing.assert_allclose((y * dy).sum(), (x * dx).sum(), rtol=1e-10)


# ---- patches ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("size", "more"),
    [
        (2, {}),
        ((3, 2), {"strides": (2, 1)}),
        ((3, 2), {"strides": 1, "padding": "same"}),
        (3, {"padding": "same"}),
        ((2, 3), {"strides": 1, "dilation_rate": 2}),
        (7, {}),
    ],
)
def test_patches(size, more):
    if size == 7:
        assert ops.image.extract_patches(X, size).shape == (2, 1, 0, 147)
        return
    same("extract_patches", X, size, **more)
    same("extract_patches", X[0], size, **more)
    is_linear(lambda x: ops.image.extract_patches(x, size, **more), X)


def test_patches_of_other_inputs():
    same("extract_patches", FIRST, (3, 2), strides=2, data_format="channels_first")
    for arguments in [(V, 2), (V, (3, 2, 2))]:
        same("extract_patches_3d", *arguments, strides=(1, 2, 1), padding="same")
    same("extract_patches_3d", V[0], 2)
    same("extract_patches", V, (2, 2, 2))
    same("extract_patches", (X * 100).astype("int32"), 2)
    assert ops.image.extract_patches(netlet.Input((7, 6, 3)), 2).shape == (None, 3, 3, 12)
    assert ops.image.extract_patches(np.zeros((0, 7, 6, 3)), 2).shape == (0, 3, 3, 12)
    for call, message in [
        (lambda: ops.image.extract_patches(X[0, 0], 2), "rank 3"),
        (lambda: ops.image.extract_patches(X, (2, 2, 2, 2)), "two or three"),
        (lambda: ops.image.extract_patches(X, 0), "positive integer"),
        (lambda: ops.image.extract_patches_3d(X[0], 2), "rank 4"),
        (lambda: ops.image.extract_patches(X, 2, padding="full"), "full"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


# ---- cropping and padding --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "keywords",
    [
        {"top": 1, "left": 2, "bottom": 0, "right": 1},
        {"top": 2, "left": 0, "height": 4, "width": 5},
        {"bottom": 1, "right": 2, "height": 3, "width": 4},
    ],
)
def test_crops_and_pads(keywords):
    for name, kind, by in [("crop_images", "cropping", 0), ("pad_images", "padding", 10)]:
        arguments = {
            (f"target_{k}" if k in ("height", "width") else f"{k}_{kind}"): v + (by if k in ("height", "width") else 0)
            for k, v in keywords.items()
        }
        same(name, X, **arguments)
        same(name, X[0], **arguments)
        same(name, FIRST, data_format="channels_first", **arguments)
        same(name, (X * 100).astype("uint8"), **arguments)
        is_linear(lambda x, n=name, a=arguments: getattr(ops.image, n)(x, **a), X)
        symbol = getattr(ops.image, name)(netlet.Input((7, 6, 3)), **arguments)
        assert symbol.shape == (None, *getattr(ops.image, name)(X, **arguments).shape[1:])


@pytest.mark.parametrize("name", ["crop_images", "pad_images"])
@pytest.mark.parametrize(
    "arguments",
    [(1, 1, 1), (1, 1, 1, 1, 5, 5), (-1, 0, 0, 0), (0, 0, None, None, 99, -1), (0, 0, 99, None, 3, 3), (0.5, 0, 0, 0)],
)
def test_wrong_crops_and_pads(name, arguments):
    with pytest.raises((ValueError, TypeError)):
        np.asarray(getattr(keras.ops.image, name)(X, *arguments))
    with pytest.raises(ValueError, match="expected"):
        getattr(ops.image, name)(X, *arguments)


# ---- scaling ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["trilinear", "cubic", "lanczos5"])
@pytest.mark.parametrize(("scale", "shift"), [((2.0, 0.4), (0.0, 1.0)), ((0.7, 1.3), (-1.5, -3.25))])
def test_scale_and_translate(method, scale, shift):
    for antialias in (True, False):
        arguments = (np.array(scale, "float32"), np.array(shift, "float32"), (1, 2), method, antialias)
        same("scale_and_translate", X, (2, 9, 5, 3), *arguments, atol=3e-5)
    is_linear(lambda x: ops.image.scale_and_translate(x, (2, 9, 5, 3), *arguments), X)


def test_scale_and_translate_of_other_inputs():
    one = (np.array([2.0], "float32"), np.array([0.0], "float32"))
    same("scale_and_translate", np.arange(4, dtype="int32"), (8,), *one, (0,), "linear", atol=1e-5)
    y = ops.image.scale_and_translate(X, (2, 14, 6, 3), [2.0], [0.0], (-3,), "bilinear")
    np.testing.assert_allclose(y, ops.image.resize(X, (14, 6)), atol=1e-6)
    infinite = ops.image.scale_and_translate(np.array([1.0, np.inf, 1.0]), (3,), [1.0], [0.0], (0,), "cubic")
    np.testing.assert_array_equal(infinite, [1, np.inf, 1])
    assert not ops.image.scale_and_translate(np.ones(3), (3,), [np.nan], [0.0], (0,), "linear").numpy().any()
    for call, message in [
        (lambda: ops.image.scale_and_translate(X, (2, 7, 6, 3), [1.0], [0.0], (1,), "nearest"), "method"),
        (lambda: ops.image.scale_and_translate(X, (2, 7, 9, 3), [1.0], [0.0], (1,), "linear"), "output shape"),
        (lambda: ops.image.scale_and_translate(X, (2, 7, 6, 3), [1.0, 1.0], [0.0], (1,), "linear"), "one scale"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


# ---- edges and similarity --------------------------------------------------------------------------------------------
def test_sobel_edges():
    same("sobel_edges", X)
    same("sobel_edges", FIRST, data_format="channels_first")
    same("sobel_edges", X.astype("float64"), atol=1e-12)
    for shape in [(1, 1, 1, 1), (1, 2, 1, 2), (1, 1, 3, 1)]:
        same("sobel_edges", RNG.uniform(-1, 1, shape).astype("float32"))
    is_linear(ops.image.sobel_edges, X)
    check_second(lambda x: ops.square(ops.image.sobel_edges(x)), X.astype("float64"))
    assert ops.image.sobel_edges((X * 10).astype("int32")).dtype == "int32"
    assert ops.image.sobel_edges(netlet.Input((7, 6, 3))).shape == (None, 7, 6, 3, 2)
    with pytest.raises(ValueError, match="received shape"):
        ops.image.sobel_edges(X[0])


def test_similarity():
    a, b = (RNG.uniform(0, 1, (2, 13, 12, 2)) for _ in range(2))
    close = np.clip(a + 0.1 * b, 0, 1)
    same("ssim", a.astype("float32"), close.astype("float32"), atol=1e-5)
    same("ssim", a, close, atol=1e-12)
    same("ssim", a[0], close[0], max_val=2.0, filter_size=5, filter_sigma=1.0, k1=0.02, k2=0.05, atol=1e-12)
    first = [np.ascontiguousarray(v.transpose(0, 3, 1, 2)) for v in (a, close)]
    np.testing.assert_allclose(ops.image.ssim(*first, data_format="channels_first"), ops.image.ssim(a, close))
    np.testing.assert_allclose(ops.image.ssim(a, a), [1, 1])
    check_second(lambda x: ops.image.ssim(x, b[:1, :6, :6], filter_size=5), a[:1, :6, :6])
    symbols = netlet.Input((13, 12, 2)), netlet.Input((13, 12, 2))
    assert ops.image.ssim(*symbols).shape == (None,)
    with pytest.raises(ValueError, match="at least 11 rows"):
        ops.image.ssim(X, X)
    with pytest.raises(ValueError, match="one shape"):
        ops.image.ssim(a, b[:1])


def test_signal_to_noise():
    for a, b in [(X, X[::-1]), (X, X), ((X * 9).astype("int32"), (X * 8).astype("int32"))]:
        y, expected = ops.psnr(a, b, 2.0), np.asarray(keras.ops.psnr(a, b, 2.0))
        assert y.shape == ()
        np.testing.assert_allclose(y, expected, rtol=1e-5)
    check_second(lambda x: ops.psnr(x, np.zeros(5), 1.0), RNG.standard_normal(5))
    with pytest.raises(ValueError, match="one shape"):
        ops.psnr(X, X[:1], 1.0)


# ---- rearranging -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "uint8", "bool"])
def test_depth_and_space(dtype):
    x = (np.arange(2 * 2 * 3 * 8).reshape(2, 2, 3, 8) % 200).astype(dtype)
    y = same("depth_to_space", x, 2)
    np.testing.assert_array_equal(ops.space_to_depth(y, 2), x)
    x = x.transpose(0, 3, 1, 2).copy()
    y = same("depth_to_space", x, 2, data_format="channels_first")
    np.testing.assert_array_equal(same("space_to_depth", y.numpy(), 2, data_format="channels_first"), x)
    same("space_to_depth", y.numpy().transpose(0, 2, 3, 1).copy(), 2)


def test_depth_and_space_of_other_inputs():
    is_linear(lambda x: ops.depth_to_space(x, 2), RNG.standard_normal((1, 2, 2, 8)))
    assert ops.depth_to_space(netlet.Input((2, 2, 8)), 2).shape == (None, 4, 4, 2)
    for call, message in [
        (lambda: ops.depth_to_space(X, 2), "multiple of 4 channels"),
        (lambda: ops.space_to_depth(X, 2), "that 2 divides"),
        (lambda: ops.depth_to_space(X, 1), "at least 2"),
        (lambda: ops.space_to_depth(X[0], 2), "rank 4"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(
    "arguments", [(2,), ((3, 2), 1, 0, 2), ((2, 3), (2, 1), (1, 2), (1, 2)), ((1, 1),), (3, 1, 1, 1), (2, 1, 0, 3)]
)
def test_columns_and_back(arguments):
    x = FIRST[:, :2]
    y = same("unfold", x, *arguments).numpy()
    size = x.shape[2:]
    is_linear(lambda x: ops.unfold(x, *arguments), x)
    _, expected = gradient(lambda x: ops.unfold(x, *arguments), x, y)  # fold is the transpose
    np.testing.assert_allclose(ops.fold(y, size, *arguments), expected, atol=1e-5)
    is_linear(lambda y: ops.fold(y, size, *arguments), y)


def test_columns_and_back_of_other_inputs():
    y = ops.unfold(FIRST, 2).numpy()
    same("fold", y, (7, 6), 2, atol=1e-5)
    whole = (FIRST * 10).astype("int32")
    assert ops.unfold(whole, 2).dtype == "int32" and ops.fold(ops.unfold(whole, 2), (7, 6), 2).dtype == "int32"
    assert ops.unfold(netlet.Input((3, 7, 6)), 2).shape == (None, 12, 30)
    assert ops.fold(netlet.Input((12, 30)), (7, 6), 2).shape == (None, 3, 7, 6)
    for call, message in [
        (lambda: ops.unfold(X[0], 2), "received shape"),
        (lambda: ops.unfold(X, 9), "do not fit"),
        (lambda: ops.fold(y, (7, 5), 2), "blocks for images"),
        (lambda: ops.fold(y[None], (7, 6), 2), "received shape"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()

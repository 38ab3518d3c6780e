"""Pooling, upsampling, padding, cropping and resizing layers: masks, dtypes, training, wrong arguments.

test_against_keras.py compares their values with Keras's.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers


def test_global_average_honours_a_mask():
    x = np.random.default_rng(0).standard_normal((3, 4, 2)).astype("float32")
    mask = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [1, 1, 1, 1]], bool)
    for keepdims in (False, True):
        ours, theirs = (m.layers.GlobalAveragePooling1D(keepdims=keepdims) for m in (netlet, keras))
        np.testing.assert_allclose(ours(x, mask=mask).numpy(), np.asarray(theirs(x, mask=mask)), rtol=1e-6)
    first = np.moveaxis(x, 1, 2)
    y = layers.GlobalAveragePooling1D("channels_first")(first, mask=mask)
    np.testing.assert_allclose(y.numpy(), ours(x, mask=mask).numpy()[:, 0], rtol=1e-6)
    assert ours.supports_masking and ours.compute_mask(x, mask) is None


def test_means_over_whole_axes_in_float64():
    x = np.random.default_rng(1).standard_normal((2, 5, 6, 3))
    np.testing.assert_allclose(layers.GlobalAveragePooling2D(dtype="float64")(x).numpy(), x.mean((1, 2)), rtol=1e-13)


def test_dtypes():
    x = np.random.default_rng(2).integers(0, 200, (1, 4, 6, 3)).astype("uint8")
    kept = [layers.UpSampling2D(2), layers.ZeroPadding2D(1), layers.Cropping2D(1), layers.Resizing(3, 3)]
    for layer in kept:
        assert layer(x).dtype == "uint8" == layer(netlet.Input((4, 6, 3), dtype="uint8")).dtype, layer.name
    floats = [layers.MaxPooling2D(2), layers.AveragePooling2D(2), layers.GlobalMaxPooling2D(), layers.CenterCrop(2, 2)]
    for layer in [*floats, layers.AdaptiveMaxPooling2D(2)]:
        assert layer(x).dtype == "float32" == layer(netlet.Input((4, 6, 3), dtype="uint8")).dtype, layer.name


def test_unknown_extents():
    x = netlet.Input((None, 7, 3))
    assert layers.MaxPooling2D(2)(x).shape == (None, None, 3, 3)
    assert layers.UpSampling2D(2)(x).shape == (None, None, 14, 3)
    assert layers.ZeroPadding2D(1)(x).shape == (None, None, 9, 3)
    assert layers.Cropping2D(1)(x).shape == (None, None, 5, 3)
    assert layers.GlobalMaxPooling2D(keepdims=True)(x).shape == (None, 1, 1, 3)


def test_a_network_of_them_trains():
    model = netlet.Sequential(
        [
            netlet.Input((9, 9, 2)),
            layers.ZeroPadding2D(1),
            layers.MaxPooling2D(3, strides=2, padding="same"),
            layers.UpSampling2D(2, interpolation="bilinear"),
            layers.Cropping2D(1),
            layers.AveragePooling2D(2),
            layers.Resizing(3, 3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    x = np.random.default_rng(3).standard_normal((64, 9, 9, 2)).astype("float32")
    y = x.max((1, 2, 3))[:, None]
    losses = model.fit(x, y, epochs=8, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: layers.MaxPooling2D(0), "`pool_size`: expected a positive integer"),
        (lambda: layers.MaxPooling2D((2, 2, 2)), "`pool_size`: expected a positive integer, or a tuple of 2"),
        (lambda: layers.AveragePooling1D(2, strides=-1), "`strides`: expected a positive integer"),
        (lambda: layers.MaxPooling2D(2, padding="causal"), "expected `padding`"),
        (lambda: layers.MaxPooling2D(2, data_format="NHWC"), "Expected `data_format`"),
        (lambda: layers.UpSampling2D(2, interpolation="cubic"), "expected `interpolation`"),
        (lambda: layers.ZeroPadding2D((1, 2, 3)), "tuple of 2 integers or pairs"),
        (lambda: layers.ZeroPadding2D(((1, -1), 2)), "at least 0"),
        (lambda: layers.Cropping1D(1)(np.zeros((1, 2, 3), "float32")), "expected inputs larger than cropping"),
        (lambda: layers.MaxPooling2D(4, name="pool")(np.zeros((2, 3, 32, 32), "float32")), "'pool'.*do not fit|larger"),
        (lambda: layers.MaxPooling2D(4, name="pool")(netlet.Input((3, 32, 32))), "'pool'.*order of the axes"),
        (lambda: layers.MaxPooling2D(2)(np.zeros((2, 28, 28), "float32")), r"inputs of rank 4.*x\[..., None\]"),
        (lambda: layers.Resizing(0, 3), "`height` and `width`"),
        (lambda: layers.Resizing(2, 3)(np.zeros((2, 3), "float32")), r"'resizing.*batch \(N, H, W, C\).*\(2, 3\)"),
    ],
)
def test_wrong_arguments(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_names_of_keras():
    assert layers.MaxPool2D is layers.MaxPooling2D and layers.GlobalAvgPool1D is layers.GlobalAveragePooling1D

"""Functional models of image operations in `.keras` files, from netlet to Keras and back."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet

X = np.random.default_rng(0).uniform(0, 1, (2, 12, 12, 4)).astype("float32")
CALLS = {
    "resize": lambda ops, x: ops.image.resize(x, (6, 5)),
    "extract_patches": lambda ops, x: ops.image.extract_patches(x, 3),
    "pad_images": lambda ops, x: ops.image.pad_images(x, 1, 2, 3, 4),
    "crop_images": lambda ops, x: ops.image.crop_images(x, 1, 2, 3, 4),
    "sobel_edges": lambda ops, x: ops.image.sobel_edges(x),
    "ssim": lambda ops, x: ops.image.ssim(x, x * 0.5),
    "depth_to_space": lambda ops, x: ops.depth_to_space(x, 2),
    "unfold": lambda ops, x: ops.unfold(x, 2),
    "psnr": lambda ops, x: ops.psnr(x, x * 0.5, 1.0),
}


@pytest.mark.parametrize("name", CALLS)
def test_both_directions(tmp_path, name):
    x = netlet.Input((12, 12, 4))
    ours = netlet.Model(x, CALLS[name](netlet.ops, x))
    ours.save(tmp_path / "ours.keras")
    expected = ours(X).numpy()
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "ours.keras")(X), expected, rtol=1e-5, atol=1e-6)
    x = keras.Input((12, 12, 4))
    keras.Model(x, CALLS[name](keras.ops, x)).save(tmp_path / "theirs.keras")
    for file in ("ours", "theirs"):
        loaded = netlet.models.load_model(tmp_path / f"{file}.keras")
        np.testing.assert_allclose(loaded(X), expected, rtol=1e-5, atol=1e-6)

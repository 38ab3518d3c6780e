"""A quantized model predicts the same on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, layers
from netlet.quantizers import Int8Config

RNG = np.random.default_rng(0)
X = RNG.normal(size=(9, 11, 10, 3)).astype("float32")


def model():
    netlet.utils.set_random_seed(1)
    return netlet.Sequential(
        [
            netlet.Input(X.shape[1:]),
            layers.Conv2D(7, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.DepthwiseConv2D(3, depth_multiplier=2),
            layers.LeakyReLU(),
            layers.MaxPooling2D(),
            layers.Conv2DTranspose(5, 2, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(33, "relu"),
            layers.Dense(4),
        ]
    )


@pytest.mark.parametrize("weights", ["absmax", "zeropoint"])
@pytest.mark.parametrize("activations", ["dynamic", "static"])
def test_predictions(activations, weights):
    quantized = model()
    config = Int8Config(activations, weights, calibration=X if activations == "static" else None)
    quantized.quantize("int8", config, only_if_faster=False)
    before = _core.active_isa()
    found = {}
    try:
        for isa in _core.supported_isas():
            _core.force_isa(isa)
            quantized._forget_recorded_steps()
            found[isa] = quantized.predict(X, verbose=0)
            np.testing.assert_array_equal(found[isa], quantized(X).numpy())
    finally:
        _core.force_isa(before)
    assert len(found) > 1
    first = found["scalar"]
    for isa, y in found.items():
        np.testing.assert_array_equal(y, first, err_msg=isa)

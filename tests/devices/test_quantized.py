"""Quantized models on GPUs: 8-bit weights become floats there; other layers of codes compute on the CPU."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.quantizers import Int4Config, Int8Config

X = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")


def model():
    return netlet.Sequential([netlet.Input((6,)), layers.Dense(5, "relu"), layers.Dense(3)])


def test_weights_in_8_bits(device):
    m = model()
    m.quantize(config=Int8Config(activations=None))
    want = m.predict(X, verbose=0)
    np.testing.assert_allclose(m.to(device).predict(X, verbose=0), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(m.to("cpu").predict(X, verbose=0), want)


@pytest.mark.parametrize("config", [Int8Config(), Int4Config()])
def test_what_a_gpu_cannot_compute_is_named(device, config):
    m = model()
    m.quantize(None, config)
    want = m.predict(X, verbose=0)
    with pytest.raises(NotImplementedError, match=f"has no kernel for {device}"):
        m.to(device).predict(X, verbose=0)
    np.testing.assert_array_equal(m.to("cpu").predict(X, verbose=0), want)


def test_a_model_on_a_gpu_is_not_quantized(device):
    m = model().to(device)
    with pytest.raises(ValueError, match=f"expected a model on the CPU, .* received one on {device}"):
        m.quantize("int8")
    assert [type(layer) for layer in m.layers] == [layers.Dense, layers.Dense]

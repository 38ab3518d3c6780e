"""Usual mistakes with quantized models: what the messages and the report say."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.quantizers import Int8Config

X = np.random.default_rng(0).normal(size=(32, 8)).astype("float32")
Y = np.random.default_rng(1).normal(size=(32, 3)).astype("float32")


def model(activation=None):
    return netlet.Sequential(
        [
            netlet.Input((8,)),
            layers.Dense(64, activation, name="hidden"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(16, name="middle"),
            layers.Dense(3, name="head"),
        ]
    )


def test_training_on_after_quantize_names_the_layers():
    m = model()
    m.compile("adam", "mse")
    m.quantize("int8", filters="middle|head", only_if_faster=False)
    before = m.get_weights()
    with pytest.raises(ValueError, match=r"cannot be trained: no gradient .* \['middle', 'head'\].*quantize_aware"):
        m.fit(X, Y, verbose=0)
    for a, b in zip(m.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_before_a_quantized_one_do_not_train_and_a_warning_says_so():
    m = model()
    m.quantize("int8", filters="middle", only_if_faster=False)
    m.compile("adam", "mse")
    before, head = m.layers[0].get_weights()[0], m.get_layer("head").get_weights()[0]
    with pytest.warns(UserWarning, match=r"quantized layers \['middle'\], so layers before them do not train"):
        m.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(m.layers[0].get_weights()[0], before)
    assert np.any(m.get_layer("head").get_weights()[0] != head)


def test_a_model_without_trainable_weights():
    m = netlet.Sequential([netlet.Input((8,)), layers.Dense(3, name="head")])
    m.quantize("int8", only_if_faster=False)
    m.compile("adam", "mse")
    with pytest.warns(UserWarning, match=r"has no trainable weights. Its layers \['head'\] are quantized"):
        m.fit(X, Y, verbose=0)


def test_weights_alone_pass_gradients():
    m = model()
    m.quantize("int8", Int8Config(activations=None), filters="middle")
    m.compile("adam", "mse")
    before = m.layers[0].get_weights()[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        m.fit(X, Y, verbose=0)
    assert np.any(m.layers[0].get_weights()[0] != before)

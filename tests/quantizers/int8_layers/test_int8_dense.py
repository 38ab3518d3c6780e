"""Int8Dense against its formula in NumPy, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.layers.quantized import Int8Dense
from netlet.quantizers import Int8Config
from support import quantized


def inputs(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def dense(config, activation="linear", shape=(6, 20), units=9, use_bias=True):
    layer = layers.Dense(units, activation=None if activation == "linear" else activation, use_bias=use_bias)
    layer(inputs(*shape))
    if use_bias:
        layer.bias.assign(inputs(units, seed=3))
    kernel = layer.kernel.numpy()
    layer.quantize(config=config)
    assert type(layer) is Int8Dense
    return layer, kernel


@pytest.mark.parametrize("weights", ["absmax", "zeropoint"])
@pytest.mark.parametrize("per_channel", [True, False])
def test_codes_of_the_kernel_are_those_of_ops(weights, per_channel):
    layer, kernel = dense(Int8Config(weights=weights, per_channel=per_channel))
    quantize = netlet.ops.quantize_absmax if weights == "absmax" else netlet.ops.quantize_zeropoint
    found = quantize(kernel, axis=0 if per_channel else None)
    np.testing.assert_array_equal(layer.kernel.numpy(), found[0].numpy())
    np.testing.assert_array_equal(layer.kernel_scale.numpy().ravel(), found[1].numpy().ravel())
    if weights == "zeropoint":
        np.testing.assert_array_equal(layer.kernel_zero_point.numpy().ravel(), found[2].numpy().ravel())
    else:
        assert layer.kernel_zero_point is None


@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize("weights", ["absmax", "zeropoint"])
@pytest.mark.parametrize("shape", [(6, 20), (1, 33), (2, 3, 17)])
def test_dynamic(activation, weights, shape):
    layer, _ = dense(Int8Config(weights=weights), activation, shape)
    x = inputs(*shape, seed=1)
    scale, zero = quantized.row_ranges(x, (-1,))
    wanted = quantized.product(quantized.codes(x, scale, zero), scale, zero, layer, activation)
    np.testing.assert_array_equal(layer(x).numpy(), wanted)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("per_channel", [True, False])
def test_static(per_channel, use_bias):
    x = inputs(50, 20)
    layer, _ = dense(Int8Config("static", per_channel=per_channel, calibration=x), "relu", use_bias=use_bias)
    scale, zero = layer.input_scale.numpy(), layer.input_zero_point.numpy()
    assert scale == np.float32((x.max() - x.min()) / np.float32(255))
    x = inputs(8, 20, seed=2) * 2  # some values are out of range
    wanted = quantized.product(quantized.codes(x, scale, zero), scale, zero, layer, "relu")
    np.testing.assert_array_equal(layer(x).numpy(), wanted)


def test_a_dynamic_prediction_does_not_depend_on_its_batch():
    layer, _ = dense(Int8Config())
    x = inputs(8, 20, seed=4)
    np.testing.assert_array_equal(layer(x).numpy()[3:4], layer(x[3:4]).numpy())


def test_integers_as_input_are_numbers_and_not_codes():
    layer, _ = dense(Int8Config("static", calibration=inputs(50, 20)))
    x = np.arange(20, dtype="uint8").reshape(1, 20)
    np.testing.assert_array_equal(layer(x).numpy(), layer(x.astype("float32")).numpy())


def test_an_activation_that_no_product_fuses():
    layer, _ = dense(Int8Config(), "softmax")
    np.testing.assert_allclose(layer(inputs(4, 20)).numpy().sum(-1), 1, rtol=1e-6)


def test_its_error_is_that_of_8_bits():
    layer, kernel = dense(Int8Config(), shape=(64, 300))
    x = inputs(64, 300, seed=5)
    y = x @ kernel + layer.bias.numpy()
    error = np.square(layer(x).numpy() - y).mean() / np.square(y).mean()
    assert error < 1e-4  # 40 dB


def test_it_is_not_trained():
    layer, _ = dense(Int8Config())
    assert layer.trainable_variables == []
    assert [v.name for v in layer.non_trainable_variables] == ["kernel", "bias", "kernel_scale"]
    layer.trainable = True
    assert layer.trainable_variables == []


def test_a_layer_alone_finds_its_range_by_the_observer():
    layer = layers.Dense(4)
    x = np.random.default_rng(0).uniform(0, 1, size=(1000, 64)).astype("float32")
    x[0, 0] = 1000.0
    layer(x)
    layer.quantize(config=Int8Config("static", calibration=x, observer="percentile"))
    assert layer.input_scale.numpy() < 2 / 255

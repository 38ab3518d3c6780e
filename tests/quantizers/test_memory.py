"""What a quantized model keeps in memory: neither its float weights nor the data that it was calibrated with."""

from __future__ import annotations

import gc
import weakref

import numpy as np

from netlet import Input, Sequential, layers, optimizers
from netlet.quantizers import AwareConfig, Int8Config, quantize_aware

X = np.random.default_rng(0).normal(size=(64, 16)).astype("float32")
Y = np.zeros((64, 4), "float32")


def trained_model():
    model = Sequential([Input((16,)), layers.Dense(8, name="a"), layers.Dense(4, name="b")])
    model.compile(optimizers.SGD(0.1), "mse")
    model.fit(X, Y, verbose=0)
    return model


def test_the_segment_of_the_float_weights_is_freed_although_a_layer_stays_float():
    model = trained_model()
    segment = weakref.ref(model.layers[1].kernel._place.segment)
    before = model.layers[1].kernel.numpy()
    model.quantize("int8", filters="a", only_if_faster=False)
    gc.collect()
    assert segment() is None
    np.testing.assert_array_equal(model.layers[1].kernel.numpy(), before)
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(model.layers[1].kernel.numpy(), before)


def test_another_optimizer_of_the_same_variables_still_updates_them():
    model = trained_model()
    other = optimizers.SGD(1.0)
    kernel = model.layers[1].kernel
    other.build([kernel])
    model.quantize("int8", filters="a", only_if_faster=False)
    before = kernel.numpy()
    other.apply([np.ones(kernel.shape, "float32")], [kernel])
    np.testing.assert_array_equal(kernel.numpy(), before - 1)


def test_layers_do_not_keep_the_calibration_data():
    config = Int8Config("static", calibration=X)
    model = trained_model()
    model.quantize(config=config, only_if_faster=False)
    aware = quantize_aware(trained_model(), AwareConfig("static", calibration=X))
    alone = layers.Dense(4)
    alone(X)
    alone.quantize(config=config)
    assert config.calibration is X
    for layer in (*model.layers, *aware.layers, alone):
        assert layer.quantization_config.calibration is None

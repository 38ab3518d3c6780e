"""Quantization-aware recurrent layers: values of the int8 layer, gradients near those of the float layer."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import GradientTape, Variable, layers, ops
from netlet.layers import quantized
from netlet.quantizers import AwareConfig, quantize_aware

X = np.random.default_rng(0).normal(size=(24, 7, 5)).astype("float32")
Y = np.tanh(X.sum(1) - X[:, 0])[:, :2]
KINDS = {"SimpleRNN": layers.SimpleRNN, "LSTM": layers.LSTM, "GRU": layers.GRU}
CONFIGS = {
    "dynamic": AwareConfig(),
    "zero points": AwareConfig(weights="zeropoint"),
    "observed": AwareConfig("static", calibration=X, observer="moving_average", freeze_after=5),
    "learned": AwareConfig("static", calibration=X, ranges="learned", per_channel=False),
    "weights": AwareConfig(None),
    "weights, zero points": AwareConfig(None, "zeropoint", per_channel=False),
}


def model_with(*recurrent, optimizer="adam"):
    netlet.utils.set_random_seed(1)
    model = netlet.Sequential([netlet.Input((7, 5)), *recurrent, layers.Dense(2)])
    model.compile(optimizer, "mse")
    return model


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("kind", KINDS)
def test_from_float_to_integers(kind, config):
    model = model_with(KINDS[kind](8))
    quantize_aware(model, CONFIGS[config])
    layer = model.layers[0]
    assert type(layer) is getattr(quantized, f"Aware{kind}") and type(layer.cell) is getattr(
        quantized, f"Aware{kind}Cell"
    )
    before = model.evaluate(X, Y, verbose=0)
    model.fit(X, Y, epochs=40, batch_size=8, verbose=0)
    assert model.evaluate(X, Y, verbose=0) < 0.7 * before
    expected = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model(X), expected)
    model.quantize("int8")
    assert type(layer) is getattr(quantized, f"{'WeightOnly' if 'weights' in config else 'Int8'}{kind}")
    np.testing.assert_array_equal(model.predict(X, verbose=0), expected)


@pytest.mark.parametrize("arguments", [{"go_backwards": True}, {"return_sequences": True}, {"dropout": 0.3}], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_options(kind, arguments):
    more = [layers.Flatten()] if "return_sequences" in arguments else []
    model = quantize_aware(model_with(KINDS[kind](4, **arguments), *more))
    model.fit(X, Y, epochs=2, verbose=0)
    expected = model.predict(X, verbose=0)
    model.quantize("int8")
    np.testing.assert_array_equal(model.predict(X, verbose=0), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_near_those_of_the_float_layer(kind):
    """Rounding of inputs, weights and states changes less than 5 % of their norm."""
    netlet.utils.set_random_seed(1)
    layer, other, x = KINDS[kind](8), KINDS[kind](8), Variable(X)
    layer(X), other(X)
    other.set_weights(layer.get_weights())
    layer.quantize(config=AwareConfig())
    dy = np.random.default_rng(1).normal(size=(24, 8)).astype("float32")

    def gradients(one):
        with GradientTape() as tape:
            loss = ops.sum(one(x) * dy)
        return [np.asarray(g) for g in tape.gradient(loss, [x, *one.trainable_variables])]

    for found, expected in zip(gradients(layer), gradients(other), strict=True):
        assert np.linalg.norm(found - expected) < 0.05 * np.linalg.norm(expected)


def test_bidirectional_and_files(tmp_path):
    model = quantize_aware(model_with(layers.Bidirectional(layers.GRU(4))), CONFIGS["observed"])
    model.fit(X, Y, epochs=3, verbose=0)
    expected = model.predict(X, verbose=0)
    for suffix in ("netlet", "keras"):
        model.save(tmp_path / f"aware.{suffix}")
        again = netlet.models.load_model(tmp_path / f"aware.{suffix}")
        np.testing.assert_array_equal(again.predict(X, verbose=0), expected)
        again.quantize("int8")
        np.testing.assert_array_equal(again.predict(X, verbose=0), expected)


def test_recurrent_dropout():
    model = quantize_aware(model_with(layers.LSTM(4, recurrent_dropout=0.2)))
    assert type(model.layers[0]) is layers.LSTM
    assert "recurrent_dropout" in model.quantization_report()[0].done
    model = quantize_aware(model_with(layers.LSTM(4, recurrent_dropout=0.2)), AwareConfig(None))
    assert type(model.layers[0]) is quantized.AwareLSTM
    model.fit(X, Y, epochs=2, verbose=0)
    expected = model.predict(X, verbose=0)
    model.quantize("int8")
    np.testing.assert_array_equal(model.predict(X, verbose=0), expected)

"""Dropout of the inputs and the states of recurrent layers."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from support.recurrent import numbers


def linear_rnn(**options):
    """h = x_t + h_(t-1), so that the outputs show the masks."""
    return layers.SimpleRNN(
        50,
        activation=None,
        use_bias=False,
        kernel_initializer="identity",
        recurrent_initializer="identity",
        return_sequences=True,
        **options,
    )


@pytest.mark.parametrize("way", ["native", "step by step"])
def test_input_masks_are_the_same_in_each_step_and_new_in_each_call(way, monkeypatch):
    if way == "step by step":
        monkeypatch.setattr(layers.rnn.native, "fits", lambda cell, training: False)
    x = np.ones((40, 6, 50), "float32")
    layer = linear_rnn(dropout=0.25, seed=1)
    y = layer(x, training=True).numpy()
    steps = np.diff(y, axis=1, prepend=0.0)
    np.testing.assert_allclose(steps, np.repeat(steps[:, :1], 6, axis=1), rtol=1e-5, atol=1e-5)
    kept = steps[:, 0] != 0
    np.testing.assert_allclose(steps[:, 0][kept], 1 / 0.75, rtol=1e-6)
    assert abs(kept.mean() - 0.75) < 5 * np.sqrt(0.25 * 0.75 / kept.size)  # five standard deviations
    assert (layer(x, training=True).numpy() != y).any()
    np.testing.assert_allclose(layer(x).numpy()[:, -1], 6.0)


@pytest.mark.parametrize("way", ["native", "step by step"])
def test_state_masks_are_the_same_in_each_step(way, monkeypatch):
    if way == "step by step":
        monkeypatch.setattr(layers.rnn.native, "fits", lambda cell, training: False)
    x = np.zeros((40, 5, 50), "float32")
    x[:, 0] = 1.0
    y = linear_rnn(recurrent_dropout=0.5, seed=1)(x, training=True).numpy()
    kept = y[:, -1] != 0
    np.testing.assert_allclose(y[kept.nonzero()[0], :, kept.nonzero()[1]], [[1, 2, 4, 8, 16]] * kept.sum())
    assert (y[:, 1:][np.repeat(~kept[:, None], 4, axis=1)] == 0).all()
    assert abs(kept.mean() - 0.5) < 5 * 0.5 / np.sqrt(kept.size)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("recurrent", [0.0, 0.5])
def test_each_gate_has_masks_of_its_own_where_keras_has_them(kind, recurrent):
    """As in Keras, each gate has its own input mask if recurrent_dropout is used; otherwise all gates share one."""
    cell = getattr(layers, f"{kind}Cell")(3, dropout=0.5, recurrent_dropout=recurrent)
    layer = layers.RNN(cell)
    drawn = []
    original = type(cell)._masks

    def masks(self, role, shape, rate, gates):
        found = original(self, role, shape, rate, gates)
        drawn.append((role, None if found is None else [m.numpy() for m in found]))
        return found

    type(cell)._masks = masks
    try:
        layer(np.ones((4, 3, 30), "float32"), training=True)
    finally:
        type(cell)._masks = original
    inputs = [m for role, m in drawn if role == "input"]
    gates = {"LSTM": 4, "GRU": 3}[kind] if recurrent else 1
    assert len(inputs[0]) == gates
    for later in inputs[1:]:
        np.testing.assert_array_equal(later, inputs[0])
    assert len({m.tobytes() for m in inputs[0]}) == gates
    states = [m for role, m in drawn if role == "state"]
    assert (states[0] is None) is (recurrent == 0)


def test_dropout_is_the_same_after_a_seed_and_trains():
    x, y = numbers((16, 5, 3)).astype("float32"), numbers((16, 4), 1).astype("float32")

    def trained():
        netlet.utils.set_random_seed(7)
        model = netlet.Sequential(
            [
                netlet.Input((5, 3)),
                layers.LSTM(6, dropout=0.3, return_sequences=True),
                layers.GRU(5, dropout=0.2, recurrent_dropout=0.2, return_sequences=True),
                layers.RNN([layers.LSTMCell(4, recurrent_dropout=0.4), layers.SimpleRNNCell(4, dropout=0.4)]),
            ]
        )
        model.compile("sgd", "mse")
        losses = model.fit(x, y, batch_size=4, epochs=3, verbose=0).history["loss"]
        return losses, model

    (losses, model), (again, _) = trained(), trained()
    assert losses == again
    assert len(model.seed_generators) == 4
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


def test_everything_falls_at_rate_one():
    y = linear_rnn(dropout=1.0)(np.ones((2, 3, 50), "float32"), training=True).numpy()
    assert (y == 0).all()
    assert layers.LSTM(3, dropout=-1.0, recurrent_dropout=7).get_config()["recurrent_dropout"] == 1.0

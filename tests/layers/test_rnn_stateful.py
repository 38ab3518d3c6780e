"""Stateful recurrent layers, whose states continue from batch to batch, against Keras."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers, ops
from support.recurrent import numbers


@pytest.mark.parametrize("way", ["native", "step by step"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_a_stateful_layer_goes_on_where_it_was(kind, way, monkeypatch):
    """Eagerly and in predict: two halves of a sequence, one after the other, give the results of the whole."""
    if way == "step by step":
        monkeypatch.setattr(layers.rnn.native, "fits", lambda cell, training: False)
    x = numbers((2, 6, 3)).astype("float32")
    whole = getattr(layers, kind)(4, return_sequences=True)
    expected = whole(x).numpy()
    model = netlet.Sequential([getattr(layers, kind)(4, return_sequences=True, stateful=True)])
    halves = np.concatenate([x[:, :3], x[:, 3:]])
    model(x[:, :3])
    model.set_weights(whole.get_weights())
    layer = model.layers[0]
    assert len(model.weights) == len(whole.weights)  # states are not weights
    layer.reset_state()
    eager = [model(x[:, :3]).numpy(), model(x[:, 3:]).numpy()]
    np.testing.assert_allclose(np.concatenate(eager, axis=1), expected, rtol=1e-5, atol=1e-6)
    for _ in range(2):
        layer.reset_states()
        y = model.predict(halves, batch_size=2, verbose=0)
        np.testing.assert_allclose(np.concatenate([y[:2], y[2:]], axis=1), expected, rtol=1e-5, atol=1e-6)
    y = model.predict(halves, batch_size=2, verbose=0)  # continues from the last state
    assert abs(y[:2] - expected[:, :3]).max() > 1e-3
    assert [s.shape for s in layer.states] == [(2, 4)] * len(layer.states)


def test_fit_carries_states_from_batch_to_batch():
    """Truncated backpropagation: `fit` gives the same as a loop that passes the states from batch to batch."""
    x, y = numbers((8, 3, 2)).astype("float32"), numbers((8, 4), 1).astype("float32")
    stateful = netlet.Sequential([netlet.Input((3, 2), batch_size=2), layers.LSTM(4, stateful=True)])
    inputs, h, c = netlet.Input((3, 2)), netlet.Input((4,)), netlet.Input((4,))
    lstm = layers.LSTM(4, return_state=True)
    loop = netlet.Model([inputs, h, c], lstm(inputs, initial_state=[h, c]))
    first = netlet.Model([inputs, h, c], loop.outputs[0])
    first.set_weights(stateful.get_weights())
    for eager in (False, True):
        start = stateful.get_weights()
        stateful.layers[0].reset_state()
        stateful.compile(netlet.optimizers.SGD(0.1), "mse", run_eagerly=eager)
        first.compile(netlet.optimizers.SGD(0.1), "mse")
        stateful.fit(x, y, batch_size=2, epochs=1, shuffle=False, verbose=0)
        states = [np.zeros((2, 4), "float32")] * 2
        for i in range(0, 8, 2):
            given = [x[i : i + 2], *states]
            after = [v.numpy() for v in loop(given)[1:]]
            first.train_on_batch(given, y[i : i + 2])
            states = after
        for a, b in zip(stateful.get_weights(), first.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        for a, b in zip(stateful.layers[0].states, states, strict=True):
            np.testing.assert_allclose(a.numpy(), b, rtol=1e-5, atol=1e-6)
        stateful.set_weights(start), first.set_weights(start)


def test_a_changed_batch_size():
    model = netlet.Sequential([netlet.Input((3, 2), batch_size=4), layers.GRU(4, stateful=True, name="g")])
    model.compile("sgd", "mse")
    message = r"'g' is stateful.*batch size to stay 4, received 2.*`batch_size`"
    with pytest.raises(ValueError, match=message):
        model(np.ones((2, 3, 2), "float32"))
    with pytest.raises(ValueError, match=message):
        model.fit(np.ones((6, 3, 2)), np.ones((6, 4)), batch_size=4, verbose=0)
    layer = layers.GRU(4, stateful=True)  # the first batch sets the batch size
    layer(np.ones((3, 2, 2), "float32"))
    with pytest.raises(ValueError, match="batch size to stay 3"):
        layer(np.ones((4, 2, 2), "float32"))


def test_states_given_to_a_stateful_layer_and_kept():
    x, h = numbers((2, 3, 2)).astype("float32"), numbers((2, 4)).astype("float32")
    plain, stateful = layers.GRU(4), layers.GRU(4, stateful=True)
    plain(x), stateful(x)
    stateful.set_weights(plain.get_weights())
    np.testing.assert_array_equal(stateful(x, initial_state=h).numpy(), plain(x, initial_state=h).numpy())
    np.testing.assert_array_equal(stateful.states[0].numpy(), plain(x, initial_state=h).numpy())


def test_a_stateful_layer_in_a_model_of_ones_own():
    class Net(netlet.Model):
        def __init__(self):
            super().__init__()
            self.rnn, self.out = layers.LSTM(4, stateful=True), layers.Dense(1)

        def call(self, x):
            return self.out(self.rnn(x))

    model = Net()
    model.compile("sgd", "mse")
    x, y = numbers((8, 3, 2)).astype("float32"), numbers((8, 1), 1).astype("float32")
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    assert model.rnn.states[0].shape == (4, 4)
    assert np.abs(model.rnn.states[0].numpy()).max() > 0


def test_gradients_stop_at_the_batch_before():
    layer = layers.SimpleRNN(3, stateful=True)
    x = numbers((2, 4, 2)).astype("float32")
    layer(x)
    before = layer.states[0].numpy()
    fixed = layers.SimpleRNN(3)
    fixed(x)
    fixed.set_weights(layer.get_weights())

    def gradients(call, weights):
        with netlet.GradientTape() as tape:
            total = ops.sum(call())
        return [g.numpy() for g in tape.gradient(total, weights)]

    ours = gradients(lambda: layer(x), layer.trainable_variables)
    expected = gradients(lambda: fixed(x, initial_state=before), fixed.trainable_variables)
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(a, b)

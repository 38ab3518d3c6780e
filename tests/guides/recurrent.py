"""The ideas of Keras's guide "Working with RNNs"."""

from __future__ import annotations

import numpy as np

from support.both import start_from_the_same_weights

X = np.random.default_rng(0).normal(size=(3, 6, 4)).astype("float32")


def stacked(keras):
    """Layers that return sequences below one that returns its last output; both directions; cells."""
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((None, 4)), layers.GRU(6, return_sequences=True), layers.SimpleRNN(5), layers.Dense(2)]
    )
    both = keras.Sequential([keras.Input((6, 4)), layers.Bidirectional(layers.LSTM(4, return_sequences=True))])
    both.add(layers.Bidirectional(layers.LSTM(3)))
    cells = layers.RNN(layers.LSTMCell(5))
    cells(X)
    fused = layers.LSTM(5)
    fused(X)
    for m in (model, both, cells):
        start_from_the_same_weights(m)
    fused.set_weights(cells.get_weights())
    return {"stack": model(X), "both": both(X), "cells": cells(X), "fused": fused(X)}


def states(keras):
    """The final states of an encoder are the first ones of a decoder."""
    layers = keras.layers
    source, target = keras.Input((None,)), keras.Input((None,))
    output, h, c = layers.LSTM(4, return_state=True, name="encoder")(layers.Embedding(10, 5)(source))
    decoded = layers.LSTM(4, name="decoder")(layers.Embedding(12, 5)(target), initial_state=[h, c])
    model = keras.Model([source, target], [layers.Dense(3)(decoded), output])
    start_from_the_same_weights(model)
    a, b = np.arange(10).reshape(2, 5), np.arange(12).reshape(2, 6)
    y, out = model([a, b])
    return {"y": y, "encoder": out}


def across_batches(keras):
    """A stateful layer goes on where the last batch ended, until its state is reset."""
    layer = keras.layers.LSTM(4, stateful=True)
    layer(X)
    start_from_the_same_weights(layer)
    layer.reset_state()
    parts = [np.asarray(layer(X[:, :3])), np.asarray(layer(X[:, 3:]))]
    layer.reset_state()
    whole = np.asarray(layer(X))
    layer.reset_state()
    known = keras.layers.LSTM(4, stateful=False)
    known(X)
    known.set_weights(layer.get_weights()[:3])
    return {"first": parts[0], "second": parts[1], "difference": np.abs(parts[1] - whole).max(), "plain": known(X)}


def own_cell(keras):
    """A cell with two states: what it saw last, and a mean of all outputs that fades."""
    ops = keras.ops

    class Fading(keras.layers.Layer):
        def __init__(self, units, rate, **kwargs):
            super().__init__(**kwargs)
            self.units, self.rate = units, rate
            self.state_size = [units, units]
            self.output_size = units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="uniform", name="kernel")
            self.inner = self.add_weight(shape=(self.units, self.units), initializer="uniform", name="inner")

        def call(self, inputs, states):
            last, mean = states
            output = ops.tanh(ops.matmul(inputs, self.kernel) + ops.matmul(last, self.inner)) + mean
            return output, [output, self.rate * mean + (1 - self.rate) * output]

    rnn = keras.layers.RNN([Fading(3, 0.5), Fading(2, 0.9)], return_sequences=True, return_state=True)
    rnn(X)
    start_from_the_same_weights(rnn)
    y, *states = rnn(X)
    model = keras.Sequential([keras.Input((6, 4)), keras.layers.RNN(Fading(3, 0.5)), keras.layers.Dense(1)])
    start_from_the_same_weights(model)
    model.compile("sgd", "mse")
    history = model.fit(X, X[:, 0, :1], epochs=2, verbose=0).history
    return {"y": y, "states": [len(states)], "last": states[1][1] if len(states) == 2 else states[-1], **history}


SCRIPTS = [stacked, states, across_batches, own_cell]

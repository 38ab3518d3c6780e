"""Masks from Embedding and Masking through recurrent layers and out of them: outputs and training against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers
from support.recurrent import numbers

WORDS = np.array([[3, 1, 4, 1, 0, 0], [5, 0, 0, 0, 0, 0], [2, 6, 0, 5, 3, 5], [0, 0, 0, 0, 0, 0]])


def words_to_class(m):
    la = m.layers
    return [
        la.Embedding(7, 5, mask_zero=True),
        la.LSTM(4, return_sequences=True),
        la.GRU(3, go_backwards=True),
        la.Dense(2),
    ]


def words_to_words(m):
    la = m.layers
    return [
        la.Embedding(7, 5, mask_zero=True),
        la.Bidirectional(la.GRU(3, return_sequences=True)),
        la.RNN([la.LSTMCell(4), la.SimpleRNNCell(3)], return_sequences=True),
        la.TimeDistributed(la.Dense(2)),
    ]


def both_ends(m):
    la = m.layers
    return [
        la.Embedding(7, 4, mask_zero=True),
        la.Bidirectional(la.LSTM(3), merge_mode="sum"),
        la.Dense(2),
    ]


def zeros_for_masked(m):
    la = m.layers
    return [
        la.Embedding(7, 4, mask_zero=True),
        la.SimpleRNN(3, return_sequences=True, zero_output_for_mask=True),
        la.Flatten(),
        la.Dense(2),
    ]


@pytest.mark.filterwarnings("ignore:Layer 'flatten")
@pytest.mark.parametrize("build", [words_to_class, words_to_words, both_ends, zeros_for_masked])
def test_models_with_padding_train_as_in_keras(build):
    ours, theirs = (m.Sequential([m.Input((6,), dtype="int32"), *build(m)]) for m in (netlet, keras))
    ours.set_weights([numbers(w.shape, seed=i) * 0.5 for i, w in enumerate(ours.weights)])
    theirs.set_weights(ours.get_weights())
    expected = theirs.predict(WORDS, verbose=0)
    np.testing.assert_allclose(ours.predict(WORDS, verbose=0), expected, rtol=2e-5, atol=2e-6)
    target = numbers(expected.shape).astype("float32")
    losses = []
    for m, model in ((netlet, ours), (keras, theirs)):
        model.compile(m.optimizers.SGD(0.1), "mse")
        losses.append(model.fit(WORDS, target, batch_size=4, epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=2e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-6)


def test_what_outputs_carry():
    x = layers.Masking()(np.where(WORDS[..., None] > 0, numbers((4, 6, 2)), 0.0).astype("float32"))
    mask = x._keras_mask.numpy()
    np.testing.assert_array_equal(mask, WORDS > 0)

    def carried(layer):
        found = [t._keras_mask for t in netlet.base.tree.flatten(layer(x))]
        return [None if m is None else np.array_equal(m.numpy(), mask) for m in found]

    assert carried(layers.LSTM(2)) == [None]
    assert carried(layers.LSTM(2, return_sequences=True)) == [True]
    assert carried(layers.LSTM(2, return_sequences=True, return_state=True)) == [True, None, None]
    assert carried(layers.GRU(2, return_state=True)) == [None, None]
    both = layers.Bidirectional(layers.GRU(2, return_sequences=True, return_state=True), merge_mode=None)
    assert carried(both) == [True, True, None, None]
    assert carried(layers.Bidirectional(layers.GRU(2))) == [None]
    assert carried(layers.TimeDistributed(layers.Dense(2))) == [True]


def test_a_mask_of_features():
    """As in Keras, a step is masked only if all its features are."""
    x, mask = numbers((3, 5, 4)).astype("float32"), np.random.default_rng(0).random((3, 5, 4)) > 0.8
    ours, theirs = (m.layers.GRU(3, return_sequences=True) for m in (netlet, keras))
    ours(x), theirs(x)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(x, mask=mask).numpy(), np.asarray(theirs(x, mask=mask)), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(ours(x, mask=mask).numpy(), ours(x, mask=mask.any(-1).astype("int32")).numpy())

"""Keras's tutorial "Character-level recurrent sequence-to-sequence model", run with netlet."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
import netlet as keras

LETTERS = "\t\nabcdef"
START, STOP = 0, 1
LENGTH, UNITS = 4, 48


def texts(count, seed=0):
    """Random words, and the same words reversed between a start and a stop character."""
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("abcdef"), rng.integers(1, LENGTH + 1))) for _ in range(count)]
    return words, [f"\t{word[::-1]}\n" for word in words]


def one_hot(words, length):
    data = np.zeros((len(words), length, len(LETTERS)), "float32")
    for i, word in enumerate(words):
        for t, letter in enumerate(word):
            data[i, t, LETTERS.index(letter)] = 1.0
    return data


def training_model():
    encoder_inputs = keras.Input(shape=(None, len(LETTERS)))
    encoder = keras.layers.LSTM(UNITS, return_state=True)
    _, state_h, state_c = encoder(encoder_inputs)
    decoder_inputs = keras.Input(shape=(None, len(LETTERS)))
    decoder_lstm = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True)
    decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=[state_h, state_c])
    decoder_dense = keras.layers.TimeDistributed(keras.layers.Dense(len(LETTERS), activation="softmax"))
    return keras.Model([encoder_inputs, decoder_inputs], decoder_dense(decoder_outputs))


def inference_models(model):
    """Separate encoder and decoder models made from the trained model's layers, as in the tutorial."""
    encoder_inputs = model.input[0]
    _, state_h_enc, state_c_enc = model.layers[2].output
    encoder_model = keras.Model(encoder_inputs, [state_h_enc, state_c_enc])
    decoder_inputs = model.input[1]
    decoder_states_inputs = [keras.Input(shape=(UNITS,)), keras.Input(shape=(UNITS,))]
    decoder_outputs, state_h_dec, state_c_dec = model.layers[3](decoder_inputs, initial_state=decoder_states_inputs)
    decoder_outputs = model.layers[4](decoder_outputs)
    decoder_model = keras.Model([decoder_inputs, *decoder_states_inputs], [decoder_outputs, state_h_dec, state_c_dec])
    return encoder_model, decoder_model


def decode(encoder_model, decoder_model, sequence):
    states, letter, found = encoder_model.predict(sequence, verbose=0), START, ""
    while len(found) <= LENGTH:
        target = np.zeros((1, 1, len(LETTERS)), "float32")
        target[0, 0, letter] = 1.0
        output, h, c = decoder_model.predict([target, *states], verbose=0)
        letter = int(np.argmax(output[0, -1]))
        if letter == STOP:
            break
        found, states = found + LETTERS[letter], [h, c]
    return found


@pytest.fixture(scope="module")
def trained():
    netlet.utils.set_random_seed(1)
    words, backwards = texts(800)
    encoder, decoder = one_hot(words, LENGTH), one_hot(backwards, LENGTH + 2)
    target = np.concatenate([decoder[:, 1:], np.zeros_like(decoder[:, :1])], axis=1)
    model = training_model()
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit([encoder, decoder], target, batch_size=32, epochs=40, validation_split=0.1, verbose=0)
    return model, history.history


def test_it_learns_to_turn_words_round(trained):
    model, history = trained
    assert history["loss"][-1] < 0.25 * history["loss"][0]
    encoder_model, decoder_model = inference_models(model)
    words, _ = texts(30, seed=1)
    right = [decode(encoder_model, decoder_model, one_hot([word], LENGTH)) == word[::-1] for word in words]
    assert np.mean(right) > 0.8


def test_the_same_after_a_file(trained, tmp_path):
    model, _ = trained
    model.save(tmp_path / "s2s.netlet")
    again = keras.models.load_model(tmp_path / "s2s.netlet")
    words, backwards = texts(5, seed=2)
    given = [one_hot(words, LENGTH), one_hot(backwards, LENGTH + 2)]
    np.testing.assert_array_equal(again.predict(given, verbose=0), model.predict(given, verbose=0))
    for word in words:
        sequence = one_hot([word], LENGTH)
        assert decode(*inference_models(again), sequence) == decode(*inference_models(model), sequence)

"""Keras's "Character-level recurrent sequence-to-sequence model": teacher forcing, saving and decoding.

The two models for decoding are built from layers of the loaded one.
"""

import numpy as np
import pytest

import netlet
from support.both import assert_same_numbers, run_both, start_from_the_same_weights

LATENT_DIM = 32


@pytest.fixture(scope="module")
def data():
    """Short words and their reversals, vectorized as in the script."""
    rng = np.random.default_rng(0)
    input_texts = sorted({"".join(rng.choice(list("abcd"), rng.integers(1, 4))) for _ in range(150)})
    target_texts = ["\t" + text[::-1] + "\n" for text in input_texts]
    input_characters = sorted({c for text in input_texts for c in text} | {" "})
    target_characters = sorted({c for text in target_texts for c in text} | {" "})
    max_encoder = max(len(txt) for txt in input_texts)
    max_decoder = max(len(txt) for txt in target_texts)
    input_token_index = {char: i for i, char in enumerate(input_characters)}
    target_token_index = {char: i for i, char in enumerate(target_characters)}
    encoder_input = np.zeros((len(input_texts), max_encoder, len(input_characters)), dtype="float32")
    decoder_input = np.zeros((len(input_texts), max_decoder, len(target_characters)), dtype="float32")
    decoder_target = np.zeros_like(decoder_input)
    for i, (input_text, target_text) in enumerate(zip(input_texts, target_texts)):
        for t, char in enumerate(input_text):
            encoder_input[i, t, input_token_index[char]] = 1.0
        encoder_input[i, t + 1 :, input_token_index[" "]] = 1.0
        for t, char in enumerate(target_text):
            decoder_input[i, t, target_token_index[char]] = 1.0
            if t > 0:
                decoder_target[i, t - 1, target_token_index[char]] = 1.0
        decoder_input[i, t + 1 :, target_token_index[" "]] = 1.0
        decoder_target[i, t:, target_token_index[" "]] = 1.0
    return input_texts, target_texts, target_token_index, encoder_input, decoder_input, decoder_target


def make_model(keras, num_encoder_tokens, num_decoder_tokens):
    encoder_inputs = keras.Input(shape=(None, num_encoder_tokens))
    encoder = keras.layers.LSTM(LATENT_DIM, return_state=True)
    _encoder_outputs, state_h, state_c = encoder(encoder_inputs)
    encoder_states = [state_h, state_c]
    decoder_inputs = keras.Input(shape=(None, num_decoder_tokens))
    decoder_lstm = keras.layers.LSTM(LATENT_DIM, return_sequences=True, return_state=True)
    decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
    decoder_dense = keras.layers.Dense(num_decoder_tokens, activation="softmax")
    decoder_outputs = decoder_dense(decoder_outputs)
    return keras.Model([encoder_inputs, decoder_inputs], decoder_outputs)


def sampling_models(keras, model):
    encoder_inputs = model.input[0]
    _, state_h_enc, state_c_enc = model.layers[2].output
    encoder_model = keras.Model(encoder_inputs, [state_h_enc, state_c_enc])
    decoder_inputs = model.input[1]
    decoder_states_inputs = [keras.Input(shape=(LATENT_DIM,)), keras.Input(shape=(LATENT_DIM,))]
    decoder_lstm = model.layers[3]
    decoder_outputs, state_h_dec, state_c_dec = decoder_lstm(decoder_inputs, initial_state=decoder_states_inputs)
    decoder_outputs = model.layers[4](decoder_outputs)
    decoder_model = keras.Model([decoder_inputs, *decoder_states_inputs], [decoder_outputs, state_h_dec, state_c_dec])
    return encoder_model, decoder_model


def decode_sequence(encoder_model, decoder_model, input_seq, target_token_index, longest):
    reverse = {i: char for char, i in target_token_index.items()}
    states_value = encoder_model.predict(input_seq, verbose=0)
    target_seq = np.zeros((1, 1, len(target_token_index)))
    target_seq[0, 0, target_token_index["\t"]] = 1.0
    decoded_sentence = ""
    while True:
        output_tokens, h, c = decoder_model.predict([target_seq, *states_value], verbose=0)
        sampled_token_index = np.argmax(output_tokens[0, -1, :])
        decoded_sentence += reverse[sampled_token_index]
        if reverse[sampled_token_index] == "\n" or len(decoded_sentence) > longest:
            return decoded_sentence
        target_seq = np.zeros((1, 1, len(target_token_index)))
        target_seq[0, 0, sampled_token_index] = 1.0
        states_value = [h, c]


def test_the_same_numbers_as_keras(data, tmp_path):
    _, _, index, encoder_input, decoder_input, decoder_target = data

    def script(keras):
        model = make_model(keras, encoder_input.shape[-1], decoder_input.shape[-1])
        start_from_the_same_weights(model)
        model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(
            [encoder_input, decoder_input],
            decoder_target,
            batch_size=16,
            epochs=2,
            validation_split=0.2,
            shuffle=False,
            verbose=0,
        ).history
        # netlet does not write Keras's own format yet.
        path = tmp_path / f"s2s_model.{'netlet' if keras is netlet else 'keras'}"
        model.save(path)
        encoder_model, decoder_model = sampling_models(keras, keras.models.load_model(path))
        decoded = [decode_sequence(encoder_model, decoder_model, encoder_input[i : i + 1], index, 5) for i in range(3)]
        return {**history, "decoded": decoded}

    assert_same_numbers(*run_both(script))


def test_it_learns_to_write_words_backwards(data, tmp_path):
    input_texts, target_texts, index, encoder_input, decoder_input, decoder_target = data
    netlet.utils.set_random_seed(0)
    model = make_model(netlet, encoder_input.shape[-1], decoder_input.shape[-1])
    model.compile(netlet.optimizers.RMSprop(0.005), loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit([encoder_input, decoder_input], decoder_target, batch_size=16, epochs=150, verbose=0)
    model.save(tmp_path / "s2s_model.netlet")
    encoder_model, decoder_model = sampling_models(netlet, netlet.models.load_model(tmp_path / "s2s_model.netlet"))
    right = 0
    for seq_index in range(20):
        input_seq = encoder_input[seq_index : seq_index + 1]
        decoded = decode_sequence(encoder_model, decoder_model, input_seq, index, 5)
        right += decoded == target_texts[seq_index][1:]
    assert right >= 18
    assert len(input_texts) > 60

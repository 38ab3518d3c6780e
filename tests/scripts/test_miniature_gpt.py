"""Keras's "Text generation with a miniature GPT": a Transformer block with a causal mask and a text-writing callback.

Of the model's two outputs, one has no loss.
"""

import numpy as np
import pytest

import netlet
from support.both import assert_same_numbers, run_both, start_from_the_same_weights

MAXLEN, EMBED_DIM, NUM_HEADS, FEED_FORWARD_DIM = 12, 16, 2, 16
TEXTS = ["the cat sat on the mat and the dog lay on the rug", "this movie is good and that movie is not bad at all"]


def make_model(keras, vocab_size, rate=0.1):
    layers, ops = keras.layers, keras.ops

    def causal_attention_mask(batch_size, n_dest, n_src, dtype):
        i = ops.arange(n_dest)[:, None]
        j = ops.arange(n_src)
        m = i >= j - n_src + n_dest
        mask = ops.cast(m, dtype)
        mask = ops.reshape(mask, [1, n_dest, n_src])
        mult = ops.concatenate([ops.expand_dims(batch_size, -1), ops.convert_to_tensor([1, 1])], 0)
        if keras is not netlet:  # Keras on JAX needs plain numbers here and cannot run its own example
            mult = [batch_size, 1, 1]
        return ops.tile(mask, mult)

    class TransformerBlock(layers.Layer):
        def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1):
            super().__init__()
            self.att = layers.MultiHeadAttention(num_heads, embed_dim)
            self.ffn = keras.Sequential([layers.Dense(ff_dim, activation="relu"), layers.Dense(embed_dim)])
            self.layernorm1 = layers.LayerNormalization(epsilon=1e-6)
            self.layernorm2 = layers.LayerNormalization(epsilon=1e-6)
            self.dropout1 = layers.Dropout(rate)
            self.dropout2 = layers.Dropout(rate)

        def call(self, inputs):
            input_shape = ops.shape(inputs)
            batch_size = input_shape[0]
            seq_len = input_shape[1]
            causal_mask = causal_attention_mask(batch_size, seq_len, seq_len, "bool")
            attention_output = self.att(inputs, inputs, attention_mask=causal_mask)
            attention_output = self.dropout1(attention_output)
            out1 = self.layernorm1(inputs + attention_output)
            ffn_output = self.ffn(out1)
            ffn_output = self.dropout2(ffn_output)
            return self.layernorm2(out1 + ffn_output)

    class TokenAndPositionEmbedding(layers.Layer):
        def __init__(self, maxlen, vocab_size, embed_dim):
            super().__init__()
            self.token_emb = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
            self.pos_emb = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

        def call(self, x):
            maxlen = ops.shape(x)[-1]
            positions = ops.arange(0, maxlen, 1)
            positions = self.pos_emb(positions)
            x = self.token_emb(x)
            return x + positions

    inputs = layers.Input(shape=(MAXLEN,), dtype="int32")
    embedding_layer = TokenAndPositionEmbedding(MAXLEN, vocab_size, EMBED_DIM)
    x = embedding_layer(inputs)
    transformer_block = TransformerBlock(EMBED_DIM, NUM_HEADS, FEED_FORWARD_DIM, rate)
    x = transformer_block(x)
    outputs = layers.Dense(vocab_size)(x)
    model = keras.Model(inputs=inputs, outputs=[outputs, x])
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss=[loss_fn, None])
    return model


def make_text_generator(keras, maxlen, max_tokens, start_tokens, index_to_word, top_k=10):
    class TextGenerator(keras.callbacks.Callback):
        def __init__(self, max_tokens, start_tokens, index_to_word, top_k=10, print_every=1):
            super().__init__()
            self.max_tokens = max_tokens
            self.start_tokens = start_tokens
            self.index_to_word = index_to_word
            self.print_every = print_every
            self.k = top_k
            self.rng = np.random.default_rng(0)

        def sample_from(self, logits):
            logits, indices = keras.ops.top_k(logits, k=self.k, sorted=True)
            indices = np.asarray(indices).astype("int32")
            preds = keras.activations.softmax(keras.ops.expand_dims(logits, 0))[0]
            preds = np.asarray(preds).astype("float64")
            return self.rng.choice(indices, p=preds / preds.sum())

        def detokenize(self, number):
            return self.index_to_word[number]

        def on_epoch_end(self, epoch, logs=None):
            start_tokens = list(self.start_tokens)
            if (epoch + 1) % self.print_every != 0:
                return
            num_tokens_generated = 0
            tokens_generated = []
            while num_tokens_generated <= self.max_tokens:
                pad_len = maxlen - len(start_tokens)
                sample_index = len(start_tokens) - 1
                if pad_len < 0:
                    x = start_tokens[:maxlen]
                    sample_index = maxlen - 1
                elif pad_len > 0:
                    x = start_tokens + [0] * pad_len
                else:
                    x = start_tokens
                x = np.array([x])
                y, _ = self.model.predict(x, verbose=0)
                sample_token = self.sample_from(y[0][sample_index])
                tokens_generated.append(sample_token)
                start_tokens.append(sample_token)
                num_tokens_generated = len(tokens_generated)
            txt = " ".join([self.detokenize(_) for _ in self.start_tokens + tokens_generated])
            print(f"generated text:\n{txt}\n")

    return TextGenerator(max_tokens, start_tokens, index_to_word, top_k)


@pytest.fixture(scope="module")
def text():
    vectorize_layer = netlet.layers.TextVectorization(
        standardize="lower", max_tokens=40, output_mode="int", output_sequence_length=MAXLEN + 1
    )
    vectorize_layer.adapt(TEXTS)
    vocab = vectorize_layer.get_vocabulary()
    tokens = np.asarray(vectorize_layer(TEXTS * 32))
    return vocab, tokens[:, :-1], tokens[:, 1:]


def test_the_same_numbers_as_keras(text):
    vocab, x, y = text

    def script(keras):
        model = make_model(keras, len(vocab), rate=0.0)
        start_from_the_same_weights(model)
        batches = [(x[i : i + 16], y[i : i + 16]) for i in range(0, 64, 16)]
        history = model.fit((b for b in batches * 2), epochs=2, steps_per_epoch=4, verbose=0).history
        logits, states = model.predict(x[:2], verbose=0)
        return {"loss": history["loss"], "logits": logits, "states": states}

    assert_same_numbers(*run_both(script), rtol=2e-3, atol=1e-3)


def test_it_writes_what_it_read(text, capsys):
    vocab, x, y = text
    netlet.utils.set_random_seed(0)
    word_to_index = {word: index for index, word in enumerate(vocab)}
    start_tokens = [word_to_index.get(_, 1) for _ in "this movie is".split()]
    text_gen_callback = make_text_generator(netlet, MAXLEN, 5, start_tokens, vocab, top_k=1)
    model = make_model(netlet, len(vocab))
    history = model.fit(x, y, batch_size=16, verbose=0, epochs=20, callbacks=[text_gen_callback]).history
    assert history["loss"][-1] < 0.1 * history["loss"][0]
    written = capsys.readouterr().out
    assert written.count("generated text:") == 20
    assert "this movie is good and that movie is not" in written.split("generated text:")[-1]

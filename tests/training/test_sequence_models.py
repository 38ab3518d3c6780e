"""Typical sequence models trained until they work: addition of numbers as text, and a character-level text model."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers, utils

# ---- addition: "12+7  " -> "19 ", characters in, characters out ------------------------------------------------------
CHARS = "0123456789+ "
DIGITS = 2
QUESTION, ANSWER = 2 * DIGITS + 1, DIGITS + 1


def encode(texts: list[str], length: int) -> np.ndarray:
    return np.array([[CHARS.index(c) for c in t.ljust(length)] for t in texts], "int32")


def sums(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Questions, reversed as in Keras's tutorial (Sutskever et al., 2014), and answers, both as character indices."""
    pairs = np.random.default_rng(seed).integers(0, 10**DIGITS, (n, 2))
    questions = [f"{a}+{b}".ljust(QUESTION)[::-1] for a, b in pairs]
    return encode(questions, QUESTION), encode([str(a + b) for a, b in pairs], ANSWER)


@pytest.mark.slow
def test_addition_by_an_encoder_and_a_decoder():
    """At least 99 % of the characters are correct, on sums that are not in the training data."""
    utils.set_random_seed(0)
    x, y = sums(12000, seed=1)
    seen = {row.tobytes() for row in x}
    x_test, y_test = sums(3000, seed=2)
    new = np.array([row.tobytes() not in seen for row in x_test])
    x_test, y_test = x_test[new], y_test[new]
    assert len(x_test) > 300
    model = netlet.Sequential(
        [
            netlet.Input((QUESTION,), dtype="int32"),
            layers.Embedding(len(CHARS), len(CHARS)),
            layers.LSTM(128),
            layers.RepeatVector(ANSWER),
            layers.LSTM(128, return_sequences=True),
            layers.TimeDistributed(layers.Dense(len(CHARS), activation="softmax")),
        ]
    )
    model.compile(netlet.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=64, epochs=40, verbose=0)
    model.optimizer.learning_rate = 3e-4
    model.fit(x, y, batch_size=64, epochs=10, verbose=0)
    characters = (model.predict(x_test, verbose=0).argmax(-1) == y_test).mean()
    assert characters >= 0.99, characters


# ---- a character model -----------------------------------------------------------------------------------------------
TEXT = "the quick brown fox jumps over the lazy dog. " * 40


def test_text_letter_by_letter():
    """Trained on one sentence, the model reproduces it at temperature 0; higher temperatures give more errors."""
    utils.set_random_seed(1)
    letters = sorted(set(TEXT))
    ids = np.array([letters.index(c) for c in TEXT], "int32")
    length = 20
    windows = utils.timeseries_dataset_from_array(ids[:-1], ids[length:], length, batch_size=64, shuffle=True, seed=1)
    x, y = (np.concatenate(parts) for parts in zip(*windows, strict=True))
    model = netlet.Sequential(
        [
            netlet.Input((length,), dtype="int32"),
            layers.Embedding(len(letters), 16),
            layers.GRU(48),
            layers.Dense(len(letters)),
        ]
    )
    model.compile(
        netlet.optimizers.Adam(1e-2),
        netlet.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(x, y, batch_size=64, epochs=12, verbose=0)
    assert history.history["accuracy"][-1] > 0.99

    def write(temperature: float, count: int = 90) -> str:
        text = list(ids[:length])
        for i in range(count):
            logits = model.predict_on_batch(np.array([text[-length:]], "int32"))
            text.append(int(utils.sample_from_logits(logits, temperature=temperature, seed=i)[0]))
        return "".join(letters[k] for k in text)

    def errors(text: str) -> int:
        return sum(a != b for a, b in zip(text, TEXT, strict=False))

    cold, lukewarm, warm, hot = (write(temperature) for temperature in (0, 0.7, 1.5, 4.0))
    assert errors(cold) == 0
    assert cold == write(0)
    assert set(warm) | set(hot) <= set(letters)
    assert errors(lukewarm) <= errors(hot) and errors(warm) <= errors(hot)
    assert errors(hot) > 20

"""Keras's "Text classification from scratch" on made folders. The standardization is Python's, not tf.strings."""

import re
import string

import numpy as np
import pytest

import netlet as keras
from netlet import layers


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for part, count in (("train", 100), ("test", 30)):
        for name, words in (("neg", "bad dull poor"), ("pos", "good great fine")):
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(count):
                text = [*rng.choice(words.split(), 2), *rng.choice("the a film plot was<br />".split(), 8)]
                (tmp_path / part / name / f"{i}.txt").write_text(" ".join(rng.permutation(text)).upper() + "!")
    return tmp_path


def test_from_folders_to_an_end_to_end_model(folder):
    keras.utils.set_random_seed(1)
    batch_size = 32
    raw_train_ds = keras.utils.text_dataset_from_directory(
        folder / "train", batch_size=batch_size, validation_split=0.2, subset="training", seed=1337
    )
    raw_val_ds = keras.utils.text_dataset_from_directory(
        folder / "train", batch_size=batch_size, validation_split=0.2, subset="validation", seed=1337
    )
    raw_test_ds = keras.utils.text_dataset_from_directory(folder / "test", batch_size=batch_size)
    assert f"{raw_train_ds.cardinality()} {raw_val_ds.cardinality()} {raw_test_ds.cardinality()}" == "5 2 2"
    for text_batch, label_batch in raw_train_ds.take(1):
        for i in range(5):
            assert text_batch.numpy()[i].endswith("!") and label_batch.numpy()[i] in (0, 1)

    def custom_standardization(input_data):
        stripped_html = [re.sub("<br />", " ", text.lower()) for text in input_data]
        return np.array([re.sub(f"[{re.escape(string.punctuation)}]", "", text) for text in stripped_html], object)

    max_features = 100
    embedding_dim = 8
    sequence_length = 16
    vectorize_layer = keras.layers.TextVectorization(
        standardize=custom_standardization,
        max_tokens=max_features,
        output_mode="int",
        output_sequence_length=sequence_length,
    )
    text_ds = raw_train_ds.map(lambda x, y: x)
    vectorize_layer.adapt(text_ds)

    def vectorize_text(text, label):
        text = np.expand_dims(text, -1)
        return vectorize_layer(text), label

    train_ds = raw_train_ds.map(vectorize_text)
    val_ds = raw_val_ds.map(vectorize_text)
    test_ds = raw_test_ds.map(vectorize_text)
    train_ds = train_ds.cache().prefetch(buffer_size=10)
    val_ds = val_ds.cache().prefetch(buffer_size=10)
    test_ds = test_ds.cache().prefetch(buffer_size=10)

    inputs = keras.Input(shape=(None,), dtype="int64")
    x = layers.Embedding(max_features, embedding_dim)(inputs)
    x = layers.Dropout(0.5)(x)
    x = layers.Conv1D(16, 3, padding="valid", activation="relu", strides=1)(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(16, activation="relu")(x)
    predictions = layers.Dense(1, activation="sigmoid", name="predictions")(x)
    model = keras.Model(inputs, predictions)
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(0.02), metrics=["accuracy"])
    model.fit(train_ds, validation_data=val_ds, epochs=6, verbose=0)
    assert model.evaluate(test_ds, verbose=0)[1] > 0.9

    inputs = keras.Input(shape=(1,), dtype="string")
    indices = vectorize_layer(inputs)
    outputs = model(indices)
    end_to_end_model = keras.Model(inputs, outputs)
    end_to_end_model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    assert end_to_end_model.evaluate(raw_test_ds, verbose=0)[1] > 0.9

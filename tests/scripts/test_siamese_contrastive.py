"""Keras's "Siamese Network with a contrastive loss": two towers that share a network, a Lambda layer, a margin loss."""

import random

import numpy as np
import pytest

import netlet
from support.both import assert_same_numbers, run_both, start_from_the_same_weights
from support.small_data import digits

MARGIN = 1


def make_pairs(x, y, rng):
    num_classes = max(y) + 1
    digit_indices = [np.where(y == i)[0] for i in range(num_classes)]
    pairs, labels = [], []
    for idx1 in range(len(x)):
        x1 = x[idx1]
        label1 = y[idx1]
        x2 = x[rng.choice(digit_indices[label1])]
        pairs += [[x1, x2]]
        labels += [0]
        label2 = rng.randint(0, num_classes - 1)
        while label2 == label1:
            label2 = rng.randint(0, num_classes - 1)
        x2 = x[rng.choice(digit_indices[label2])]
        pairs += [[x1, x2]]
        labels += [1]
    return np.array(pairs), np.array(labels).astype("float32")


@pytest.fixture(scope="module")
def pairs():
    x, y = digits(900)
    x = x[..., 0]
    rng = random.Random(0)
    return make_pairs(x[:600], y[:600], rng), make_pairs(x[600:], y[600:], rng)


def make_siamese(keras):
    layers, ops = keras.layers, keras.ops

    def euclidean_distance(vects):
        x, y = vects
        sum_square = ops.sum(ops.square(x - y), axis=1, keepdims=True)
        return ops.sqrt(ops.maximum(sum_square, keras.backend.epsilon()))

    def loss(margin=1):
        def contrastive_loss(y_true, y_pred):
            square_pred = ops.square(y_pred)
            margin_square = ops.square(ops.maximum(margin - (y_pred), 0))
            return ops.mean((1 - y_true) * square_pred + (y_true) * margin_square)

        return contrastive_loss

    input = keras.layers.Input((8, 8, 1))
    x = layers.BatchNormalization()(input)
    x = layers.Conv2D(4, (3, 3), activation="tanh")(x)
    x = layers.AveragePooling2D(pool_size=(2, 2))(x)
    x = layers.Conv2D(16, (2, 2), activation="tanh")(x)
    x = layers.Flatten()(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dense(10, activation="tanh")(x)
    embedding_network = keras.Model(input, x)

    input_1 = layers.Input((8, 8, 1))
    input_2 = layers.Input((8, 8, 1))
    tower_1 = embedding_network(input_1)
    tower_2 = embedding_network(input_2)
    merge_layer = layers.Lambda(euclidean_distance, output_shape=(1,))([tower_1, tower_2])
    normal_layer = layers.BatchNormalization()(merge_layer)
    output_layer = layers.Dense(1, activation="sigmoid")(normal_layer)
    siamese = keras.Model(inputs=[input_1, input_2], outputs=output_layer)
    siamese.compile(loss=loss(margin=MARGIN), optimizer="RMSprop", metrics=["accuracy"])
    return siamese


def test_the_same_numbers_as_keras(pairs):
    (pairs_train, labels_train), (pairs_val, labels_val) = pairs

    def script(keras):
        siamese = make_siamese(keras)
        start_from_the_same_weights(siamese)
        history = siamese.fit(
            [pairs_train[:320, 0], pairs_train[:320, 1]],
            labels_train[:320],
            validation_data=([pairs_val[:160, 0], pairs_val[:160, 1]], labels_val[:160]),
            batch_size=32,
            epochs=1,
            shuffle=False,
            verbose=0,
        )
        predictions = siamese.predict([pairs_val[:8, 0], pairs_val[:8, 1]], verbose=0)
        return {**history.history, "predictions": predictions}

    ours, theirs = run_both(script)
    for name in ("accuracy", "val_accuracy"):  # rounding may decide pairs near 0.5
        assert ours.pop(name) == pytest.approx(theirs.pop(name), abs=0.02)
    assert_same_numbers(ours, theirs, rtol=5e-3, atol=1e-3)


def test_it_learns_which_digits_are_alike(pairs):
    (pairs_train, labels_train), (pairs_val, labels_val) = pairs
    netlet.utils.set_random_seed(0)
    siamese = make_siamese(netlet)
    history = siamese.fit(
        [pairs_train[:, 0], pairs_train[:, 1]],
        labels_train,
        validation_data=([pairs_val[:, 0], pairs_val[:, 1]], labels_val),
        batch_size=16,
        epochs=15,
        verbose=0,
    ).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert history["val_accuracy"][-1] > 0.85
    results = siamese.evaluate([pairs_val[:, 0], pairs_val[:, 1]], labels_val, verbose=0)
    assert results == [pytest.approx(history["val_loss"][-1]), pytest.approx(history["val_accuracy"][-1])]

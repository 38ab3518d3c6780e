"""Keras's "Siamese Network with a triplet loss": three inputs, custom train and test steps, a frozen base.

A layer returns two distances.
"""

import numpy as np
import pytest

import netlet as keras
from netlet import Model, layers, metrics, ops, optimizers
from support.small_data import Batched, digits

TARGET_SHAPE = (8, 8)


class DistanceLayer(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def call(self, anchor, positive, negative):
        ap_distance = ops.sum(ops.square(anchor - positive), -1)
        an_distance = ops.sum(ops.square(anchor - negative), -1)
        return (ap_distance, an_distance)


class SiameseModel(Model):
    def __init__(self, siamese_network, margin=0.5):
        super().__init__()
        self.siamese_network = siamese_network
        self.margin = margin
        self.loss_tracker = metrics.Mean(name="loss")

    def call(self, inputs):
        return self.siamese_network(inputs)

    def train_step(self, data):
        with keras.GradientTape() as tape:
            loss = self._compute_loss(data)
        gradients = tape.gradient(loss, self.siamese_network.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.siamese_network.trainable_weights))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def test_step(self, data):
        loss = self._compute_loss(data)
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def _compute_loss(self, data):
        ap_distance, an_distance = self.siamese_network(data)
        loss = ap_distance - an_distance
        return ops.maximum(loss + self.margin, 0.0)

    @property
    def metrics(self):
        return [self.loss_tracker]


def preprocess_input(x):
    return x * 2.0 - 1.0


def make():
    keras.utils.set_random_seed(0)
    base_input = keras.Input((*TARGET_SHAPE, 1))
    x = layers.Conv2D(8, 3, activation="relu", name="conv_1")(base_input)
    x = layers.Conv2D(16, 3, activation="relu", name="conv_2")(x)
    base_cnn = Model(base_input, x)
    flatten = layers.Flatten()(base_cnn.output)
    dense1 = layers.Dense(32, activation="relu")(flatten)
    dense1 = layers.BatchNormalization()(dense1)
    output = layers.Dense(16)(dense1)
    embedding = Model(base_cnn.input, output, name="Embedding")
    trainable = False
    for layer in base_cnn.layers:
        if layer.name == "conv_2":
            trainable = True
        layer.trainable = trainable

    anchor_input = layers.Input(name="anchor", shape=(*TARGET_SHAPE, 1))
    positive_input = layers.Input(name="positive", shape=(*TARGET_SHAPE, 1))
    negative_input = layers.Input(name="negative", shape=(*TARGET_SHAPE, 1))
    distances = DistanceLayer()(
        embedding(preprocess_input(anchor_input)),
        embedding(preprocess_input(positive_input)),
        embedding(preprocess_input(negative_input)),
    )
    siamese_network = Model(inputs=[anchor_input, positive_input, negative_input], outputs=distances)
    return base_cnn, embedding, siamese_network


@pytest.fixture(scope="module")
def triplets():
    x, y = digits(700)
    rng = np.random.default_rng(0)
    positive = np.array([rng.choice(np.flatnonzero(y == label)) for label in y])
    negative = np.array([rng.choice(np.flatnonzero(y != label)) for label in y])
    return x, x[positive], x[negative]


def test_triplets(triplets):
    base_cnn, embedding, siamese_network = make()
    frozen = base_cnn.get_layer("conv_1").get_weights()
    train_dataset = Batched(tuple(a[:500] for a in triplets), 32)
    val_dataset = Batched(tuple(a[500:] for a in triplets), 32, shuffle=False)
    siamese_model = SiameseModel(siamese_network)
    siamese_model.compile(optimizer=optimizers.Adam(0.003))
    history = siamese_model.fit(train_dataset, epochs=4, validation_data=val_dataset, verbose=0).history
    assert set(history) == {"loss", "val_loss"}
    assert history["loss"][-1] < 0.3 * history["loss"][0]
    for was, now in zip(frozen, base_cnn.get_layer("conv_1").get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)

    # The logged value is the mean over all rows of max(|a - p|² - |a - n|² + margin, 0).
    a, p, n = (embedding.predict(preprocess_input(part[500:]), verbose=0) for part in triplets)
    expected = np.maximum(((a - p) ** 2).sum(-1) - ((a - n) ** 2).sum(-1) + 0.5, 0).mean()
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-4)
    assert siamese_model.evaluate(val_dataset, verbose=0) == pytest.approx(expected, rel=1e-4)

    anchor, positive, negative = next(iter(val_dataset))
    anchor_embedding, positive_embedding, negative_embedding = (
        embedding(preprocess_input(anchor)),
        embedding(preprocess_input(positive)),
        embedding(preprocess_input(negative)),
    )
    # Keras's script uses keras.metrics.CosineSimilarity. The loss function of that name is the negated similarity.
    positive_similarity = -ops.mean(keras.losses.cosine_similarity(anchor_embedding, positive_embedding))
    negative_similarity = -ops.mean(keras.losses.cosine_similarity(anchor_embedding, negative_embedding))
    assert positive_similarity.numpy() > negative_similarity.numpy() + 0.2


def test_an_array_for_each_input(triplets):
    """A tuple of arrays as x is one batch structure: train_step receives it as a tuple."""
    siamese_model = SiameseModel(make()[2])
    siamese_model.compile(optimizer=optimizers.Adam(0.003))
    losses = siamese_model.fit(list(triplets), batch_size=50, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]

"""Every kind of layer gives the same bits with 1, 2, 3 and 8 threads: SHA-256 of the weights after some steps."""

import hashlib

import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops

ROWS, CLASSES = 96, 5


def images():
    return np.random.default_rng(0).random((ROWS, 24, 24, 3), np.float32)


def sequences():
    return np.random.default_rng(0).standard_normal((ROWS, 20, 24)).astype(np.float32)


def tokens():
    x = np.random.default_rng(0).integers(1, 400, (ROWS, 24))
    x[np.arange(24) >= np.random.default_rng(1).integers(4, 24, (ROWS, 1))] = 0
    return x


def convolutional():
    inputs = netlet.Input((24, 24, 3))
    x = layers.Conv2D(24, 3, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Add()([x, layers.SeparableConv2D(24, 3, padding="same", activation="gelu")(x)])
    x = layers.SpatialDropout2D(0.2)(x)
    x = layers.Conv2D(32, 3, strides=2, activation="relu")(x)
    x = layers.Conv2DTranspose(16, 3, strides=2)(x)
    x = layers.AveragePooling2D(2)(layers.GroupNormalization(4)(x))
    return inputs, layers.Flatten()(x)


def recurrent():
    inputs = netlet.Input((20, 24))
    x = layers.Bidirectional(layers.LSTM(40, return_sequences=True, dropout=0.1, recurrent_dropout=0.1))(inputs)
    x = layers.GRU(48, return_sequences=True)(x)
    x = layers.LayerNormalization()(x)
    x = layers.Conv1D(32, 5, padding="causal", activation="tanh")(x)
    return inputs, layers.SimpleRNN(32)(x)


def embedded():
    inputs = netlet.Input((24,), dtype="int32")
    x = layers.Embedding(400, 64, mask_zero=True)(inputs)
    x = layers.Dropout(0.1)(layers.LSTM(48)(x))
    return inputs, layers.Concatenate()([x, layers.GlobalAveragePooling1D()(layers.Embedding(400, 16)(inputs))])


def augmented():
    inputs = netlet.Input((24, 24, 3))
    x = layers.RandomFlip("horizontal")(inputs)
    x = layers.RandomRotation(0.1)(x)
    x = layers.RandomZoom(0.2)(x)
    x = layers.RandomTranslation(0.1, 0.1)(x)
    x = layers.RandomContrast(0.3)(x)
    x = layers.RandomBrightness(0.2, value_range=(0, 1))(x)
    x = layers.RandomCrop(20, 20)(x)
    x = layers.GaussianNoise(0.05)(x)
    return inputs, layers.Flatten()(layers.Conv2D(8, 5, strides=3, activation="relu")(x))


def attentive():
    inputs = netlet.Input((24,), dtype="int32")
    x = layers.Embedding(400, 48)(inputs)
    for _ in range(2):
        a = layers.MultiHeadAttention(4, 12, dropout=0.1)(x, x, use_causal_mask=True)
        x = layers.LayerNormalization()(x + a)
        h = layers.Dense(48)(layers.Dense(128, "gelu")(x))
        x = layers.RMSNormalization()(x + layers.Dropout(0.1)(h))
    return inputs, ops.max(x, axis=1)


NETWORKS = {
    convolutional: (images, "adam"),
    recurrent: (sequences, "rmsprop"),
    embedded: (tokens, "adam"),
    augmented: (images, "sgd"),
    attentive: (tokens, "adamw"),
}


def trained(network):
    netlet.utils.set_random_seed(11)
    data, optimizer = NETWORKS[network]
    x, y = data(), np.random.default_rng(2).integers(0, CLASSES, ROWS)
    inputs, features = network()
    model = netlet.Model(inputs, layers.Dense(CLASSES)(features))
    model.compile(
        netlet.optimizers.get({"class_name": optimizer, "config": {"learning_rate": 1e-3, "clipnorm": 1.0}}),
        netlet.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(x, y, batch_size=40, epochs=2, verbose=0).history
    digest = hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights()))
    digest.update(model.predict(x, batch_size=50, verbose=0).tobytes())
    return digest.hexdigest(), history


@pytest.fixture(scope="module")
def reference():
    """The digest of each network's weights after training with one thread."""
    before = _core.get_num_threads()
    _core.set_num_threads(1)
    results = {network: trained(network) for network in NETWORKS}
    _core.set_num_threads(before)
    return results


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_any_number_of_threads_gives_the_same_bits(network, threads, reference):
    assert trained(network) == reference[network]
    assert threads == 1 or _core.workers_started() >= threads - 1


def test_the_networks_differ(reference):
    """All digests differ, so none is that of untrained or shared weights."""
    assert len({digest for digest, _ in reference.values()}) == len(NETWORKS)
    for _, history in reference.values():
        assert history["loss"][0] != history["loss"][1]

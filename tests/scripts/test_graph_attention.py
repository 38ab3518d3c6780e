"""Keras's "Graph attention network for node classification": segment sums over edges."""

import numpy as np

import netlet as keras
from netlet import layers, ops

RNG = np.random.default_rng(0)
NODES = RNG.random((20, 5)).astype("float32")
EDGES = RNG.integers(0, 20, (50, 2)).astype("int32")


class GraphAttention(layers.Layer):
    def __init__(self, units, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        features = input_shape[0][-1]
        self.kernel = self.add_weight(shape=(features, self.units), initializer=self.kernel_initializer)
        self.score = self.add_weight(shape=(2 * self.units, 1), initializer=self.kernel_initializer)

    def call(self, inputs):
        nodes, edges = inputs
        z = ops.matmul(nodes, self.kernel)
        to, source = edges[:, 0], edges[:, 1]
        both = ops.concatenate([ops.take(z, to, axis=0), ops.take(z, source, axis=0)], axis=-1)
        score = ops.squeeze(ops.leaky_relu(ops.matmul(both, self.score)), -1)
        score = ops.exp(ops.clip(score, -2, 2))
        count = ops.shape(nodes)[0]
        total = ops.take(ops.segment_sum(score, to, num_segments=count), to, axis=0)
        weighted = ops.take(z, source, axis=0) * ops.expand_dims(score / (total + 1e-8), -1)
        return ops.segment_sum(weighted, to, num_segments=count)


class Network(keras.Model):
    def __init__(self, nodes, edges):
        super().__init__()
        self.nodes, self.edges = nodes, edges
        self.pre = layers.Dense(6, activation="relu")
        self.heads = [GraphAttention(3) for _ in range(2)]
        self.head = layers.Dense(3)

    def call(self, indices):
        x = self.pre(self.nodes)
        x = ops.relu(ops.concatenate([head([x, self.edges]) for head in self.heads], axis=-1)) + x
        return ops.take(self.head(x), indices, axis=0)


def test_the_layer_against_numpy():
    layer = GraphAttention(3)
    y = layer([NODES, EDGES]).numpy()
    kernel, score = (w.astype("float64") for w in layer.get_weights())
    z = NODES @ kernel
    expected = np.zeros((20, 3))
    for to in range(20):
        sources = EDGES[EDGES[:, 0] == to, 1]
        raw = np.concatenate([np.broadcast_to(z[to], (len(sources), 3)), z[sources]], axis=1) @ score
        weights = np.exp(np.clip(np.where(raw > 0, raw, 0.2 * raw), -2, 2))
        expected[to] = (weights * z[sources]).sum(0) / (weights.sum() + 1e-8)
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-6)


def test_graph_attention_network_trains():
    keras.utils.set_random_seed(0)
    model = Network(ops.convert_to_tensor(NODES), ops.convert_to_tensor(EDGES))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=50, restore_best_weights=True)
    indices, labels = np.arange(20), np.arange(20) % 3
    history = model.fit(
        indices, labels, validation_split=0.1, batch_size=6, epochs=10, callbacks=[stop], verbose=0
    ).history
    assert history["loss"][-1] < history["loss"][0]
    probabilities = ops.convert_to_numpy(ops.softmax(model.predict(indices, verbose=0)))
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-5)

"""The ideas of Keras's guide "Understanding masking & padding"."""

from __future__ import annotations

import numpy as np

from support.both import start_from_the_same_weights

RAW = [[711, 632, 71], [73, 8, 3215, 55, 927], [83, 91, 1, 645, 1253, 927]]


def padded(keras):
    """Sequences of different lengths become one array; Embedding and Masking make the mask."""
    ids = keras.utils.pad_sequences(RAW, padding="post")
    embedding = keras.layers.Embedding(input_dim=5000, output_dim=4, mask_zero=True)
    vectors = embedding(ids)
    masking = keras.layers.Masking()(np.repeat(ids[..., None], 2, axis=-1).astype("float32"))
    return {
        "ids": ids,
        "mask": np.asarray(vectors._keras_mask).astype(int),
        "masking": np.asarray(masking._keras_mask).astype(int),
        "computed": np.asarray(embedding.compute_mask(ids)).astype(int),
    }


def carried(keras):
    """Masks flow through stacks, graphs and subclasses; padding makes no difference to the result."""
    layers = keras.layers
    stack = keras.Sequential([layers.Embedding(30, 4, mask_zero=True), layers.LSTM(5)])
    inputs = keras.Input(shape=(None,), dtype="int32")
    graph = keras.Model(inputs, layers.LSTM(5)(layers.Embedding(30, 4, mask_zero=True)(inputs)))

    class Own(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.embedding, self.lstm = layers.Embedding(30, 4, mask_zero=True), layers.LSTM(5)

        def call(self, inputs):
            x = self.embedding(inputs)
            return self.lstm(x, mask=self.embedding.compute_mask(inputs))

    own = Own()
    short = np.array([[3, 4, 5], [6, 7, 0]])
    long = np.pad(short, ((0, 0), (0, 3)))
    results = {}
    for name, model in (("stack", stack), ("graph", graph), ("own", own)):
        model(short)
        start_from_the_same_weights(model)
        results[name] = np.asarray(model(short))
        results[f"{name} difference"] = np.abs(np.asarray(model(long)) - results[name]).max()
    return results


def own_layers(keras):
    """Layers that change a mask, that make one, that pass one on, and that read one."""
    layers, ops = keras.layers, keras.ops

    class Split(layers.Layer):
        def call(self, inputs):
            return ops.split(inputs, 2, axis=1)

        def compute_mask(self, inputs, mask=None):
            return None if mask is None else ops.split(mask, 2, axis=1)

    class Counting(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.table = layers.Embedding(10, 3)

        def call(self, inputs):
            return self.table(inputs)

        def compute_mask(self, inputs, mask=None):
            return ops.not_equal(inputs, 0)

    class Relu(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True

        def call(self, inputs):
            return ops.relu(inputs)

    class Softmax(layers.Layer):
        def call(self, inputs, mask=None):
            weights = ops.expand_dims(ops.cast(mask, "float32"), -1)
            exponentials = ops.exp(inputs) * weights
            return exponentials / ops.sum(exponentials, axis=1, keepdims=True)

    ids = np.array([[1, 2, 0, 0], [3, 4, 5, 0]])
    made = Counting()(ids)
    first, second = Split()(layers.Embedding(10, 3, mask_zero=True)(ids))
    inputs = keras.Input((4,), dtype="int32")
    graph = keras.Model(inputs, Softmax()(layers.Dense(1)(Relu()(layers.Embedding(10, 3, mask_zero=True)(inputs)))))
    start_from_the_same_weights(graph)
    return {
        "made": np.asarray(made._keras_mask).astype(int),
        "first": np.asarray(first._keras_mask).astype(int),
        "second": np.asarray(second._keras_mask).astype(int),
        "softmax": graph(ids),
    }


def in_the_loss(keras):
    """A mask that reaches the output leaves the padding out of the loss."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((5,)), layers.Embedding(9, 3, mask_zero=True), layers.Dense(1)])
    start_from_the_same_weights(model)
    model.compile("sgd", "mse")
    x = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 0], [8, 0, 0, 0, 0]])
    y = np.where(x > 0, x / 9, 1e3)[..., None].astype("float32")
    return {**model.fit(x, y, epochs=2, verbose=0).history, "scores": [model.evaluate(x, y, verbose=0)]}


SCRIPTS = [padded, carried, own_layers, in_the_loss]

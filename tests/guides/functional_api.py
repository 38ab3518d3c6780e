"""The ideas of Keras's guide "The Functional API", with netlet and with Keras from the same weights."""

from __future__ import annotations

import numpy as np

from support.both import start_from_the_same_weights


def classifier(keras):
    """A graph of layers is a model: trained, evaluated, and cut open at any layer."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 12)).astype("float32"), rng.integers(0, 3, 60)
    inputs = keras.Input(shape=(12,))
    h = keras.layers.Dense(8, activation="relu", name="first")(inputs)
    h = keras.layers.Dense(8, activation="relu")(h)
    outputs = keras.layers.Dense(3)(h)
    model = keras.Model(inputs=inputs, outputs=outputs, name="classifier")
    start_from_the_same_weights(model)
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.RMSprop(),
        metrics=["accuracy"],
    )
    history = model.fit(x, y, batch_size=20, epochs=2, validation_split=0.2, shuffle=False, verbose=0)
    inner = keras.Model(inputs, [layer.output for layer in model.layers[1:]])
    scores = model.evaluate(x, y, verbose=0)
    features = inner.predict(x[:3], verbose=0)
    names = [layer.name.rstrip("_0123456789") for layer in model.layers]
    return {**history.history, "scores": scores, "names": names, **{f"f{i}": f for i, f in enumerate(features)}}


def nested(keras):
    """Models are layers: an autoencoder of an encoder and a decoder, and the mean of an ensemble."""
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    h = layers.Conv2D(4, 3, activation="relu")(image)
    code = layers.GlobalMaxPooling2D()(layers.MaxPooling2D(3)(h))
    encoder = keras.Model(image, code, name="encoder")
    vector = keras.Input((4,))
    h = layers.Reshape((2, 2, 1))(vector)
    h = layers.Conv2DTranspose(3, 3, activation="relu")(h)
    decoder = keras.Model(vector, layers.Conv2DTranspose(1, 5)(h), name="decoder")
    whole = keras.Model(image, decoder(encoder(image)))
    start_from_the_same_weights(whole)
    x = np.random.default_rng(1).random((3, 8, 8, 1)).astype("float32")

    def member():
        inputs = keras.Input((4,))
        return keras.Model(inputs, layers.Dense(1)(inputs))

    members = [member() for _ in range(3)]
    for seed, m in enumerate(members):
        start_from_the_same_weights(m, seed)
    inputs = keras.Input((4,))
    ensemble = keras.Model(inputs, layers.average([m(inputs) for m in members]))
    codes = encoder.predict(x, verbose=0)
    return {
        "images": whole.predict(x, verbose=0),
        "codes": codes,
        "votes": ensemble(codes),
        "counts": [whole.count_params(), len(ensemble.trainable_weights), len(whole.layers)],
    }


def tickets(keras):
    """Several inputs and outputs, with losses and targets by name."""
    layers = keras.layers
    title = keras.Input(shape=(None,), name="title")
    body = keras.Input(shape=(None,), name="body")
    tags = keras.Input(shape=(3,), name="tags")
    titles = layers.LSTM(4)(layers.Embedding(20, 5)(title))
    bodies = layers.LSTM(3)(layers.Embedding(20, 5)(body))
    both = layers.concatenate([titles, bodies, tags])
    priority = layers.Dense(1, name="priority")(both)
    department = layers.Dense(2, name="department")(both)
    model = keras.Model([title, body, tags], {"priority": priority, "department": department})
    start_from_the_same_weights(model)
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-2),
        loss={
            "priority": keras.losses.BinaryCrossentropy(from_logits=True),
            "department": keras.losses.CategoricalCrossentropy(from_logits=True),
        },
        loss_weights={"priority": 1.0, "department": 0.2},
    )
    rng = np.random.default_rng(2)
    data = {
        "title": rng.integers(0, 20, (24, 4)),
        "body": rng.integers(0, 20, (24, 6)),
        "tags": rng.integers(0, 2, (24, 3)).astype("float32"),
    }
    targets = {
        "priority": rng.random((24, 1)).astype("float32"),
        "department": np.eye(2, dtype="float32")[rng.integers(0, 2, 24)],
    }
    history = model.fit(data, targets, epochs=2, batch_size=8, shuffle=False, verbose=0).history
    out = model.predict(data, verbose=0)
    return {**history, **out}


def residual(keras):
    """Graphs that are no chains, and a layer that is called twice."""
    layers = keras.layers
    inputs = keras.Input((8, 8, 3))
    first = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    block = first
    for _ in range(2):
        h = layers.Conv2D(4, 3, activation="relu", padding="same")(block)
        block = layers.add([layers.Conv2D(4, 3, padding="same")(h), block])
    shared = layers.Dense(5, activation="tanh")
    pooled = layers.GlobalAveragePooling2D()(block)
    again = layers.GlobalAveragePooling2D()(first)
    model = keras.Model(inputs, shared(pooled) - 2 * shared(again))
    start_from_the_same_weights(model)
    x = np.random.default_rng(3).random((4, 8, 8, 3)).astype("float32")
    config = model.get_config()
    copy = keras.Model.from_config(config)
    copy.set_weights(model.get_weights())
    return {"y": model(x), "copy": copy(x), "layers": [len(model.layers), len(copy.layers), len(model.weights)]}


def own_layer(keras):
    """Own layers in graphs, rebuilt from a config with custom_objects; and a graph inside a subclass."""

    class Scaled(keras.layers.Layer):
        def __init__(self, units=4, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True)
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

        def call(self, inputs):
            return keras.ops.matmul(inputs, self.w) + self.b

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    inputs = keras.Input((4,))
    model = keras.Model(inputs, Scaled(3)(inputs))
    start_from_the_same_weights(model)
    again = keras.Model.from_config(model.get_config(), custom_objects={"Scaled": Scaled})
    again.set_weights(model.get_weights())

    class Outer(keras.Model):
        def __init__(self):
            super().__init__()
            self.inside = again
            self.head = keras.layers.Dense(1, kernel_initializer="ones")

        def call(self, x):
            return self.head(self.inside(x))

    x = np.arange(8.0, dtype="float32").reshape(2, 4) / 8
    return {"y": again(x), "outer": Outer()(x), "units": [again.layers[1].units]}


SCRIPTS = [classifier, nested, tickets, residual, own_layer]

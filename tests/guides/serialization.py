"""The ideas of Keras's guides "Save, serialize, and export models" and "Customizing saving and serialization"."""

from __future__ import annotations

import json
import os
import tempfile

import numpy as np

from support.both import start_from_the_same_weights

X = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(16, 1)).astype("float32")


def compiled(keras):
    inputs = keras.Input(shape=(6,))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dense(4, activation="relu")(inputs)))
    start_from_the_same_weights(model)
    model.compile(optimizer=keras.optimizers.Adam(), loss="mean_squared_error")
    return model


def saved_and_trained_on(keras):
    """A file holds the graph, the weights, and the optimizer with its state: training goes on after loading."""
    model = compiled(keras)
    model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        model.save(path)
        again = keras.models.load_model(path)
    first = model.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history["loss"]
    second = again.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history["loss"]
    return {"first": first, "second": second, "difference": np.abs(model(X) - np.asarray(again(X))).max()}


def own_classes(keras):
    """Registered classes need nothing else; others are given as custom objects; configs may hold layers."""

    @keras.saving.register_keras_serializable(package=f"guide_{keras.__name__}")
    class Scaled(keras.layers.Layer):
        def __init__(self, sublayer, factor=2.0, **kwargs):
            super().__init__(**kwargs)
            self.sublayer, self.factor = sublayer, factor

        def call(self, x):
            return self.factor * self.sublayer(x)

        def get_config(self):
            inner = keras.saving.serialize_keras_object(self.sublayer)
            return {**super().get_config(), "sublayer": inner, "factor": self.factor}

        @classmethod
        def from_config(cls, config):
            sublayer = keras.saving.deserialize_keras_object(config.pop("sublayer"))
            return cls(sublayer, **config)

    @keras.saving.register_keras_serializable(package=f"guide_{keras.__name__}", name="shifted")
    def shifted(x):
        return keras.ops.relu(x) - 0.5

    class Unknown(keras.layers.Layer):
        def call(self, x):
            return x + 1.0

    model = keras.Sequential([keras.Input((6,)), Scaled(keras.layers.Dense(3, activation=shifted)), Unknown()])
    start_from_the_same_weights(model)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        model.save(path)
        one = keras.models.load_model(path, custom_objects={"Unknown": Unknown})
        with keras.saving.custom_object_scope({"Unknown": Unknown}):
            two = keras.models.load_model(path)
    config = model.layers[0].get_config()
    copy = Scaled.from_config(config)
    return {"y": model(X), "one": one(X), "two": two(X), "factor": [copy.factor], "units": [copy.sublayer.units]}


def architectures(keras):
    """Without weights: configs, JSON and clones."""
    model = compiled(keras)
    copies = [
        keras.Model.from_config(model.get_config()),
        keras.models.model_from_json(model.to_json()),
        keras.models.clone_model(model),
    ]
    fresh = [bool(np.allclose(c.get_weights()[0], model.get_weights()[0])) for c in copies]
    for copy in copies:
        copy.set_weights(model.get_weights())
    results = {f"copy {i}": copy(X[:2]) for i, copy in enumerate(copies)}
    return {**results, "fresh": fresh, "name": json.loads(model.to_json())["class_name"]}


def weights_alone(keras):
    """Weights move between models in memory and through files, also from a part of another model."""
    model = compiled(keras)
    other = compiled(keras)
    other.set_weights([w * 0 for w in other.get_weights()])
    zero = float(np.abs(np.asarray(other(X))).max())
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.weights.h5")
        model.save_weights(path)
        other.load_weights(path)
    body = keras.Model(model.inputs, model.layers[1].output)
    taller = keras.Sequential([keras.Input((6,)), *[keras.layers.Dense(4, activation="relu")], keras.layers.Dense(5)])
    taller.layers[0].set_weights(body.layers[1].get_weights())
    return {"zero": [zero], "loaded": other(X), "body": body(X), "taller": taller.layers[0](X)}


def own_variables(keras):
    """A layer may say how its variables are stored and what a build needs."""

    @keras.saving.register_keras_serializable(package=f"own_{keras.__name__}")
    class Halves(keras.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
            self.built = True

        def call(self, x):
            return keras.ops.matmul(x, self.kernel)

        def save_own_variables(self, store):
            store["half"] = np.asarray(self.kernel) / 2

        def load_own_variables(self, store):
            self.kernel.assign(2 * np.asarray(store["half"]))

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    model = keras.Sequential([keras.Input((6,)), Halves(3)])
    start_from_the_same_weights(model)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        model.save(path)
        again = keras.models.load_model(path)
    return {"y": model(X), "again": again(X)}


SCRIPTS = [saved_and_trained_on, own_classes, architectures, weights_alone, own_variables]

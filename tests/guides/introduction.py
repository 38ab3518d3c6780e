"""The ideas of Keras's guide "Introduction to Keras for engineers"."""

from __future__ import annotations

import numpy as np

from support.both import start_from_the_same_weights

X = np.random.default_rng(0).random((40, 12, 12, 1)).astype("float32")
Y = np.random.default_rng(1).integers(0, 10, 40)


def convolutional(keras):
    """A small convolutional classifier: compile, fit with a split and a callback, evaluate, predict."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(shape=(12, 12, 1)),
            layers.Conv2D(4, kernel_size=(3, 3), activation="relu"),
            layers.Conv2D(4, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(6, kernel_size=(3, 3), activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.0),
            layers.Dense(10, activation="softmax"),
        ]
    )
    start_from_the_same_weights(model)
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(),
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
    )
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=2)
    history = model.fit(
        X, Y, batch_size=10, epochs=2, validation_split=0.25, callbacks=[stop], shuffle=False, verbose=0
    ).history
    return {**history, "score": model.evaluate(X, Y, verbose=0), "y": model.predict(X[:2], verbose=0)}


def own_layer_and_model(keras):
    """A dense layer and a model of it, written with ops."""
    ops = keras.ops

    class MyDense(keras.layers.Layer):
        def __init__(self, units, activation=None, name=None):
            super().__init__(name=name)
            self.units, self.activation = units, keras.activations.get(activation)

        def build(self, input_shape):
            self.w = self.add_weight(
                shape=(input_shape[-1], self.units),
                initializer=keras.initializers.GlorotNormal(),
                name="kernel",
                trainable=True,
            )
            self.b = self.add_weight(shape=(self.units,), initializer=keras.initializers.Zeros(), name="bias")

        def call(self, inputs):
            return self.activation(ops.matmul(inputs, self.w) + self.b)

    class MyModel(keras.Model):
        def __init__(self, num_classes):
            super().__init__()
            self.base = keras.Sequential(
                [keras.layers.Conv2D(3, 3, activation="relu"), keras.layers.GlobalMaxPooling2D()]
            )
            self.head = MyDense(num_classes, activation="softmax")

        def call(self, x):
            return self.head(self.base(x))

    model = MyModel(10)
    model(X[:1])
    start_from_the_same_weights(model)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["acc"])
    history = model.fit(X, Y, batch_size=20, shuffle=False, verbose=0).history
    return {**history, "y": model(X[:2]), "names": [w.name for w in model.weights]}


SCRIPTS = [convolutional, own_layer_and_model]

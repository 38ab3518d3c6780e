"""The ideas of Keras's guide "Making new layers and models via subclassing"."""

from __future__ import annotations

import numpy as np

from support.both import start_from_the_same_weights

X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


def linear_of(keras):
    class Linear(keras.layers.Layer):
        def __init__(self, units=3, rate=0.0, **kwargs):
            super().__init__(**kwargs)
            self.units, self.rate = units, rate

        def build(self, input_shape):
            self.w = self.add_weight(
                shape=(input_shape[-1], self.units),
                initializer="ones",
                regularizer=keras.regularizers.L2(self.rate) if self.rate else None,
                trainable=True,
            )
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

        def call(self, inputs):
            return keras.ops.matmul(inputs, self.w) + self.b

        def get_config(self):
            return {**super().get_config(), "units": self.units, "rate": self.rate}

    return Linear


def state_and_call(keras):
    """A layer is its weights and its `call`; weights may be fixed, and are made when the input is known."""

    class Sum(keras.layers.Layer):
        def __init__(self, size):
            super().__init__()
            self.total = self.add_weight(initializer="zeros", shape=(size,), trainable=False)

        def call(self, inputs):
            self.total.assign_add(keras.ops.sum(inputs, axis=0))
            return self.total

    total = Sum(4)
    first, second = np.array(total(X)), np.array(total(X))
    layer = linear_of(keras)(2)
    counts = [len(layer.weights)]
    y = layer(X)
    counts += [len(layer.weights), len(layer.trainable_weights), len(total.weights), len(total.trainable_weights)]
    return {"first": first, "second": second, "y": y, "counts": counts}


def composed(keras):
    """Layers in layers: the outer one holds the inner ones' weights and losses."""
    Linear = linear_of(keras)

    class Activity(keras.layers.Layer):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def call(self, inputs):
            self.add_loss(self.factor * keras.ops.mean(keras.ops.square(inputs)))
            return inputs

    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.one, self.two = Linear(3, 0.1), Linear(1)
            self.activity = Activity(0.5)

        def call(self, inputs):
            return self.two(keras.ops.relu(self.activity(self.one(inputs))))

    block = Block()
    before = len(block.losses)
    y = block(X)
    losses = [float(np.asarray(loss)) for loss in block.losses]
    block(X)
    counts = [before, len(block.losses), len(block.weights), len(block.trainable_weights)]
    inputs = keras.Input((4,))
    model = keras.Model(inputs, block(inputs))
    model.compile(optimizer="adam", loss="mse")
    fitted = model.fit(X, np.ones((5, 1)), verbose=0).history
    return {"y": y, "losses": sorted(losses), "counts": counts, **fitted}


def configs(keras):
    """A layer is rebuilt from its config."""
    Linear = linear_of(keras)
    layer = Linear(7, name="seven")
    config = layer.get_config()
    again = Linear.from_config(config)
    return {"config": [config["name"], str(config["units"]), str(config["trainable"])], "units": [again.units]}


def modes(keras):
    """`training` chooses a mode, and reaches the layers inside by itself."""

    class Noisy(keras.layers.Layer):
        def __init__(self, amount):
            super().__init__()
            self.amount = amount

        def call(self, inputs, training=False):
            return inputs + self.amount if training else inputs

    class Outer(keras.Model):
        def __init__(self):
            super().__init__()
            self.noisy = Noisy(10.0)
            self.drop = keras.layers.Dropout(1e-9)

        def call(self, inputs):
            return self.drop(self.noisy(inputs))

    model = Outer()
    model.compile(loss="mse", optimizer="sgd")
    return {
        "still": model(X),
        "training": model(X, training=True),
        "predict": model.predict(X, verbose=0),
        "evaluate": [model.evaluate(X, X, verbose=0)],
    }


def whole_model(keras):
    """A model class with layers inside, which `fit` trains: an autoencoder whose loss has a term of its own."""
    layers = keras.layers

    class Encoder(layers.Layer):
        def __init__(self, size, **kwargs):
            super().__init__(**kwargs)
            self.hidden, self.mean, self.log_var = (
                layers.Dense(6, activation="relu"),
                layers.Dense(size),
                layers.Dense(size),
            )

        def call(self, inputs):
            h = self.hidden(inputs)
            return self.mean(h), self.log_var(h)

    class Auto(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.encoder, self.decoder = Encoder(2), layers.Dense(4)

        def call(self, inputs):
            mean, log_var = self.encoder(inputs)
            kl = -0.5 * keras.ops.mean(log_var - keras.ops.square(mean) - keras.ops.exp(log_var) + 1)
            self.add_loss(kl)
            return self.decoder(mean)

    model = Auto()
    model(X)
    start_from_the_same_weights(model)
    model.compile(keras.optimizers.Adam(1e-2), loss=keras.losses.MeanSquaredError())
    history = model.fit(X, X, epochs=3, batch_size=5, shuffle=False, verbose=0).history
    return {**history, "y": model.predict(X, verbose=0), "layers": [layer.name for layer in model.layers]}


SCRIPTS = [state_and_call, composed, configs, modes, whole_model]

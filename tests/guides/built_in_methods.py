"""The ideas of Keras's guide "Training & evaluation with the built-in methods"."""

from __future__ import annotations

import numpy as np

from support.both import start_from_the_same_weights

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 6)).astype("float32")
LABELS = RNG.integers(0, 3, 48)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]


def model_of(keras, activation="softmax"):
    inputs = keras.Input((6,))
    h = keras.layers.Dense(8, activation="relu")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, activation=activation, name="predictions")(h))
    start_from_the_same_weights(model)
    return model


def end_to_end(keras):
    """compile, fit with validation data, evaluate, predict."""
    model = model_of(keras)
    model.compile(
        optimizer=keras.optimizers.RMSprop(),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    history = model.fit(
        X[:32], LABELS[:32], batch_size=16, epochs=2, validation_data=(X[32:], LABELS[32:]), shuffle=False, verbose=0
    )
    return {
        **history.history,
        "scores": model.evaluate(X, LABELS, batch_size=16, verbose=0),
        "y": model.predict(X[:3], verbose=0),
    }


def own_losses_and_metrics(keras):
    """A loss that is a function, one that is a class, and a metric with a state of its own."""
    ops = keras.ops

    def squared(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    class Confident(keras.losses.Loss):
        def __init__(self, factor=0.1, name="confident"):
            super().__init__(name=name)
            self.factor = factor

        def call(self, y_true, y_pred):
            mse = ops.mean(ops.square(y_true - y_pred), axis=-1)
            return mse + self.factor * ops.mean(ops.square(0.5 - y_pred), axis=-1)

    class Right(keras.metrics.Metric):
        def __init__(self, name="right", **kwargs):
            super().__init__(name=name, **kwargs)
            self.count = self.add_weight(shape=(), initializer="zeros", name="count")

        def update_state(self, y_true, y_pred, sample_weight=None):
            same = ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))
            values = ops.cast(same, "float32")
            if sample_weight is not None:
                values = values * ops.cast(sample_weight, "float32")
            self.count.assign_add(ops.sum(values))

        def result(self):
            return self.count.value

        def reset_state(self):
            self.count.assign(0.0)

    results = {}
    for name, loss in (("function", squared), ("class", Confident(0.3))):
        model = model_of(keras)
        model.compile(keras.optimizers.Adam(0.01), loss=loss, metrics=[Right()])
        history = model.fit(X, ONE_HOT, batch_size=16, epochs=2, shuffle=False, verbose=0).history
        results |= {f"{name} {key}": values for key, values in history.items()}
    return results


def losses_inside(keras):
    """A last layer that computes the loss and takes the targets as an input."""

    class Endpoint(keras.layers.Layer):
        def __init__(self, name=None):
            super().__init__(name=name)
            self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

        def call(self, targets, logits, sample_weights=None):
            self.add_loss(self.loss_fn(targets, logits, sample_weights))
            return keras.ops.softmax(logits)

    inputs, targets = keras.Input((6,), name="inputs"), keras.Input((3,), name="targets")
    logits = keras.layers.Dense(3)(inputs)
    model = keras.Model([inputs, targets], Endpoint(name="predictions")(targets, logits))
    start_from_the_same_weights(model)
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    return model.fit({"inputs": X, "targets": ONE_HOT}, epochs=2, batch_size=24, shuffle=False, verbose=0).history


def weights_of_classes_and_samples(keras):
    """class_weight and sample_weight, also for the validation data, and weighted metrics."""
    results = {}
    weights = np.where(LABELS == 2, 2.0, 1.0)
    for name, options in (
        ("classes", {"class_weight": {0: 1.0, 1: 1.0, 2: 2.0}}),
        ("samples", {"sample_weight": weights, "validation_data": (X[:8], LABELS[:8], weights[:8])}),
    ):
        model = model_of(keras)
        model.compile("sgd", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
        history = model.fit(X, LABELS, batch_size=16, epochs=2, shuffle=False, verbose=0, **options).history
        results |= {f"{name} {key}": values for key, values in history.items()}
    return results


def batches_of_a_dataset(keras):
    """A PyDataset gives the batches; steps_per_epoch and validation_steps choose how many."""

    class Batches(keras.utils.PyDataset):
        def __init__(self, x, y, size, **kwargs):
            super().__init__(**kwargs)
            self.x, self.y, self.size = x, y, size

        def __len__(self):
            return len(self.x) // self.size

        def __getitem__(self, index):
            part = slice(index * self.size, (index + 1) * self.size)
            return self.x[part], self.y[part]

    model = model_of(keras)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    data = Batches(X, LABELS, 8)
    history = model.fit(data, epochs=2, shuffle=False, validation_data=data, validation_steps=2, verbose=0).history
    return {**history, "y": model.predict(data, verbose=0)[:2], "scores": model.evaluate(data, verbose=0)}


def several_inputs_and_outputs(keras):
    """Losses and metrics by the names of the outputs, some outputs without a loss, and data in lists."""
    layers = keras.layers
    image, series = keras.Input((6, 6, 2), name="image"), keras.Input((None, 3), name="series")
    a = layers.GlobalMaxPooling2D()(layers.Conv2D(3, 3)(image))
    b = layers.GlobalMaxPooling1D()(layers.Conv1D(3, 3)(series))
    both = layers.concatenate([a, b])
    score, classes = layers.Dense(1, name="score")(both), layers.Dense(5, name="classes")(both)
    model = keras.Model([image, series], [score, classes])
    start_from_the_same_weights(model)
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss=[keras.losses.MeanSquaredError(), keras.losses.CategoricalCrossentropy(from_logits=True)],
        metrics=[
            [keras.metrics.MeanAbsolutePercentageError(), keras.metrics.MeanAbsoluteError()],
            [keras.metrics.CategoricalAccuracy()],
        ],
        loss_weights=[2.0, 1.0],
    )
    rng = np.random.default_rng(5)
    x = [rng.random((12, 6, 6, 2)).astype("float32"), rng.random((12, 7, 3)).astype("float32")]
    y = [rng.random((12, 1)).astype("float32") + 1, np.eye(5, dtype="float32")[rng.integers(0, 5, 12)]]
    history = model.fit(x, y, batch_size=6, epochs=2, shuffle=False, verbose=0).history
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    other.compile("rmsprop", loss=[None, keras.losses.CategoricalCrossentropy(from_logits=True)])
    second = other.fit(x, y, batch_size=6, shuffle=False, verbose=0).history
    return {**history, "without a score": second["loss"]}


def schedules_and_stopping(keras):
    """Learning-rate schedules, and callbacks that stop early, lower the rate and keep the losses of batches."""
    losses = []

    class Losses(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            losses.clear()

        def on_train_batch_end(self, batch, logs=None):
            losses.append(float(logs["loss"]))

    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=3, decay_rate=0.9, staircase=True)
    model = model_of(keras)
    model.compile(keras.optimizers.RMSprop(learning_rate=schedule), "sparse_categorical_crossentropy")
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=10.0, patience=1)
    first = model.fit(
        X, LABELS, epochs=9, batch_size=16, validation_split=0.25, shuffle=False, callbacks=[Losses(), stop], verbose=0
    )
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    lower = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=10.0)
    second = model.fit(X, LABELS, epochs=3, batch_size=16, shuffle=False, callbacks=[lower], verbose=0)
    return {
        **first.history,
        "batches": list(losses),
        "epochs": [len(first.epoch), stop.stopped_epoch],
        **{f"second {key}": values for key, values in second.history.items()},
    }


SCRIPTS = [
    end_to_end,
    own_losses_and_metrics,
    losses_inside,
    weights_of_classes_and_samples,
    batches_of_a_dataset,
    several_inputs_and_outputs,
    schedules_and_stopping,
]

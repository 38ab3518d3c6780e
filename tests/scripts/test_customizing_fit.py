"""Keras's guide "Customizing what happens in fit()": each train_step in it against Keras's own fit."""

import keras as oracle
import numpy as np
import pytest

import netlet as keras

ROWS, BATCH, EPOCHS = 96, 32, 3


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    return rng.random((ROWS, 32)), rng.random((ROWS, 1)), rng.random((ROWS, 1))


def make(model_class, library=keras):
    inputs = library.Input(shape=(32,))
    model = model_class(inputs, library.layers.Dense(1)(inputs))
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


def fit_in_keras(data, **compiled):
    x, y, weight = data
    model = make(oracle.Model, oracle)
    model.compile(optimizer=oracle.optimizers.Adam(0.01), loss="mse", **compiled)
    weighted = {"sample_weight": weight} if compiled.get("weighted_metrics") else {}
    history = model.fit(x, y, epochs=EPOCHS, batch_size=BATCH, shuffle=False, verbose=0, **weighted).history
    return model.get_weights(), history


@pytest.fixture(scope="module")
def plain(data):
    return fit_in_keras(data, metrics=["mae"])


def check(model, history, expected):
    weights, logs = expected
    for got, want in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)
    assert set(history.history) == set(logs)
    for name, want in logs.items():
        np.testing.assert_allclose(history.history[name], want, rtol=1e-4, err_msg=name)


class FirstSimple(keras.Model):
    def train_step(self, data):
        x, y = data
        with keras.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        self.optimizer.apply(gradients, trainable_vars)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class LowerLevel(keras.Model):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")
        self.loss_fn = keras.losses.MeanSquaredError()

    def train_step(self, data):
        x, y = data
        with keras.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.loss_fn(y, y_pred)
        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        self.optimizer.apply(gradients, trainable_vars)
        self.loss_tracker.update_state(loss)
        self.mae_metric.update_state(y, y_pred)
        return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

    @property
    def metrics(self):
        return [self.loss_tracker, self.mae_metric]


class Weighted(keras.Model):
    def train_step(self, data):
        if len(data) == 3:
            x, y, sample_weight = data
        else:
            sample_weight = None
            x, y = data
        with keras.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=sample_weight)
        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        self.optimizer.apply(gradients, trainable_vars)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred, sample_weight=sample_weight)
        return {m.name: m.result() for m in self.metrics}


class OwnTestStep(keras.Model):
    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        loss = self.compute_loss(y=y, y_pred=y_pred)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


@pytest.mark.parametrize("eagerly", [False, True], ids=["recorded", "eager"])
@pytest.mark.parametrize("model_class", [FirstSimple, Weighted])
def test_compiled_loss_and_metrics(data, plain, model_class, eagerly):
    x, y, _ = data
    model = make(model_class)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"], run_eagerly=eagerly)
    history = model.fit(x, y, epochs=EPOCHS, batch_size=BATCH, shuffle=False, verbose=0)
    check(model, history, plain)


def test_batches_of_an_iterable_come_as_they_are(data, plain):
    x, y, _ = data
    model = make(FirstSimple)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    batches = [(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, ROWS, BATCH)]
    # A list would mean several inputs, and an iterator is used up after one epoch: a class, like tf.data.Dataset.
    dataset = type("Dataset", (), {"__iter__": lambda self: iter(batches)})()
    check(model, model.fit(dataset, epochs=EPOCHS, verbose=0), plain)


@pytest.mark.parametrize("eagerly", [False, True], ids=["recorded", "eager"])
def test_own_loss_and_metrics(data, plain, eagerly):
    x, y, _ = data
    model = make(LowerLevel)
    model.compile(optimizer=keras.optimizers.Adam(0.01), run_eagerly=eagerly)
    history = model.fit(x, y, epochs=EPOCHS, batch_size=BATCH, shuffle=False, verbose=0)
    check(model, history, plain)


def test_train_on_batch_with_own_metrics(data):
    x, y, _ = data

    class OnBatch(LowerLevel):
        def train_step(self, data):
            return super().train_step(data[:2])  # Keras's train_on_batch gives (x, y, None)

    model = make(OnBatch)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    for part in (slice(0, 32), slice(32, 64)):
        logs = model.train_on_batch(x[part], y[part], return_dict=True)
        error = model.predict(x[part], verbose=0) - y[part]
        np.testing.assert_allclose([logs["loss"], logs["mae"]], [np.mean(error**2), np.mean(abs(error))], rtol=1e-5)


def test_sample_weight(data):
    x, y, weight = data
    model = make(Weighted)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", weighted_metrics=["mae"])
    history = model.fit(x, y, sample_weight=weight, epochs=EPOCHS, batch_size=BATCH, shuffle=False, verbose=0)
    weights, logs = fit_in_keras(data, weighted_metrics=["mae"])
    # Keras's fit weights the loss of each batch by its rows, the guide's step does not. Here all batches are full.
    check(model, history, (weights, logs))


def test_class_weight(data):
    x, y, _ = data
    labels = (y > 0.5).astype("float32")

    def fit(library, model_class, **compiled):
        model = make(model_class, library)
        model.compile(optimizer=library.optimizers.Adam(0.01), loss="mse", **compiled)
        history = model.fit(
            x, labels, class_weight={0: 1.0, 1: 3.0}, epochs=2, batch_size=BATCH, shuffle=False, verbose=0
        )
        return model, history

    theirs, logs = fit(oracle, oracle.Model, weighted_metrics=["mae"])
    check(*fit(keras, Weighted, weighted_metrics=["mae"]), (theirs.get_weights(), logs.history))


def test_own_test_step(data):
    x, y, _ = data
    model = make(OwnTestStep)
    model.compile(loss="mse", metrics=["mae"])
    error = model.predict(x, verbose=0) - y
    for batch in (32, 96):
        got = model.evaluate(x, y, batch_size=batch, verbose=0)
        np.testing.assert_allclose(got, [np.mean(error**2), np.mean(abs(error))], rtol=1e-5)
    got = model.evaluate(x, y, verbose=0, return_dict=True)
    assert set(got) == {"loss", "mae"}


def test_own_test_step_validates(data):
    x, y, _ = data
    model = make(OwnTestStep)
    model.compile("sgd", loss="mse", metrics=["mae"])
    logs = model.fit(x, y, validation_data=(x[:40], y[:40]), epochs=2, verbose=0).history
    error = model.predict(x[:40], verbose=0) - y[:40]
    assert set(logs) == {"loss", "mae", "val_loss", "val_mae"}
    # Batches of 32 and 8 rows: update_state(loss) without weights gives both the same weight, as in Keras.
    halves = np.mean([np.mean(error[:32] ** 2), np.mean(error[32:] ** 2)])
    np.testing.assert_allclose([logs["val_loss"][-1], logs["val_mae"][-1]], [halves, np.mean(abs(error))], rtol=1e-5)

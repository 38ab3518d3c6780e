"""Steps that cannot be recorded, since an op needs values: they run eagerly, with one warning."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import netlet
from netlet import layers, ops

X = np.random.default_rng(0).normal(size=(21, 3)).astype("float32")
Y = X[:, :1] * 2


class Halting(layers.Layer):
    """Doubles its outputs until they are large."""

    def build(self, input_shape):
        self.dense = layers.Dense(3)

    def call(self, x):
        return ops.while_loop(lambda y: ops.mean(y * y) < 2.0, lambda y: y * 2.0, self.dense(x))


class MeanOfPositive(layers.Layer):
    """The mean of the positive inputs, by a result whose size depends on values."""

    def call(self, x):
        rows, columns = ops.nonzero(x > 0)
        return x + ops.mean(ops.getitem(x, (rows, columns)))


class OnlyWhileTraining(layers.Layer):
    def call(self, x, training=None):
        return ops.while_loop(lambda y: ops.mean(y * y) < 2.0, lambda y: y * 2.0, x) if training else x


def nested(layer):
    inner = netlet.Sequential([netlet.Input((3,)), layer])
    return [netlet.Input((3,)), inner, layers.Dropout(0.0)]


class Subclass(netlet.Model):
    def __init__(self):
        super().__init__()
        self.halting, self.out = Halting(name="halting"), layers.Dense(1)

    def call(self, x):
        return self.out(self.halting(x))


MODELS = {
    "while_loop": lambda: netlet.Sequential([netlet.Input((3,)), Halting(name="halting"), layers.Dense(1)]),
    "not built before": lambda: netlet.Sequential([Halting(name="halting"), layers.Dense(1)]),
    "nonzero": lambda: netlet.Sequential([netlet.Input((3,)), MeanOfPositive(), layers.Dense(1)]),
    "nonzero, not built before": lambda: netlet.Sequential([MeanOfPositive(), layers.Dense(1)]),
    "nested": lambda: netlet.Sequential([*nested(Halting(name="halting")), layers.Dense(1)]),
    "subclass": Subclass,
}


def everything(model):
    """The results of all methods that run steps."""
    history = model.fit(X, Y, epochs=2, batch_size=4, validation_split=0.3, verbose=0).history
    generator = (batch for batch in [(X[:5], Y[:5]), (X[5:9], Y[5:9])])
    return [
        *history.values(),
        *model.fit(generator, epochs=1, steps_per_epoch=2, verbose=0).history.values(),
        model.evaluate(X, Y, batch_size=8, verbose=0),
        *[model.train_on_batch(X[:4], Y[:4]) for _ in range(3)],
        *[model.test_on_batch(X[:4], Y[:4]) for _ in range(2)],
        model.predict(X, batch_size=8, verbose=0),
        *[model.predict_on_batch(X[:4]) for _ in range(2)],
        *model.get_weights(),
    ]


def results(make, **compiled):
    netlet.utils.set_random_seed(0)
    model = make()
    model.compile("sgd", "mse", metrics=["mae"], **compiled)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = everything(model)
    return found, [str(w.message) for w in caught]


@pytest.mark.parametrize("name", MODELS)
def test_as_with_run_eagerly(name):
    found, messages = results(MODELS[name])
    expected, none = results(MODELS[name], run_eagerly=True)
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_array_equal(got, want)
    assert none == [] and len(messages) == 1
    assert ("ops.nonzero" if name.startswith("nonzero") else "ops.while_loop") in messages[0]
    assert "run eagerly" in messages[0] and ("halting'" in messages[0] or name.startswith("nonzero"))


def test_steps_per_execution():
    class Counts(netlet.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.batches = []

        def on_train_batch_end(self, batch, logs=None):
            self.batches.append(batch)

    seen = []
    for eagerly in (False, True):
        model = MODELS["while_loop"]()
        model.compile("sgd", "mse", steps_per_execution=3, run_eagerly=eagerly)
        counts = Counts()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, Y, batch_size=4, epochs=1, verbose=0, callbacks=[counts])
        seen.append(counts.batches)
    assert seen[0] == seen[1]


def test_other_modes_stay_recorded():
    model = netlet.Sequential([netlet.Input((3,)), OnlyWhileTraining(), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="train_step cannot be recorded"):
        model.fit(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert model.plan(X).describe()
    with pytest.raises(ValueError, match="expected a recorded training step"):
        model.training_plan()


def test_a_step_that_needs_values_later():
    """The last batch of an epoch, which is shorter, is recorded anew: the epoch goes on from there."""

    class Short(layers.Layer):
        def call(self, x):
            small = x.shape[0] < 4
            return ops.while_loop(lambda y: ops.mean(y * y) < 2.0, lambda y: y * 2.0, x) if small else x

    found = []
    for eagerly in (False, True):
        netlet.utils.set_random_seed(0)
        model = netlet.Sequential([netlet.Input((3,)), Short(), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eagerly)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            history = model.fit(X, Y, batch_size=4, epochs=3, verbose=0).history["loss"]
            found.append([history, model.predict(X, batch_size=4, verbose=0)])
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-5)


def test_a_custom_train_step():
    class Custom(netlet.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            with netlet.GradientTape() as tape:
                loss = ops.mean(ops.square(self(x) - y))
                loss = ops.while_loop(lambda v: v > 1.0, lambda v: v * 0.5, loss)
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss}

    found = []
    for eagerly in (False, True):
        netlet.utils.set_random_seed(0)
        model = Custom()
        model.compile("sgd", run_eagerly=eagerly)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(model.fit(X, Y, epochs=2, batch_size=5, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_array_equal(found[0], found[1])


def test_compile_tries_to_record_again():
    model = MODELS["while_loop"]()
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="cannot be recorded"):
        model.fit(X, Y, verbose=0)
    model.layers[0].call = model.layers[0].dense
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert model.training_plan().describe()

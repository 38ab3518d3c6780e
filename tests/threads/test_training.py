"""Threads that train one model: each step counts once, and a `fit` is not disturbed."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.training.step import RecordedStep
from support.threads import X, at_once, constant, stack, while_running, whole

ROWS = 64
INPUTS = np.linspace(-1, 1, ROWS * 8, dtype="float32").reshape(ROWS, 8)
TARGETS = INPUTS[:, :1]


def trainee(optimizer="sgd"):
    netlet.utils.set_random_seed(5)
    model = netlet.Sequential([netlet.Input((8,)), layers.Dense(8, "relu"), layers.Dense(1)])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def fit(model, **options):
    return model.fit(INPUTS, TARGETS, batch_size=8, verbose=0, **options).history


@pytest.mark.parametrize("eagerly", [False, True])
def test_no_step_is_lost(eagerly):
    model = stack()
    # Steps that leave the weights as they are.
    model.compile(netlet.optimizers.SGD(0.0), "mse", run_eagerly=eagerly)
    counts = (10, 11, 12, 13) if eagerly else (30, 31, 32, 33)
    at_once(*[lambda n=n: [model.train_on_batch(X, X) for _ in range(n)] for n in counts])
    assert int(model.optimizer.iterations) == sum(counts)
    assert model.get_training_state()["step"] == sum(counts)


def test_steps_are_those_of_one_order(monkeypatch):
    """All threads make the same step, so that any order gives the same weights and the same set of losses."""
    read = RecordedStep.read_logs
    # Other threads run between a step and the reading of its loss.
    monkeypatch.setattr(RecordedStep, "read_logs", lambda self, model: time.sleep(1e-4) or read(self, model))
    alone, shared = trainee("adam"), trainee("adam")
    expected = [alone.train_on_batch(INPUTS, TARGETS)[0] for _ in range(40)]
    found = at_once(*[lambda: [shared.train_on_batch(INPUTS, TARGETS)[0] for _ in range(10)] for _ in range(4)])
    assert sorted(itertools.chain(*found)) == sorted(expected)
    for a, b in zip(alone.get_weights(), shared.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_evaluations_do_not_mix_their_metrics():
    model = trainee()
    parts = [(INPUTS[: 8 * n], TARGETS[: 8 * n] + n) for n in range(1, 5)]
    expected = [model.evaluate(*part, batch_size=8, verbose=0) for part in parts]
    found = at_once(
        *[lambda p=p: [model.evaluate(*p, batch_size=8, verbose=0) for _ in range(25)] for p in parts],
        *[lambda p=p: [model.test_on_batch(*p) for _ in range(25)] for p in parts],
    )
    for i, results in enumerate(found):
        np.testing.assert_allclose(results, [expected[i % 4]] * 25, rtol=1e-6)
    for i in range(4):
        assert all(result == expected[i] for result in found[i])


class Held(netlet.callbacks.Callback):
    """Stays in the first epoch until `go` is set."""

    def __init__(self):
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def on_epoch_begin(self, epoch, logs=None):
        self.begun.set()
        assert self.go.wait(60)


CALLS = {
    "evaluate": lambda m: m.evaluate(INPUTS, TARGETS, verbose=0),
    "evaluate an iterable": lambda m: m.evaluate(iter([(INPUTS, TARGETS)]), verbose=0),
    "train_on_batch": lambda m: m.train_on_batch(INPUTS, TARGETS),
    "test_on_batch": lambda m: m.test_on_batch(INPUTS, TARGETS),
    "compile": lambda m: m.compile("sgd", "mse"),
    "quantize": lambda m: m.quantize("int8", only_if_faster=False),
    "to": lambda m: m.to("cpu"),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_would_disturb_a_fit_raises(name):
    expected, model, held = fit(trainee(), epochs=2), trainee(), Held()

    def disturb():
        held.begun.wait(60)
        try:
            with pytest.raises(RuntimeError, match=rf"Model '{model.name}': {name.split()[0]} needs what fit uses"):
                CALLS[name](model)
        finally:
            held.go.set()

    history, _ = at_once(lambda: fit(model, epochs=2, callbacks=[held]), disturb)
    assert history == expected
    CALLS[name](model)  # afterwards it may be called


def test_many_fits_at_once_wait_for_each_other():
    alone, model = trainee("adam"), trainee("adam")
    expected = [fit(alone, shuffle=False) for _ in range(16)]
    found = at_once(*[lambda: [fit(model, shuffle=False) for _ in range(2)]] * 8)
    assert sorted(itertools.chain(*found), key=str) == sorted(expected, key=str)
    assert int(model.optimizer.iterations) == 16 * ROWS // 8
    for a, b in zip(alone.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_callbacks_and_the_same_thread_may_use_the_model():
    seen = []

    class Uses(netlet.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.evaluate(INPUTS, TARGETS, batch_size=8, verbose=0)[0])
            self.model.predict(INPUTS, verbose=0)
            self.model.set_weights(self.model.get_weights())

        def on_train_batch_end(self, batch, logs=None):
            self.model.predict_on_batch(INPUTS)

    history = fit(trainee(), epochs=2, callbacks=[Uses()], validation_data=(INPUTS, TARGETS))
    assert seen == history["val_loss"]


def test_other_threads_see_the_model_between_steps():
    """A step moves all weights by 1, so weights of two steps differ."""
    model = stack()
    model.compile(netlet.optimizers.SGD(1.0), _Sum(model))
    steps = 4000
    data = np.zeros((8 * steps, 8), "float32")

    def train():
        model.fit(data, np.zeros(len(data)), batch_size=8, verbose=0)

    weights, predictions = while_running(
        train, lambda: whole(model.get_weights()), lambda: whole(model.predict_on_batch(X))
    )
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] == 1 - steps
    assert set(weights) <= {float(1 - n) for n in range(steps + 1)}
    possible, other = set(), stack()
    for n in range(steps + 1):
        other.set_weights(constant(1 - n))
        possible.add(whole(other.predict_on_batch(X)))
    assert set(predictions) <= possible


class _Sum(netlet.losses.Loss):
    """The sum of all weights, whatever the data."""

    def __init__(self, model):
        super().__init__(reduction="none")
        self.model = model

    def call(self, y_true, y_pred):
        total = sum(netlet.ops.sum(w) for w in self.model.weights)
        return total + 0 * netlet.ops.sum(y_pred)


def test_weights_that_are_set_count_from_the_next_step():
    model = stack()
    model.compile(netlet.optimizers.SGD(0.0), "mse")
    held = Held()

    def change():
        held.begun.wait(60)
        model.set_weights(constant(2))
        held.go.set()

    at_once(lambda: model.fit(X, X, verbose=0, callbacks=[held]), change)
    assert whole(model.get_weights()) == 2


def test_a_generator_may_predict_with_the_model_that_it_feeds():
    model = trainee()

    def batches():
        for _ in range(20):
            yield INPUTS, model.predict(INPUTS, verbose=0)

    at_once(lambda: model.fit(batches(), steps_per_epoch=5, epochs=4, verbose=0))
    assert int(model.optimizer.iterations) == 20


@pytest.mark.parametrize("name", ["fit", "evaluate", "train_on_batch"])
def test_a_generator_that_disturbs_the_fit_that_it_feeds_is_told_so(name):
    model = trainee()

    def batches():
        yield INPUTS, TARGETS
        getattr(model, name)(INPUTS, TARGETS)
        yield INPUTS, TARGETS

    with pytest.raises(RuntimeError, match=f"{name} needs what fit uses"):
        model.fit(batches(), verbose=0)
    assert len(fit(model)["loss"]) == 1  # the fit has ended

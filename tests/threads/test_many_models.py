"""Threads with models of their own: each gets what it would get alone."""

from __future__ import annotations

import gc
import hashlib
import threading
import weakref

import numpy as np
import pytest

import netlet
from netlet import _core, layers, random
from netlet.training import step
from support.threads import at_once

X = np.linspace(-1, 1, 48 * 6, dtype="float32").reshape(48, 6)
Y = np.arange(48) % 3


def life(seed, folder):
    """A digest of all that happens to one model: it is built, trained, evaluated, saved, loaded and quantized."""
    found = hashlib.sha256()

    def note(*values):
        found.update(repr([np.asarray(v).tolist() for v in values]).encode())

    with random.seeded(seed):
        model = netlet.Sequential(
            [netlet.Input((6,)), layers.Dense(8, "relu"), layers.Dropout(0.3), layers.Dense(3, "softmax")]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        note(*model.get_weights())
        history = model.fit(X, Y, batch_size=8, epochs=2, validation_split=0.25, verbose=0).history
        assert sorted(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
        note(*[history[key] for key in sorted(history)], *model.train_on_batch(X, Y), int(model.optimizer.iterations))
        path = folder / f"{seed}.netlet"
        model.save(path)
        again = netlet.models.load_model(path)
        again.fit(X, Y, batch_size=8, verbose=0)
        note(*again.get_weights(), again.evaluate(X, Y, verbose=0), model.predict(X, verbose=0))
        model.quantize("int8", only_if_faster=False)
        note(model.predict(X, verbose=0))
    return found.hexdigest()


def test_eight_threads_get_what_each_gets_alone(tmp_path):
    alone = [life(seed, tmp_path) for seed in range(8)]
    assert len(set(alone)) == 8
    assert at_once(*[lambda s=s: life(s, tmp_path) for s in range(8)]) == alone


def test_results_do_not_depend_on_a_changing_number_of_threads(tmp_path):
    alone, done = life(1, tmp_path), threading.Event()

    def change():
        while not done.is_set():
            for n in (1, 3, 2, 8):
                _core.set_num_threads(n)

    def live():
        try:
            return [life(1, tmp_path) for _ in range(3)]
        finally:
            done.set()

    assert at_once(live, change)[0] == [alone] * 3


def test_models_end_with_their_threads(tmp_path):
    models = weakref.WeakSet()

    def once():
        for _ in range(5):
            model = netlet.Sequential([netlet.Input((6,)), layers.Dense(2)])
            model.compile("adam", "mse")
            model.fit(X, X[:, :2], verbose=0)
            models.add(model)

    at_once(*[once] * 6)
    gc.collect()
    assert len(models) == 0


def test_names_and_seeds_are_given_once():
    names, seeds = [], []

    def make():
        for _ in range(50):
            layer = layers.Dropout(0.5)
            names.append(layer.name)
            seeds.append(layer.seed_generator.seed)

    netlet.utils.clear_session()
    random.set_seed(3)
    at_once(*[make] * 4)
    assert len(set(names)) == len(set(seeds)) == 200
    random.set_seed(3)
    assert sorted(seeds) == sorted(layers.Dropout(0.5).seed_generator.seed for _ in range(200))


def test_one_model_is_recorded_while_others_move_their_weights():
    """An optimizer that is built moves weights in memory. Steps of other models are not concerned."""
    done = threading.Event()

    def move():
        while not done.is_set():
            variable = netlet.Variable(np.zeros(3, "float32"))
            netlet.optimizers.Adam().build([variable])

    def record():
        try:
            for _ in range(5):
                model = netlet.Sequential([netlet.Input((6,)), *[layers.Dense(6, "relu") for _ in range(8)]])
                model.compile("adam", "mse")
                for _ in range(3):
                    model.fit(X, X, batch_size=8, verbose=0)
                    model.train_on_batch(X, X)
                assert int(model.optimizer.iterations) == 21
        finally:
            done.set()

    at_once(record, move, move)


def test_a_step_is_not_recorded_again_when_another_thread_trains_another_model(monkeypatch):
    recorded, record = [], step.record
    monkeypatch.setattr(step, "record", lambda model, *rest: recorded.append(model) or record(model, *rest))
    model, other = (netlet.Sequential([netlet.Input((6,)), layers.Dense(2)]) for _ in range(2))

    def train(model):
        model.compile("adam", "mse")
        model.train_on_batch(X, X[:, :2])

    model.predict(X, batch_size=48, verbose=0)
    at_once(lambda: train(other))
    assert other in recorded
    model.predict(X, batch_size=48, verbose=0)
    assert recorded.count(model) == 1
    at_once(lambda: netlet.optimizers.Adam().build(model.trainable_variables))  # its weights move
    model.set_weights([w + 1 for w in model.get_weights()])
    np.testing.assert_array_equal(model.predict(X, batch_size=48, verbose=0), np.asarray(model(X)))
    assert recorded.count(model) == 2


@pytest.mark.parametrize("seed", range(3))
def test_one_seed_in_two_threads_gives_one_result(seed, tmp_path):
    first, second = at_once(*[lambda: life(seed, tmp_path / str(threading.get_ident()))] * 2)
    assert first == second

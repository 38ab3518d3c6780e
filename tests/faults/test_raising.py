"""Callbacks, data, own layers, losses and metrics that raise: the exception comes out as itself, whatever it is; the
model stands between two steps, and no thread or file is left.
"""

from __future__ import annotations

import itertools
import os
import threading

import numpy as np
import pytest

import netlet
from netlet import callbacks, layers, ops

RNG = np.random.default_rng(0)
STEPS, BATCH = 6, 8
X, Y = RNG.standard_normal((STEPS * BATCH, 4), "float32"), RNG.standard_normal((STEPS * BATCH, 2), "float32")


class Own(Exception):
    pass


ERRORS = [Own, KeyboardInterrupt, SystemExit, StopIteration, GeneratorExit, MemoryError, RecursionError]


def with_errors(places):
    """Each place with each error, of which one is tried by default, and each of them somewhere."""
    return [
        pytest.param(*place, error, marks=[] if (i + k) % len(ERRORS) == 0 else pytest.mark.slow)
        for i, place in enumerate(places)
        for k, error in enumerate(ERRORS)
    ]


HOOKS = [
    f"on_{mode}_{at}"
    for mode, ats in {
        "train": ["begin", "end", "batch_begin", "batch_end"],
        "epoch": ["begin", "end"],
        "test": ["begin", "end", "batch_begin", "batch_end"],
    }.items()
    for at in ats
]


class Bomb:
    """Raises at the n-th call, once."""

    def __init__(self, error, at=3):
        self.error, self.left = error, at

    def __call__(self, *_, **__):
        self.left -= 1
        if self.left == 0:
            raise self.error


def make(last=None, loss="mse", metrics=("mae",), eager=False):
    netlet.utils.set_random_seed(1)
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(8, "relu"), layers.BatchNormalization()])
    if last is not None:
        model.add(last)
    model.add(layers.Dense(2))
    model.compile(netlet.optimizers.Adam(0.01), loss, metrics=list(metrics), run_eagerly=eager)
    return model


def after(steps, **kwargs):
    """All variables after some steps that nothing disturbs."""
    model = make(**kwargs)
    if steps:
        rows = steps * BATCH
        model.fit(X[:rows], Y[:rows], batch_size=BATCH, shuffle=False, verbose=0)
    return model.get_weights()


def held():
    """The open files and the number of threads; none may be added."""
    numbers = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    names = {os.readlink(f"/proc/self/fd/{n}") for n in numbers if os.path.exists(f"/proc/self/fd/{n}")}
    return {name for name in names if name.startswith("/")}, threading.active_count()


def check(model, before, **kwargs):
    """The model stands between two steps and trains on."""
    assert held() == before
    steps = int(model.optimizer.iterations)
    for a, b in zip(model.get_weights(), after(steps % STEPS or min(steps, STEPS), **kwargs), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.isfinite(model.predict(X, verbose=0)).all()
    history = model.fit(X, Y, batch_size=BATCH, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert int(model.optimizer.iterations) == steps + STEPS


@pytest.mark.parametrize(("hook", "error"), with_errors([(hook,) for hook in HOOKS]))
def test_callbacks(hook, error, tmp_path):
    made, bomb = error("planted"), None
    bomb = Bomb(made, 3 if "batch" in hook else 1)
    raising = type("Raising", (callbacks.Callback,), {hook: lambda self, *a, **k: bomb()})()
    files = [callbacks.CSVLogger(tmp_path / "a.csv"), callbacks.ModelCheckpoint(tmp_path / "a.netlet")]
    model, before = make(), held()
    with pytest.raises(error) as caught:
        model.fit(X, Y, batch_size=BATCH, shuffle=False, verbose=0, validation_data=(X, Y), callbacks=[*files, raising])
    assert caught.value is made
    check(model, before)


class Batches(netlet.utils.PyDataset):
    def __init__(self, bomb, **kwargs):
        super().__init__(**kwargs)
        self.bomb = bomb

    def __len__(self):
        return STEPS

    def __getitem__(self, i):
        self.bomb()
        return X[i * BATCH : (i + 1) * BATCH], Y[i * BATCH : (i + 1) * BATCH]


def generator(bomb):
    for i in range(STEPS):
        bomb()
        yield X[i * BATCH : (i + 1) * BATCH], Y[i * BATCH : (i + 1) * BATCH]


class Iterator:
    def __init__(self, bomb):
        self.batches, self.bomb = generator(lambda: None), bomb

    def __iter__(self):
        return self

    def __next__(self):
        self.bomb()
        return next(self.batches)


def dataset(bomb):
    def element(x, y):
        bomb()
        return x, y

    return netlet.data.Dataset.from_tensor_slices((X, Y)).batch(BATCH).map(element)


DATA = {
    "PyDataset": Batches,
    "PyDataset without a thread": lambda bomb: Batches(bomb, workers=0),
    "PyDataset with processes' options": lambda bomb: Batches(bomb, workers=2, max_queue_size=3),
    "generator": generator,
    "iterator": Iterator,
    "Dataset": dataset,
}


@pytest.mark.parametrize(("eager", "kind", "error"), with_errors(itertools.product([False, True], DATA)))
def test_data(kind, eager, error):
    made = error("planted")
    model, before = make(eager=eager), held()
    data = DATA[kind](Bomb(made, 4))
    if error is StopIteration:
        # It ends an iterator; in a generator and in a PyDataset, Python makes a RuntimeError of it.
        if kind == "iterator":
            model.fit(data, shuffle=False, verbose=0)
            assert int(model.optimizer.iterations) == 3
        else:
            with pytest.raises(RuntimeError, match="StopIteration") as caught:
                model.fit(data, shuffle=False, verbose=0)
            assert caught.value.__cause__ is made
    else:
        with pytest.raises(error) as caught:
            model.fit(data, shuffle=False, verbose=0)
        assert caught.value is made
    del data
    check(model, before, eager=eager)


class Passing(layers.Layer):
    bomb = staticmethod(lambda *_: None)

    def call(self, x):
        self.bomb()
        return x * 1.0


class Loss(netlet.losses.Loss):
    bomb = staticmethod(lambda *_: None)

    def call(self, y_true, y_pred):
        self.bomb()
        return ops.mean(ops.square(y_true - y_pred), -1)


class Metric(netlet.metrics.Mean):
    bomb = staticmethod(lambda *_: None)

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.bomb()
        return super().update_state(ops.abs(y_true - y_pred))


@pytest.mark.parametrize(
    ("eager", "part", "error"), with_errors(itertools.product([False, True], ["layer", "loss", "metric"]))
)
def test_own_parts(part, eager, error):
    made = error("planted")
    parts = {"layer": Passing(), "loss": Loss(), "metric": Metric(name="own")}
    model = make(parts["layer"], parts["loss"], [parts["metric"]], eager)
    before = held()
    # A recorded step calls them while it is recorded, an eager one in every step.
    parts[part].bomb = Bomb(made, 3 if eager else 1)
    deep = error is RecursionError and part == "layer"  # it becomes a ValueError that names the layer
    with pytest.raises(ValueError if deep else error) as caught:
        model.fit(X, Y, batch_size=BATCH, shuffle=False, verbose=0)
    assert made in (caught.value, caught.value.__cause__)
    parts[part].bomb = lambda: None
    check(model, before, last=Passing(), loss=Loss(), metrics=[Metric(name="own")], eager=eager)


@pytest.mark.parametrize("error", [Own, KeyboardInterrupt])
@pytest.mark.parametrize("method", ["predict", "evaluate"])
def test_prediction_and_evaluation(method, error):
    made = error("planted")
    model, before = make(), held()
    expected = model.predict(X, verbose=0)
    with pytest.raises(error) as caught:
        getattr(model, method)(Batches(Bomb(made)), verbose=0)
    assert caught.value is made
    assert held() == before
    np.testing.assert_array_equal(model.predict(X, verbose=0), expected)

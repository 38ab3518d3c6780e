"""Histories and results of every kind of data and option equal those of Keras, from the same weights."""

import warnings

import keras
import numpy as np
import pytest

import netlet

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 4)).astype(np.float32)
Y = X[:, :1] * 2
W = np.linspace(0.5, 2, 20).astype(np.float32)


def make(library, *, metrics=("mae",), weighted=None):
    model = library.Sequential([library.Input((4,)), library.layers.Dense(1)])
    compile_(model, library, "mse", metrics, weighted)
    model.set_weights([np.linspace(-1, 1, 4)[:, None], np.zeros(1)])
    return model


def compile_(model, library, loss, metrics, weighted=None):
    given = metrics(library) if callable(metrics) else list(metrics)
    model.compile(
        library.optimizers.SGD(0.05), loss, metrics=given, weighted_metrics=weighted, run_eagerly=library is keras
    )


def batches(count=5, weights=False, targets=True):
    for i in range(count):
        rows = slice(4 * i, 4 * i + 4)
        yield (X[rows], Y[rows], W[rows]) if weights else (X[rows], Y[rows]) if targets else (X[rows],)


def dataset(library, count=5, weights=False, single=False):
    class Dataset(library.utils.PyDataset):
        def __len__(self):
            return count

        def __getitem__(self, i):
            rows = slice(4 * i, 4 * i + 4)
            return X[rows] if single else (X[rows], Y[rows], W[rows]) if weights else (X[rows], Y[rows])

    return Dataset()


def fit(library, *data, metrics=("mae",), weighted=None, **keywords):
    model = make(library, metrics=metrics, weighted=weighted)
    return model.fit(*data, shuffle=False, verbose=0, **keywords).history


def recompiled(library):
    model = make(library)
    first = model.fit(X, Y, shuffle=False, verbose=0).history
    compile_(model, library, "mae", ["mse", "mae"])
    return first, model.fit(X, Y, shuffle=False, verbose=0).history, model.evaluate(X, Y, verbose=0)


def named(library):
    m = library.metrics
    return [m.MeanAbsoluteError(name="a"), m.MeanSquaredError(name="a"), m.MeanSquaredError(name="a")]


def dicts(library):
    a, b = library.Input((2,), name="a"), library.Input((2,), name="b")
    joined = library.layers.Concatenate()([a, b])
    model = library.Model({"a": a, "b": b}, {"o": library.layers.Dense(1, name="o")(joined)})
    compile_(model, library, "mse", [])
    model.set_weights([np.linspace(-1, 1, 4)[:, None], np.zeros(1)])

    def parts():
        for x, y in batches():
            yield {"a": x[:, :2], "b": x[:, 2:]}, {"o": y}

    inputs = {"a": X[:, :2], "b": X[:, 2:]}
    return (
        model.fit(parts(), shuffle=False, verbose=0).history,
        model.evaluate(inputs, {"o": Y}, verbose=0),
        model.predict(((x,) for x, _ in parts()), verbose=0)["o"],
        model.predict(inputs, batch_size=7, verbose=0)["o"],
    )


def on_batches(library):
    model = make(library, weighted=["mse"])
    return (
        model.train_on_batch(X, Y),
        model.train_on_batch(X, Y, sample_weight=W),
        model.train_on_batch(X, Y, return_dict=True),
        model.test_on_batch(X, Y, sample_weight=W, return_dict=True),
        model.test_on_batch(X, Y),
        model.predict_on_batch(X),
    )


def continued(library):
    model = make(library)
    history = model.fit(X, Y, epochs=4, initial_epoch=2, shuffle=False, verbose=0)
    return history.epoch, history.history


CASES = {
    "metrics of one name": lambda lib: fit(lib, X, Y, metrics=("mae", "mae", "mse"), epochs=2),
    "weighted of one name": lambda lib: fit(lib, X, Y, weighted=["mae", "mae"], sample_weight=W, epochs=2),
    "objects of one name": lambda lib: fit(lib, X, Y, metrics=named, epochs=2),
    "batch larger than data": lambda lib: fit(lib, X, Y, batch_size=100, epochs=2),
    "initial epoch": continued,
    "several compiles": recompiled,
    "dicts": dicts,
    "single batches": on_batches,
    "dataset with weights": lambda lib: fit(lib, dataset(lib, weights=True), weighted=["mae"], epochs=2),
    "generator with weights": lambda lib: fit(lib, batches(weights=True), weighted=["mae"]),
    "validation split with weights": lambda lib: fit(
        lib, X, Y, sample_weight=W, validation_split=0.3, weighted=["mae"], epochs=3
    ),
    "validation arrays with weights": lambda lib: fit(
        lib,
        X,
        Y,
        validation_data=(X, Y, W),
        validation_batch_size=6,
        validation_steps=2,
        validation_freq=2,
        weighted=["mae"],
        epochs=4,
    ),
    "validation dataset": lambda lib: fit(lib, dataset(lib), validation_data=dataset(lib, weights=True), epochs=2),
    "validation dataset, steps": lambda lib: fit(lib, X, Y, validation_data=dataset(lib), validation_steps=2, epochs=3),
    "validation generator": lambda lib: fit(lib, X, Y, validation_data=batches(weights=True)),
    "evaluate": lambda lib: make(lib).evaluate(X, Y, batch_size=3, sample_weight=W, return_dict=True, verbose=0),
    "evaluate generator": lambda lib: make(lib, weighted=["mse"]).evaluate(batches(weights=True), verbose=0),
    "evaluate dataset, steps": lambda lib: make(lib).evaluate(dataset(lib), steps=3, verbose=0),
    "predict generator": lambda lib: make(lib).predict(batches(), verbose=0),
    "predict generator, steps": lambda lib: make(lib).predict(batches(targets=False), steps=2, verbose=0),
    "predict dataset of arrays": lambda lib: make(lib).predict(dataset(lib, single=True), verbose=0),
    "predict list": lambda lib: make(lib).predict([X], batch_size=3, verbose=0),
}
for steps in (None, 2, 3, 5, 7):
    for epochs in (1, 3):
        more = {"steps_per_epoch": steps, "epochs": epochs}
        CASES |= {
            f"arrays {steps} {epochs}": lambda lib, k=more: fit(lib, X, Y, batch_size=4, **k),
            f"arrays, no batch size {steps} {epochs}": lambda lib, k=more: fit(lib, X, Y, **k),
            f"dataset {steps} {epochs}": lambda lib, k=more: fit(lib, dataset(lib), **k),
        }
        if epochs == 1:  # Keras repeats the first two batches of a generator in later epochs
            CASES[f"generator {steps}"] = lambda lib, k=more: fit(lib, batches(), **k)


def compare(ours, theirs):
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for name in theirs:
            compare(ours[name], theirs[name])
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            compare(a, b)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_equals_keras(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # data that run out
        ours, theirs = (CASES[case](library) for library in (netlet, keras))
    compare(ours, theirs)

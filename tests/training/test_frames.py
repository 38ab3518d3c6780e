"""Frames and series of pandas, polars and Dask are arrays; a series is one column, as in Keras."""

import keras
import numpy as np
import pandas
import pytest

import netlet

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 3)).astype(np.float32)
Y = X[:, :1] * 2 + 1
LABELS = np.arange(20) % 2
FRAME = pandas.DataFrame(X, columns=["a", "b", "c"])


def make(library, inputs=3, units=1, loss="mse"):
    model = library.Sequential(
        [library.Input((inputs,)), library.layers.Dense(units, "softmax" if units > 1 else None)]
    )
    model.compile("sgd", loss, run_eagerly=library is keras)
    model.set_weights([np.linspace(-1, 1, inputs * units).reshape(inputs, units), np.zeros(units)])
    return model


class Dask:
    """The part of a Dask collection that is used: it is computed on demand."""

    def __init__(self, frame):
        self.frame = frame

    def __dask_graph__(self):
        return {}

    def compute(self):
        return self.frame


class LazyFrame:
    """The part of a polars LazyFrame that is used."""

    def __init__(self, frame):
        self.frame = frame

    def collect(self):
        return self.frame


@pytest.mark.parametrize("weights", [False, True])
def test_frames_train_as_in_keras(weights):
    histories = []
    for library in (netlet, keras):
        model = make(library)
        series = pandas.Series(np.linspace(0.5, 2, 20)) if weights else None
        arguments = {"sample_weight": series, "batch_size": 8, "shuffle": False, "epochs": 2, "verbose": 0}
        history = model.fit(FRAME, pandas.Series(Y[:, 0]), validation_data=(FRAME, Y), **arguments).history
        histories.append(history)
        np.testing.assert_allclose(model.predict(FRAME, verbose=0), model.predict(X, verbose=0), rtol=1e-6)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-5)


def test_a_series_is_one_column():
    losses = []
    for library in (netlet, keras):
        model = make(library, 1)
        assert model.predict(FRAME["a"], verbose=0).shape == (20, 1)
        losses.append(model.evaluate(FRAME["a"], pandas.Series(Y[:, 0]), verbose=0))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    for library in (netlet, keras):
        model = make(library, 3, 2, "sparse_categorical_crossentropy")
        losses.append(
            model.fit(
                FRAME, pandas.Series(LABELS), class_weight={0: 3.0}, validation_split=0.5, shuffle=False, verbose=0
            ).history
        )
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(losses[2][name], losses[3][name], rtol=1e-5)


@pytest.mark.parametrize("lazy", [Dask, LazyFrame])
def test_lazy_frames_are_computed(lazy):
    model = make(netlet)
    np.testing.assert_array_equal(model.predict(lazy(FRAME), verbose=0), model.predict(X, verbose=0))
    model.fit(lazy(FRAME), lazy(pandas.Series(Y[:, 0])), verbose=0)
    np.testing.assert_array_equal(model.predict_on_batch(lazy(FRAME)), model.predict(X, verbose=0))


def test_columns_of_different_dtypes():
    frame = pandas.DataFrame({"a": X[:, 0], "b": LABELS == 1, "c": np.arange(20)})
    model = make(netlet)
    expected = model.predict(np.stack([X[:, 0], LABELS == 1, np.arange(20)], axis=1), verbose=0)
    np.testing.assert_array_equal(model.predict(frame, verbose=0), expected)
    np.testing.assert_array_equal(model.predict(frame.convert_dtypes(), verbose=0), expected)
    frame["b"] = "text"
    with pytest.raises(ValueError, match=r"predict\(x\).*dtype is object"):
        model.predict(frame, verbose=0)

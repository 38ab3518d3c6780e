"""Frames and series of pandas, polars, Dask and PyArrow are arrays; a series is one column, as in Keras."""

import keras
import numpy as np
import pandas
import polars
import pyarrow
import pytest

import netlet
from netlet import layers
from netlet.base.frames import frame_to_numpy

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
    with pytest.raises(ValueError, match=r"predict\(x\).*column 'b' has dtype (str|object), expected numbers"):
        model.predict(frame, verbose=0)


# ---- each library's own containers -----------------------------------------------------------------------------------
POLARS, ARROW = polars.DataFrame(FRAME), pyarrow.Table.from_pandas(FRAME)
CONTAINERS = {
    "nullable": (FRAME.astype("Float32"), pandas.Series(Y[:, 0], dtype="Float32")),
    "pandas of Arrow": (FRAME.astype("float[pyarrow]"), pandas.Series(Y[:, 0], dtype="float[pyarrow]")),
    "other labels": (FRAME.set_axis(range(100, 120)), pandas.Series(Y[:, 0], index=range(20)[::-1])),
    "polars": (POLARS, POLARS["a"] * 2 + 1),
    "lazy": (POLARS.lazy(), POLARS.lazy().select(polars.col("a") * 2 + 1)),
    "table": (ARROW, pyarrow.table({"y": Y[:, 0]})),
    "batch": (ARROW.to_batches()[0], pyarrow.array(Y[:, 0])),
    "chunks": (pyarrow.concat_tables([ARROW[:7], ARROW[7:]]), pyarrow.chunked_array([Y[:3, 0], Y[3:, 0]])),
    "lists": (pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(X.ravel()), 3), pyarrow.array(Y[:, 0])),
    "tensors": (pyarrow.FixedShapeTensorArray.from_numpy_ndarray(X), pyarrow.array(Y[:, 0])),
    "lists of polars": (polars.Series("x", X), polars.Series("y", Y[:, 0])),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_train_as_arrays(name):
    x, y = CONTAINERS[name]
    losses = []
    for a, b in ((X, Y), (x, y)):
        model = make(netlet)
        weights = None if a is X else y
        fitted = model.fit(a, b, validation_data=(a, b, weights), shuffle=False, epochs=2, verbose=0)
        losses.append((fitted.history["loss"], model.evaluate(a, b, verbose=0), model.predict(a, verbose=0).tolist()))
    assert losses[0] == losses[1]


def missing(frame):
    frame = frame.copy()
    frame.iloc[3, 1] = pandas.NA
    return frame


WITH_B = {
    "pandas NA": (missing(FRAME.astype("Float32")), "column 'b' has a missing value in row 3"),
    "Arrow NA": (missing(FRAME.astype("float[pyarrow]")), "column 'b' has a missing value in row 3"),
    "categories": (FRAME.assign(b=pandas.Categorical(["u", "v"] * 10)), "column 'b' is categorical"),
    "dates": (FRAME.assign(b=pandas.date_range("2020", periods=20)), "column 'b' has dtype datetime64"),
    "time spans": (FRAME.assign(b=pandas.to_timedelta(np.arange(20))), "column 'b' has dtype timedelta64"),
    "texts": (FRAME.assign(b="t"), "column 'b' has dtype .*: encode it"),
    "objects": (FRAME.assign(b=[None] * 20), "column 'b' has dtype object, expected numbers"),
    "polars null": (
        POLARS.with_columns(b=polars.when(polars.int_range(polars.len()) != 4).then("b")),
        "column 'b' has a missing value in row 4",
    ),
    "polars texts": (POLARS.with_columns(b=polars.lit("x")), "column 'b' has dtype String"),
    "polars categories": (
        POLARS.with_columns(b=polars.lit("x").cast(polars.Categorical)),
        "column 'b' is categorical",
    ),
    "polars dates": (POLARS.with_columns(b=polars.date(2020, 1, 1)), "column 'b' has dtype Date"),
    "table null": (
        ARROW.set_column(1, "b", pyarrow.array([1.0, None, *[1.0] * 18])),
        "column 'b' has a missing value in row 1",
    ),
    "table texts": (ARROW.set_column(1, "b", pyarrow.array(["x"] * 20)), "column 'b' has type string"),
    "table dates": (
        ARROW.set_column(1, "b", pyarrow.array(np.arange(20).astype("M8[s]"))),
        "column 'b' has type timestamp",
    ),
    "a series": (pandas.Series(["x"]), "the series has dtype"),
    "an array": (pyarrow.array([1, None]), "the series has a missing value in row 1"),
}


@pytest.mark.parametrize("name", WITH_B)
def test_a_column_without_numbers_is_named(name):
    frame, message = WITH_B[name]
    with pytest.raises(ValueError, match=rf"predict\(x\): expected an array of numbers: {message}"):
        make(netlet).predict(frame, verbose=0)


def test_a_missing_number_of_pandas_is_nan():
    frame = FRAME.copy()
    frame.iloc[3, 1] = np.nan
    assert np.isnan(make(netlet).predict(frame, verbose=0)).sum() == 1


def test_categories_that_are_numbers_are_their_values():
    frame = FRAME.assign(b=pandas.Categorical([5, 7] * 10))
    np.testing.assert_array_equal(frame_to_numpy(frame)[:, 1], [5, 7] * 10)


def dtypes(frame):
    return frame_to_numpy(frame).dtype.name


def test_dtypes_of_several_columns():
    for make_frame in (pandas.DataFrame, polars.DataFrame, pyarrow.table):
        assert dtypes(make_frame({"a": np.ones(2, "f4"), "b": np.ones(2, "f8")})) == "float64"
        assert dtypes(make_frame({"a": np.ones(2, "f4"), "b": np.ones(2, "f4")})) == "float32"
        assert dtypes(make_frame({"a": np.ones(2, "u1"), "b": np.ones(2, "i4")})) == "int32"
        assert dtypes(make_frame({"a": np.ones(2, "?"), "b": np.ones(2, "f4")})) == "float64"
        assert dtypes(make_frame({"a": np.ones(2, "?"), "b": np.ones(2, "?")})) == "bool"


def test_one_column_is_read_in_place():
    x = np.arange(5, dtype="float32")
    for column in (pandas.Series(x, copy=False), polars.Series(x), pyarrow.array(x), pyarrow.table({"x": x})):
        values = frame_to_numpy(column)
        assert values.shape == (5, 1) and not values.flags.owndata
    array = pyarrow.array(x)
    assert frame_to_numpy(array).__array_interface__["data"][0] == array.buffers()[1].address


def test_a_dict_of_columns():
    inputs = [netlet.Input((1,), name=name) for name in "abc"]
    model = netlet.Model(inputs, layers.Dense(1)(layers.Concatenate()(inputs)))
    expected = model.predict([X[:, :1], X[:, 1:2], X[:, 2:]], verbose=0)
    for columns in (dict(FRAME), POLARS.to_dict(), {name: ARROW[name] for name in "abc"}):
        np.testing.assert_array_equal(model.predict(columns, verbose=0), expected)


# ---- layers that learn from columns ----------------------------------------------------------------------------------
@pytest.mark.parametrize("column", [pandas.Series, polars.Series, pyarrow.array, lambda x: pyarrow.chunked_array([x])])
def test_layers_adapt_to_columns(column):
    normalization = layers.Normalization(axis=None)
    normalization.adapt(column(X[:, 0]))
    np.testing.assert_allclose(normalization.mean, X[:, 0].mean(), rtol=1e-5)
    lookup = layers.StringLookup()
    lookup.adapt(column(["a", "b", "a"]))
    assert lookup.get_vocabulary() == ["[UNK]", "a", "b"]
    assert np.asarray(lookup(column(["b", "a"]))).tolist() == [2, 1]
    buckets = layers.Discretization(num_bins=2)
    buckets.adapt(column(np.arange(10.0)))
    assert len(buckets.bin_boundaries) == 1


@pytest.mark.parametrize(
    "columns",
    [dict, lambda f: polars.DataFrame(f).to_dict(), lambda f: {n: pyarrow.array(f[n]) for n in f}],
    ids=["pandas", "polars", "Arrow"],
)
def test_a_feature_space_of_columns(columns):
    frame = pandas.DataFrame({"age": X[:, 0], "town": ["u", "v"] * 10})
    space = netlet.utils.FeatureSpace({"age": "float_normalized", "town": "string_categorical"}, output_mode="concat")
    space.adapt(columns(frame))
    encoded = np.asarray(space(columns(frame)))
    assert encoded.shape == (20, 4)
    np.testing.assert_allclose(encoded[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_array_equal(encoded[:, 1:].sum(1), 1)

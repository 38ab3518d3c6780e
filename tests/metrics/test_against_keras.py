"""Every metric over several batches, with and without sample weights, against Keras's results."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import _core, metrics
from support import keras64

BATCHES = 3
N, C = 7, 4


def batches(kind: str, shape: tuple[int, ...] = (N, C)):
    rng = np.random.default_rng(sum(map(ord, kind)))
    for _ in range(BATCHES):
        x = rng.uniform(0.02, 0.98, shape)
        if kind == "labels":
            yield rng.integers(0, shape[-1], shape[:-1]), x
        elif kind == "label column":
            yield rng.integers(0, shape[-1], (*shape[:-1], 1)), x
        elif kind == "one hot":
            yield np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])], x / x.sum(-1, keepdims=True)
        elif kind == "bits":
            yield rng.integers(0, 2, shape).astype(float), x
        elif kind == "equal":
            yield rng.integers(0, 3, shape).astype(float), rng.integers(0, 3, shape).astype(float)
        elif kind == "ties":
            yield np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])], rng.integers(0, 2, shape).astype(float)
        elif kind == "signs":
            yield rng.integers(0, 2, shape) * 2.0 - 1, rng.normal(size=shape)
        else:
            yield rng.uniform(0.1, 2, shape), rng.uniform(0.1, 2, shape)


CASES = {
    "mse": ("MeanSquaredError", {}, "numbers"),
    "rmse": ("RootMeanSquaredError", {}, "numbers"),
    "mae": ("MeanAbsoluteError", {}, "numbers"),
    "mape": ("MeanAbsolutePercentageError", {}, "numbers"),
    "msle": ("MeanSquaredLogarithmicError", {}, "numbers"),
    "cosine": ("CosineSimilarity", {}, "numbers"),
    "logcosh": ("LogCoshError", {}, "numbers"),
    "poisson": ("Poisson", {}, "numbers"),
    "hinge": ("Hinge", {}, "signs"),
    "squared hinge": ("SquaredHinge", {}, "signs"),
    "categorical hinge": ("CategoricalHinge", {}, "one hot"),
    "kld": ("KLDivergence", {}, "one hot"),
    "bce": ("BinaryCrossentropy", {"label_smoothing": 0.1}, "bits"),
    "cce": ("CategoricalCrossentropy", {"label_smoothing": 0.1}, "one hot"),
    "cce logits": ("CategoricalCrossentropy", {"from_logits": True}, "one hot"),
    "scce": ("SparseCategoricalCrossentropy", {}, "labels"),
    "scce ignore": ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "labels"),
    "accuracy": ("Accuracy", {}, "equal"),
    "binary accuracy": ("BinaryAccuracy", {}, "bits"),
    "binary accuracy threshold": ("BinaryAccuracy", {"threshold": 0.8}, "bits"),
    "categorical accuracy": ("CategoricalAccuracy", {}, "one hot"),
    "categorical accuracy ties": ("CategoricalAccuracy", {}, "ties"),
    "sparse accuracy": ("SparseCategoricalAccuracy", {}, "labels"),
    "top k accuracy": ("TopKCategoricalAccuracy", {"k": 2}, "one hot"),
    "top k accuracy ties": ("TopKCategoricalAccuracy", {"k": 1}, "ties"),
    "sparse top k accuracy": ("SparseTopKCategoricalAccuracy", {"k": 2}, "labels"),
    "sparse accuracy column": ("SparseCategoricalAccuracy", {}, "label column"),
}


def weights(how, values):
    """Sample weights of the given kind for values of the shape `values`; None for "none"."""
    rng = np.random.default_rng(5)
    first = values[:1]
    shape = {"none": None, "batch": first, "column": (*first, 1), "each": values, "one": ()}[how]
    return None if shape is None else rng.uniform(0, 2, shape)


@pytest.mark.parametrize("how", ["none", "batch", "column", "each"])
@pytest.mark.parametrize("shape", [(N, C), (N, 3, C), (N, 1)], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_update_and_result(case, shape, how):
    name, arguments, kind = CASES[case]
    elementwise = name in ("Accuracy", "BinaryAccuracy", "RootMeanSquaredError")
    values = shape if elementwise else shape[:-1]
    if shape[-1] == 1 and name in ("CategoricalHinge", "CategoricalCrossentropy"):
        pytest.skip("one class is none")
    if "ignore_class" in arguments and len(values) > 1 and how == "batch":
        pytest.skip("Keras fails to broadcast its mask")
    w = weights(how, values)
    ours = getattr(metrics, name)(**arguments)
    with keras64.float64():
        theirs = getattr(keras.metrics, name)(**arguments, dtype="float64")
        for t, x in batches(kind, shape):
            theirs.update_state(t, x, sample_weight=w)
            ours.update_state(t, x, sample_weight=w)
        expected = float(theirs.result())
    assert float(ours.result()) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    ours.reset_state()
    assert float(ours.result()) == 0
    assert all(float(v) == 0 for v in ours.variables)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize("how", ["none", "batch", "column", "each", "one", "float"])
@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 3, 2), (5, 1), ()], ids=str)
def test_mean_and_sum(name, shape, how):
    if shape == () and how in ("batch", "column"):
        pytest.skip("a number has no batch")
    rng = np.random.default_rng(8)
    ours = getattr(metrics, name)()
    with keras64.float64():
        theirs = getattr(keras.metrics, name)(dtype="float64")
        for _ in range(BATCHES):
            v = rng.normal(size=shape)
            w = 2.5 if how == "float" else weights(how, shape)
            theirs.update_state(v, sample_weight=w)
            ours.update_state(v, sample_weight=w)
        assert float(ours.result()) == pytest.approx(float(theirs.result()), rel=1e-12)
        for a, b in zip(ours.variables, theirs.variables, strict=True):
            assert float(a) == pytest.approx(float(b), rel=1e-12)


def test_a_mean_over_an_epoch_is_exact():
    rng = np.random.default_rng(9)
    values = rng.uniform(0, 1, 100_000).astype("float32")
    m = metrics.Mean()
    for i in range(0, len(values), 32):
        m.update_state(values[i : i + 32])
    assert float(m.result()) == pytest.approx(values.astype("float64").mean(), rel=1e-14)


@pytest.mark.parametrize("case", CASES)
def test_configs_go_there_and_back(case):
    name, arguments, _ = CASES[case]
    original = getattr(metrics, name)(**arguments, name="mine")
    again = metrics.deserialize(metrics.serialize(original))
    assert type(again) is type(original)
    assert again.get_config() == original.get_config()
    theirs = getattr(keras.metrics, name)(**arguments)
    ours = getattr(metrics, name)(**arguments)
    assert theirs.get_config().items() <= ours.get_config().items()
    assert type(metrics.deserialize(keras.metrics.serialize(theirs))) is type(original)
    assert [v.name for v in ours.variables] == [v.name for v in theirs.variables]


@pytest.mark.parametrize(
    "name",
    [
        "mse",
        "MSE",
        "mae",
        "mape",
        "msle",
        "bce",
        "accuracy",
        "mean_squared_error",
        "categorical_accuracy",
        "KLDivergence",
    ],
)
def test_names(name):
    assert type(metrics.get(name)).__name__ == type(keras.metrics.get(name)).__name__
    assert metrics.get(name).name == keras.metrics.get(name).name


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match="categorical_accuracy"):
        metrics.get("categorical_acuracy")
    assert metrics.get(None) is None
    f = metrics.get(netlet.losses.huber)
    assert f is netlet.losses.huber
    assert isinstance(metrics.get(metrics.Mean), metrics.Mean)


@pytest.mark.parametrize(
    ("function", "kind"),
    [("binary_accuracy", "bits"), ("categorical_accuracy", "ties"), ("sparse_categorical_accuracy", "labels")],
)
def test_functions(function, kind):
    for shape in ((N, C), (N, 3, C), (N, 1)):
        t, x = next(iter(batches(kind, shape)))
        ours, theirs = getattr(metrics, function)(t, x), getattr(keras.metrics, function)(t, x)
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, np.asarray(theirs))


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_update_gives_the_eager_state(case):
    name, arguments, kind = CASES[case]
    eager, recorded = getattr(metrics, name)(**arguments), getattr(metrics, name)(**arguments)
    data = [(t.astype("float32"), x.astype("float32")) for t, x in batches(kind)]
    w = np.linspace(0, 2, N).astype("float32")
    tape = _core.Tape(record=True)
    with tape:
        t = tape.input(data[0][0].shape, "float32", "t")
        x = tape.input(data[0][1].shape, "float32", "x")
        weight = tape.input(w.shape, "float32", "w")
        recorded.update_state(t, x, sample_weight=weight)
        plan = tape.compile([])
    for t, x in data:
        eager.update_state(t, x, sample_weight=w)
        plan.run([t, x, w])
    assert float(recorded.result()) == float(eager.result()) != 0
    if name.endswith("Accuracy") and "TopK" not in name:  # these have their own kernels
        assert len(plan.records()) == 1
    recorded.reset_state()
    plan.run([*data[0], w])
    eager.reset_state()
    eager.update_state(*data[0], sample_weight=w)
    assert float(recorded.result()) == float(eager.result())


def test_a_metric_of_ones_own():
    class Share(metrics.Metric):
        def __init__(self, name="share", **kwargs):
            super().__init__(name=name, **kwargs)
            self.hits = self.add_weight(name="hits", initializer="zeros")
            self.all = self.add_variable(shape=(), initializer="zeros", name="all")
            self.inner = metrics.Mean(name="inner")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.hits.assign_add(netlet.ops.sum(netlet.ops.cast(netlet.ops.equal(y_true, y_pred), "float32")))
            self.all.assign_add(float(y_true.shape[0]))
            self.inner.update_state(y_pred)

        def result(self):
            return self.hits / self.all

    m = Share()
    assert [v.name for v in m.variables] == ["hits", "all", "total", "count"]
    assert float(m(np.array([1.0, 2.0]), np.array([1.0, 3.0]))) == 0.5
    m.reset_state()
    assert [float(v) for v in m.variables] == [0, 0, 0, 0]
    assert m.get_config() == {"name": "share", "dtype": "float32"}


def test_forgetting_the_constructor_is_told():
    class Broken(metrics.Metric):
        def __init__(self):
            self.x = 1

    with pytest.raises(RuntimeError, match="super"):
        Broken()


def test_nan_never_counts_as_right(isa):
    x = np.array([[np.nan, 0.5], [0.2, np.nan], [0.1, 0.9]])
    assert metrics.sparse_categorical_accuracy([0, 0, 1], x).tolist() == [0, 0, 1]
    assert metrics.categorical_accuracy(np.eye(2)[[0, 0, 1]], x).tolist() == [0, 0, 1]
    assert metrics.binary_accuracy([[1.0]], [[np.nan]]).tolist() == [[0.0]]


def test_labels_that_name_no_class_are_wrong(isa):
    x = np.array([[0.1, 0.9]] * 5)
    labels = np.array([1.0, 7.0, -1.0, 1.5, np.nan])
    assert metrics.sparse_categorical_accuracy(labels, x).tolist() == [1, 0, 0, 0, 0]


def test_errors_name_the_shapes():
    with pytest.raises(ValueError, match=r"\(4, 2\).*\(4, 3\)"):
        metrics.categorical_accuracy(np.zeros((4, 3)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"\(4, 2\).*\(5,\)"):
        metrics.SparseCategoricalAccuracy().update_state(np.zeros(5), np.zeros((4, 2)))

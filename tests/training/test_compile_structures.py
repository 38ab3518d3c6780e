"""Losses, loss weights, metrics, targets and sample weights in every structure that Keras takes, against its logs."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet.base.tree import flatten

RNG = np.random.default_rng(0)
N = 8
X = RNG.normal(size=(N, 3)).astype("float32")
# What belongs to the outputs a (two numbers), b (a probability) and c (four classes).
Y = {
    "a": RNG.normal(size=(N, 2)).astype("float32"),
    "b": RNG.integers(0, 2, (N, 1)).astype("float32"),
    "c": RNG.integers(0, 4, N).astype("int32"),
}
NUMBERS = {**Y, "c": np.eye(4, dtype="float32")[Y["c"]]}
WEIGHTS = {k: RNG.uniform(0.5, 2, N).astype("float32") for k in "abc"}
LOSSES = {"a": "mse", "b": "crossentropy", "c": "CE"}
FACTORS = {"a": 0.5, "b": 2.0, "c": 3.0}
METRICS = {"a": "mae", "b": "acc", "c": "Accuracy"}
LISTS = {"a": ["mae", "mse"], "b": ["accuracy"], "c": []}

# Outputs by letter in their structures. Their layers are called "la", "lb", "lc".
STRUCTURES = {
    "one": "a",
    "list of one": ["a"],
    "dict of one": {"k": "a"},
    "list": ["a", "b", "c"],
    "tuple": ("a", "b"),
    "dict": {"z": "a", "m": "b"},
    "dict of layers' names": {"lb": "b", "la": "a"},
    "nested": {"x": "a", "y": {"u": "b", "v": "c"}},
    "nested list": [["a", "b"], "c"],
    "dict of lists": {"s": ["a", "b"], "t": "c"},
}


def filled(structure, values):
    """The structure with `values` in place of the letters."""
    if isinstance(structure, dict):
        return {k: filled(v, values) for k, v in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(filled(v, values) for v in structure)
    return values[structure]


def letters(structure):
    return flatten(structure)


def make(library, name):
    inputs = library.Input((3,))
    dense = library.layers.Dense
    outputs = {
        "a": dense(2, name="la")(inputs),
        "b": dense(1, activation="sigmoid", name="lb")(inputs),
        "c": dense(4, activation="softmax", name="lc")(inputs),
    }
    return library.Model(inputs, filled(STRUCTURES[name], outputs))


@pytest.fixture(scope="module")
def models():
    """Pairs of models with the same weights, by structure."""
    pairs = {}
    for name in STRUCTURES:
        ours, theirs = make(netlet, name), make(keras, name)
        theirs.set_weights(ours.get_weights())
        pairs[name] = ours, theirs
    return pairs


def logs(model, y, sample_weight=None, **arguments):
    arguments.setdefault("metrics", [])  # without it Keras keeps the metrics of the last compile
    model.compile("sgd", run_eagerly=True, **arguments)
    found = model.evaluate(X, y, sample_weight=sample_weight, batch_size=4, verbose=0, return_dict=True)
    return {name: float(value) for name, value in found.items()}


def agree(pair, y, **arguments):
    ours, theirs = (logs(model, y, **arguments) for model in pair)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=2e-5, err_msg=name)


@pytest.mark.parametrize("name", STRUCTURES)
def test_the_outputs_structure(models, name):
    s = STRUCTURES[name]
    y, factors = filled(s, Y), filled(s, FACTORS)
    agree(models[name], y, loss=filled(s, LOSSES), loss_weights=factors if letters(s) != ["a"] else 0.5)
    lists = {"metrics": filled(s, LISTS), "weighted_metrics": filled(s, LISTS)}
    if name == "one":
        lists = {k: ["mae", "mse"] for k in lists}
    agree(models[name], y, loss=filled(s, LOSSES), sample_weight=filled(s, WEIGHTS), **lists)


@pytest.mark.parametrize("name", STRUCTURES)
def test_flat_lists(models, name):
    s = STRUCTURES[name]
    flat = letters(s)
    arguments = {"loss": [LOSSES[k] for k in flat], "loss_weights": [FACTORS[k] for k in flat]}
    agree(models[name], [Y[k] for k in flat], **arguments)
    if name in ("list", "tuple", "dict", "one"):  # in deeper structures Keras wants metrics in the same structure
        agree(models[name], filled(s, Y), loss=filled(s, LOSSES), metrics=[METRICS[k] for k in flat])


@pytest.mark.parametrize("name", ["one", "list", "tuple", "nested list", "dict of layers' names"])
def test_names_of_layers(models, name):
    s = STRUCTURES[name]
    named = {f"l{k}": k for k in letters(s)}
    agree(models[name], filled(s, Y), loss=filled(named, LOSSES), loss_weights=filled(named, FACTORS))
    if name not in ("one", "nested list"):
        agree(models[name], filled(named, Y), loss=filled(named, LOSSES), metrics=filled(named, LISTS))


@pytest.mark.parametrize("name", STRUCTURES)
def test_one_for_all(models, name):
    s = STRUCTURES[name]
    metrics = {"metrics": ["mae"]} if letters(s) == ["a"] else {}
    agree(models[name], filled(s, NUMBERS), loss="mse", sample_weight=WEIGHTS["a"], **metrics)


@pytest.mark.parametrize("drop", "abc")
@pytest.mark.parametrize("name", ["list", "nested", "nested list", "dict of lists"])
def test_outputs_without_a_loss_or_metric(models, name, drop):
    s = STRUCTURES[name]
    losses, given = filled(s, {**LOSSES, drop: None}), [Y[k] for k in letters(s) if k != drop]
    agree(models[name], filled(s, Y), loss=losses, metrics=filled(s, {**METRICS, drop: None}))
    agree(models[name], given, loss=losses)


def difference(y_true, y_pred):
    """A loss of a structure: the mean absolute error of all parts."""
    parts = zip(flatten(y_true), flatten(y_pred), strict=True)
    return sum(abs(t - p) for t, p in parts)[:, 0]


WHOLE = {
    "all outputs": ("pair", [difference, ("mse", None)]),
    "a part": ("dict of pairs", {"s": [difference, ("mse", "mae")], "t": "mse"}),
    "a part without a list": ("dict of pairs", {"s": difference, "t": ["mse"]}),
    "several losses of one output": ("dict of pairs", {"s": ["mse", None], "t": ["mse", "mae"]}),
}


@pytest.mark.parametrize("case", WHOLE)
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_of_parts_of_the_structure(case, weighted):
    name, loss = WHOLE[case]
    structure = ("a", "b") if name == "pair" else {"s": ("a", "b"), "t": "c"}
    pair = []
    for library in (netlet, keras):
        inputs = library.Input((3,))
        outputs = {n: library.layers.Dense(2, name=f"l{n}")(inputs) for n in "abc"}
        pair.append(library.Model(inputs, filled(structure, outputs)))
    pair[1].set_weights(pair[0].get_weights())
    y = filled(structure, {n: RNG.normal(size=(N, 2)).astype("float32") for n in "abc"})
    factors = {"loss_weights": [0.5, 2.0, 3.0, 1.5][: len(flatten(loss))]} if weighted else {}
    found = [logs(model, y, loss=loss, sample_weight=WEIGHTS["a"], **factors) for model in pair]
    # Of two losses of one output, Keras reports the second under the name of both.
    found[0] = {k: v for k, v in found[0].items() if f"{k}_1" not in found[0]}
    assert {k.removesuffix("_1"): pytest.approx(v, rel=2e-5) for k, v in found[0].items()} == found[1]
    pair[0].compile("sgd", loss)
    assert np.isfinite(pair[0].fit(X, y, verbose=0).history["loss"]).all()


@pytest.mark.parametrize("loss", ["mse", ["mse", "mae"], [["mse"], None]], ids=str)
def test_outputs_of_a_class_have_no_names(loss):
    pair = []
    for library in (netlet, keras):

        class Two(library.Model):
            def __init__(self, layers):
                super().__init__()
                self.a, self.b = layers.Dense(2), layers.Dense(2)

            def call(self, x):
                return [self.a(x), self.b(x)]

        pair.append(Two(library.layers))
        pair[-1](X)
    pair[1].set_weights(pair[0].get_weights())
    y = [Y["a"], Y["a"]]
    if loss == "mse":  # Keras reports only the second of two losses of one name
        assert set(logs(pair[0], y, loss=loss)) == {"loss", "mse_loss", "mse_loss_1"}
    else:
        agree(pair, y, loss=loss, metrics=[["mae"], ["mae"]])


SINGLE = {
    "list": {"loss": ["mse"], "metrics": ["mae"]},
    "lists": {"loss": [["mse"]], "metrics": [["mae"], ["mse"]]},
    "dict": {"loss": {"la": "mse"}, "metrics": {"la": ["mae"]}},
    "dict of lists": {"loss": {"la": ["mse"]}, "weighted_metrics": {"la": ["mae"]}},
    "another name": {"loss": "mse", "metrics": {"any": "mae"}},
    "factors in a list": {"loss": "mse", "loss_weights": [0.5]},
    "factors in a tuple": {"loss": ["mse"], "loss_weights": (0.5,)},
    "upper case": {"loss": "MSE", "metrics": ["ACC", "Accuracy"]},
}


@pytest.mark.parametrize("form", SINGLE)
def test_forms_for_a_single_output(models, form):
    agree(models["one"], Y["a"], **SINGLE[form])


@pytest.mark.parametrize("name", ["list", "nested", "dict"])
def test_a_recorded_step_computes_the_same(models, name):
    s, model = STRUCTURES[name], models[name][0]
    before = model.get_weights()
    histories = []
    for run_eagerly in (True, False):
        model.set_weights(before)
        model.compile(
            netlet.optimizers.SGD(0.1),
            filled(s, LOSSES),
            filled(s, FACTORS),
            metrics=filled(s, LISTS),
            run_eagerly=run_eagerly,
        )
        fit = {"batch_size": 4, "epochs": 2, "shuffle": False, "verbose": 0}
        histories.append(model.fit(X, filled(s, Y), sample_weight=filled(s, WEIGHTS), **fit).history)
    model.set_weights(before)
    assert histories[0].keys() == histories[1].keys()
    for key, values in histories[0].items():
        np.testing.assert_allclose(histories[1][key], values, rtol=1e-5, err_msg=key)


@pytest.mark.parametrize(
    ("outputs", "y_shape", "kind"),
    [(1, (N, 1), "binary_crossentropy"), (3, (N,), "sparse_categorical_crossentropy")],
)
def test_crossentropy_is_chosen_by_shape(outputs, y_shape, kind):
    inputs = netlet.Input((3,))
    model = netlet.Model(inputs, netlet.layers.Dense(outputs, activation="sigmoid")(inputs))
    y = RNG.integers(0, 2, y_shape)
    found = [logs(model, y, loss=loss)["loss"] for loss in ("crossentropy", "CE", kind)]
    assert found[0] == found[1] == found[2]
    model.compile("sgd", "crossentropy")
    y = y.copy()
    y[5] = 7
    if outputs > 1:
        model.fit(X[:4], y[:4], verbose=0)
        with pytest.raises(ValueError, match="labels are 0 to 2; row 5 has 7"):
            model.fit(X, y, verbose=0)


def test_labels_are_fed_to_the_outputs_they_belong_to():
    """Also where the keys of the losses are not in the order of the outputs, and where y has labels alone."""
    inputs = netlet.Input((1,))
    seen = {}

    class Labels(netlet.losses.Loss):
        wants_integer_labels = True

        def call(self, y_true, y_pred):
            return netlet.ops.mean(y_pred, axis=-1)

        def __call__(self, y_true, y_pred, sample_weight=None):
            seen["labels"] = y_true.dtype
            return super().__call__(y_true, y_pred, sample_weight)

    z, a = netlet.layers.Dense(2, name="z")(inputs), netlet.layers.Dense(2, name="a")(inputs)
    model = netlet.Model(inputs, [z, a])
    labels, numbers = np.ones((4, 2), "int64"), np.ones((4, 2), "float32")
    for y in ({"z": labels, "a": numbers}, [labels, numbers]):
        model.compile("sgd", {"a": "mse", "z": Labels()})
        model.fit(np.ones((4, 1)), y, verbose=0)
        assert seen.pop("labels") == "int32"
    model.compile("sgd", [None, Labels()])
    for batch_size in (4, 2):  # each size is recorded
        model.evaluate(np.ones((4, 1)), labels, verbose=0, batch_size=batch_size)
        assert seen.pop("labels") == "int32"


WRONG = {
    "a name of none": ("list", {"loss": {"la": "mse", "ld": "mse"}}, r"loss=\): expected names.*'lc'.*\['ld'\]"),
    "too many": ("tuple", {"loss": ("mse",) * 3}, r"outputs \['la', 'lb'\], whose part is .*received tuple \('mse'"),
    "two for one": ("one", {"loss": ["mse", "mae"]}, "expected one item for the output 'la', received 2"),
    "a structure for a leaf": ("nested", {"loss": {"x": {"u": "mse"}}}, r"part at \('x',\) is 'la'; received dict"),
    "another structure": ("nested list", {"loss": ["mse", "mse", ["mse"]]}, r"whose part is \[\['la'.*received list"),
    "factors": ("list", {"loss": "mse", "loss_weights": [1.0, 2.0]}, r"number of losses: expected 3 items.*received 2"),
    "metrics": ("nested", {"loss": "mse", "metrics": {"y": {"w": "mae"}}}, r"metrics=\): expected 3 items"),
}


@pytest.mark.parametrize("case", WRONG)
def test_errors_show_the_outputs(models, case):
    name, arguments, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        logs(models[name][0], filled(STRUCTURES[name], NUMBERS), **arguments)


def test_errors_of_targets(models):
    model = models["list"][0]
    for y, message in [
        ([NUMBERS["a"]], r"y: expected 3 items for the outputs \['la', 'lb', 'lc'\], received 1"),
        (NUMBERS["a"], "y: expected 3 arrays.*received 1"),
        ({"la": NUMBERS["a"], "lz": NUMBERS["b"]}, r"y: expected names of the outputs.*received \['lz'\]"),
        ({"la": NUMBERS["a"]}, "Loss of output 'lb': expected y, received none"),
    ]:
        with pytest.raises(ValueError, match=message):
            logs(model, y, loss="mse")


@pytest.mark.parametrize("factor", ["x", True, np.ones(2)])
def test_factors_are_numbers(models, factor):
    with pytest.raises(ValueError, match=r"loss_weights=\): expected numbers"):
        models["list"][0].compile("sgd", "mse", loss_weights=[1.0, factor, 1.0])


def test_metrics_as_the_third_argument_as_lecture_notes_write_it():
    model = netlet.Sequential([netlet.Input((2,)), netlet.layers.Dense(1, "sigmoid")])
    with pytest.raises(ValueError, match=r"received 'accuracy'\. Metrics .*: metrics=\['accuracy'\]\."):
        model.compile("adam", "binary_crossentropy", ["accuracy"])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_losses_in_dtypes_for_storage(dtype):
    loss = netlet.losses.MeanSquaredError(dtype=dtype)
    value = loss([[1.0]], [[1.1]])
    assert str(value.dtype) == loss.dtype == dtype
    assert float(value) == pytest.approx(float(keras.losses.MeanSquaredError(dtype=dtype)([[1.0]], [[1.1]])), rel=0.1)
    inputs = netlet.Input((3,))
    model = netlet.Model(inputs, netlet.layers.Dense(2)(inputs))
    model.compile("sgd", loss)
    first, second = model.fit(X, Y["a"], epochs=2, verbose=0).history["loss"]
    assert second < first

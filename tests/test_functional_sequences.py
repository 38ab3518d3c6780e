"""Graph models with several inputs and outputs, shared and nested parts, and dicts as inputs, outputs and targets.

Each is compared with Keras over three training steps, saved and loaded, and cloned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pytest

import netlet
from support.keras64 import float64

ROWS = 12
RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((ROWS, 8)), RNG.standard_normal((ROWS, 5))
STEPS = RNG.standard_normal((ROWS, 6, 4))
IDS = RNG.integers(0, 7, (ROWS, 6)).astype("int32")
NUMBER, KIND = RNG.standard_normal((ROWS, 1)), RNG.integers(0, 3, ROWS).astype("int32")
BIT = RNG.integers(0, 2, (ROWS, 1)).astype("float64")


@dataclass
class Example:
    """How a model is built (with netlet or Keras) and compiled, and its training data."""

    build: Any
    x: Any
    y: Any
    compile: dict[str, Any] = field(default_factory=lambda: {"loss": "mse"})
    sample_weight: Any = None


def two_towers(m):
    a, b = m.Input((8,), name="a"), m.Input((5,), name="b")
    h = m.layers.Concatenate()([m.layers.Dense(6, activation="tanh")(a), m.layers.Dense(4, activation="relu")(b)])
    return m.Model(
        [a, b], [m.layers.Dense(1, name="score")(h), m.layers.Dense(3, activation="softmax", name="kind")(h)]
    )


def named_towers(m):
    """The alphabetical order of the names differs from their order in the model."""
    b, a = m.Input((5,), name="zeta"), m.Input((8,), name="alpha")
    h = m.layers.Concatenate()([m.layers.Dense(6, activation="tanh")(b), m.layers.Dense(4, activation="tanh")(a)])
    score, kind = m.layers.Dense(1, name="score")(h), m.layers.Dense(3, activation="softmax", name="kind")(h)
    return m.Model({"zeta": b, "alpha": a}, {"score": score, "kind": kind})


def keyed(m):
    """Dicts whose keys are not the layers' names."""
    a, b = m.Input((8,), name="second"), m.Input((6,), dtype="int32", name="first")
    h = m.layers.Concatenate()([m.layers.Dense(4, activation="tanh")(a), m.layers.Rescaling(0.1)(b)])
    score, kind = m.layers.Dense(1, name="score")(h), m.layers.Dense(3, activation="softmax", name="kind")(h)
    return m.Model({"second": a, "first": b}, {"number": score, "class": kind})


def siamese(m):
    tower = m.Sequential([m.Input((8,)), m.layers.Dense(6, activation="relu"), m.layers.Dense(4)], name="tower")
    a, b = m.Input((8,), name="left"), m.Input((8,), name="right")
    near = m.layers.Dot(axes=-1, normalize=True)([tower(a), tower(b)])
    return m.Model([a, b], m.layers.Dense(1, activation="sigmoid")(near))


def nested(m):
    x = m.Input((8,))
    inner = m.Model(x, m.layers.Dense(8, activation="tanh", kernel_regularizer="l2")(x), name="inner")
    y = m.Input((8,))
    middle = m.Model(y, m.layers.Add()([inner(y), inner(inner(y))]), name="middle")
    return m.Sequential([m.Input((8,)), m.layers.Dense(8), middle, m.layers.Dense(1)])


def residual(m):
    x = m.Input((6, 4))
    h = m.layers.Dense(4)(x)
    for _ in range(2):
        inside = m.layers.Conv1D(4, 3, padding="same", activation="relu")(m.layers.LayerNormalization()(h))
        h = m.layers.Add()([h, m.layers.Conv1D(4, 1)(inside)])
    return m.Model(x, m.layers.Dense(1)(m.layers.GlobalAveragePooling1D()(h)))


def shared_along_time(m):
    """A layer shared by two sequences, and a gate that multiplies one branch with another."""
    x, ids = m.Input((6, 4), name="x"), m.Input((6,), dtype="int32", name="ids")
    shared = m.layers.Dense(5, activation="tanh", name="shared")
    classes = m.layers.CategoryEncoding(7, output_mode="one_hot")(ids)
    known = m.layers.Dense(4, use_bias=False, name="table")(classes)
    gate = m.layers.Dense(5, activation="sigmoid", name="gate")(x)
    h = m.layers.Multiply()([shared(x), gate])
    h = m.layers.Maximum()([h, shared(known)])
    return m.Model([x, ids], m.layers.Dense(1)(m.layers.Flatten()(h)))


def early_exit(m):
    """An intermediate output without a loss."""
    x = m.Input((8,))
    middle = m.layers.Dense(4, activation="tanh", name="middle")(x)
    return m.Model(x, [middle, m.layers.Dense(1, name="end")(middle)])


def operators(m):
    a, b = m.Input((8,), name="a"), m.Input((8,), name="b")
    h = m.ops.relu(m.layers.Dense(4)(a) - 2.0 * m.layers.Dense(4)(b))[:, 1:] ** 2
    return m.Model([a, b], m.ops.sum(h, axis=-1, keepdims=True))


def of_branches(m):
    """A nested model with two outputs that is called twice."""
    x = m.Input((8,))
    part = m.Model(x, [m.layers.Dense(3, activation="tanh")(x), m.layers.Dense(2)(x)], name="part")
    a, b = m.Input((8,), name="a"), m.Input((8,), name="b")
    (a3, a2), (b3, b2) = part(a), part(b)
    left, right = m.layers.Average()([a3, b3]), m.layers.Subtract()([a2, b2])
    return m.Model([a, b], m.layers.Dense(1)(m.layers.Concatenate()([left, right])))


def frozen_part(m):
    x = m.Input((8,))
    base = m.Model(x, m.layers.BatchNormalization()(m.layers.Dense(6, activation="relu")(x)), name="base")
    base.trainable = False
    y = m.Input((8,))
    return m.Model(y, m.layers.Dense(1)(base(y)))


TWO = {
    "loss": {"score": "mse", "kind": "sparse_categorical_crossentropy"},
    "loss_weights": {"score": 0.7, "kind": 2.0},
    "metrics": {"score": ["mae"], "kind": ["accuracy", "sparse_categorical_crossentropy"]},
}
W1, W2 = RNG.uniform(0.5, 2, ROWS), RNG.uniform(0.5, 2, ROWS)
EXAMPLES = {
    "two towers, dicts": Example(two_towers, [A, B], {"score": NUMBER, "kind": KIND}, TWO),
    "two towers, y in a list": Example(two_towers, [A, B], [NUMBER, KIND], TWO),
    "two towers, lists": Example(
        two_towers,
        {"a": A, "b": B},
        [NUMBER, KIND],
        {
            "loss": ["mae", "sparse_categorical_crossentropy"],
            "loss_weights": [1.0, 0.3],
            "metrics": [["mse"], ["accuracy"]],
        },
    ),
    "two towers, metrics of one output": Example(
        two_towers, [A, B], [NUMBER, KIND], TWO | {"metrics": {"kind": "acc"}}
    ),
    "two towers, a weight for each output": Example(
        two_towers,
        [A, B],
        {"score": NUMBER, "kind": KIND},
        TWO | {"weighted_metrics": {"score": ["mse"], "kind": ["accuracy"]}},
        {"score": W1, "kind": W2},
    ),
    "two towers, weights in a list": Example(
        two_towers,
        [A, B],
        [NUMBER, KIND],
        TWO | {"weighted_metrics": {"score": ["mse"], "kind": ["accuracy"]}},
        [W1, W2],
    ),
    "dict inputs and outputs": Example(named_towers, {"zeta": B, "alpha": A}, {"score": NUMBER, "kind": KIND}, TWO),
    "outputs under keys of their own": Example(
        keyed,
        {"second": A, "first": IDS},
        {"number": NUMBER, "class": KIND},
        {
            "loss": {"number": "mse", "class": "sparse_categorical_crossentropy"},
            "loss_weights": {"number": 1.0, "class": 0.3},
            "metrics": {"class": ["accuracy"]},
        },
    ),
    "a y for one output only": Example(
        two_towers, {"a": A, "b": B}, {"kind": KIND}, {"loss": {"kind": "sparse_categorical_crossentropy"}}
    ),
    "siamese": Example(siamese, [A, A[::-1].copy()], BIT, {"loss": "binary_crossentropy", "metrics": ["accuracy"]}),
    "nested in nested": Example(nested, A, NUMBER, {"loss": "mse", "metrics": ["mae"]}),
    "residual blocks": Example(residual, STEPS, NUMBER),
    "shared along time": Example(shared_along_time, {"x": STEPS, "ids": IDS}, NUMBER),
    "an output without a loss": Example(
        early_exit, A, [np.zeros((ROWS, 4)), NUMBER], {"loss": [None, "mse"], "metrics": [[], ["mae"]]}
    ),
    "operators": Example(operators, [A, A[::-1].copy()], NUMBER),
    "a part of two outputs": Example(of_branches, [A, A[::-1].copy()], NUMBER),
    "a frozen part": Example(frozen_part, A, NUMBER),
}


@pytest.fixture(autouse=True)
def fresh_names():
    netlet.utils.clear_session()
    keras.utils.clear_session(free_memory=False)  # its full garbage collection takes a second
    with float64():
        before = netlet.config.floatx()
        netlet.config.set_floatx("float64")
        yield
        netlet.config.set_floatx(before)


def made(example: Example, start: Any = None) -> Any:
    model = example.build(netlet)
    lowest = [0.1 if "variance" in w.path else -0.7 for w in model.weights]
    random = [RNG.uniform(low, 0.7, w.shape) for w, low in zip(model.weights, lowest, strict=True)]
    model.set_weights(random if start is None else start)
    model.compile(optimizer=netlet.optimizers.SGD(0.05, momentum=0.5), **example.compile)
    return model


def of_keras(example: Example, start: Any) -> Any:
    model = example.build(keras)
    model.set_weights(start)
    model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.5), **example.compile)
    return model


def flat(structure: Any) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in netlet.base.tree.flatten(structure)]


def same(ours: Any, theirs: Any, tolerance: float = 1e-9) -> None:
    assert type(ours) is type(theirs)
    if isinstance(ours, dict):
        assert sorted(ours) == sorted(theirs)  # Keras sorts its logs and dicts, netlet does not
    for a, b in zip(flat(ours), flat(theirs), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


REFUSED_BY_KERAS = {"a y for one output only", "two towers, a weight for each output"}


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in REFUSED_BY_KERAS])
def test_three_steps_are_kerass(name):
    e = EXAMPLES[name]
    ours = made(e)
    theirs = of_keras(e, ours.get_weights())
    if hasattr(theirs, "output_names"):  # a Sequential does not have them
        assert ours.output_names == theirs.output_names
    same(ours.predict(e.x, verbose=0), theirs.predict(e.x, verbose=0))
    for _ in range(3):
        mine = ours.train_on_batch(e.x, e.y, sample_weight=e.sample_weight, return_dict=True)
        want = theirs.train_on_batch(e.x, e.y, sample_weight=e.sample_weight, return_dict=True)
        # Keras computes its metrics in float32.
        same(mine, {k: float(v) for k, v in want.items()}, 1e-6)
    same(ours.get_weights(), theirs.get_weights(), 1e-8)
    same(
        ours.evaluate(e.x, e.y, sample_weight=e.sample_weight, return_dict=True, verbose=0),
        {
            k: float(v)
            for k, v in theirs.evaluate(
                e.x, e.y, sample_weight=e.sample_weight, return_dict=True, verbose=0, batch_size=ROWS
            ).items()
        },
        1e-6,
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_fit_of_arrays_and_of_batches_is_the_same(name):
    """`fit` gives the same results for arrays, for a generator of the same batches, and eagerly."""
    e = EXAMPLES[name]
    start = made(e).get_weights()
    weights = () if e.sample_weight is None else (e.sample_weight,)
    cut = lambda s, rows: netlet.base.tree.map_structure(lambda v: v[rows], s)  # noqa: E731

    def batches():
        for first in (0, 5, 10):
            yield tuple(cut(part, slice(first, first + 5)) for part in (e.x, e.y, *weights))

    arrays, generated, eager = (made(e, start) for _ in range(3))
    eager.run_eagerly = True
    options = {"verbose": 0, "validation_data": (e.x, e.y, *weights)}
    given = {"batch_size": 5, "shuffle": False, "sample_weight": e.sample_weight, "epochs": 2}
    history = arrays.fit(e.x, e.y, **given, **options).history
    eagerly = eager.fit(e.x, e.y, **given, **options).history
    for _ in range(2):
        last = generated.fit(batches(), **options).history
    assert list(history) == list(eagerly) == list(last)
    for key, values in history.items():
        np.testing.assert_allclose(eagerly[key], values, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(last[key], values[1:], rtol=1e-12, atol=1e-12)
    same(generated.get_weights(), arrays.get_weights(), 1e-14)
    same(eager.get_weights(), arrays.get_weights(), 1e-12)
    same(
        arrays.predict(((cut(e.x, slice(i, i + 4)),) for i in (0, 4, 8)), verbose=0),
        arrays.predict(e.x, verbose=0),
        1e-14,
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_file_and_a_clone(name, tmp_path):
    e = EXAMPLES[name]
    model = made(e)
    model.train_on_batch(e.x, e.y, sample_weight=e.sample_weight)
    model.save(tmp_path / "model.netlet")
    again = netlet.models.load_model(tmp_path / "model.netlet")
    assert [w.path for w in again.weights] == [w.path for w in model.weights]
    same(again.predict(e.x, verbose=0), model.predict(e.x, verbose=0), 0)
    clone = netlet.models.clone_model(model)
    assert all(a is not b for a, b in zip(clone.weights, model.weights, strict=True))
    clone.set_weights(model.get_weights())
    same(clone.predict(e.x, verbose=0), model.predict(e.x, verbose=0), 0)
    for twin in (model, again):  # the optimizer's momentum is restored too
        for _ in range(2):
            twin.train_on_batch(e.x, e.y, sample_weight=e.sample_weight)
    same(again.get_weights(), model.get_weights(), 0)
    logs = [m.evaluate(e.x, e.y, sample_weight=e.sample_weight, return_dict=True, verbose=0) for m in (again, model)]
    assert logs[0] == logs[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"y": {"score": NUMBER, "kind": KIND + 1}},
            r"output 'kind' has 3 classes, so labels are 0 to 2; row \d+ has 3",
        ),
        ({"y": {"score": NUMBER}}, r"'kind'"),
        ({"y": [NUMBER]}, r"y: expected 2 items for the outputs \['score', 'kind'\], received 1"),
        ({"x": {"a": A}}, r"b"),
        ({"x": [A]}, r"2|two"),
        ({"x": [B, A]}, r"input 'a'.*8.*5"),
        ({"x": [A, B[:5]]}, r"same number of rows"),
        ({"compile": {"loss": {"scores": "mse"}}}, r"\['score', 'kind'\], received \['scores'\]"),
        ({"compile": {"loss": ["mse"] * 3}}, r"expected the structure of .*\['score', 'kind'\].*received list"),
        ({"compile": TWO | {"metrics": {"sort": "mae"}}}, r"sort"),
    ],
)
def test_mistakes_are_named(change, message):
    e = EXAMPLES["two towers, dicts"]
    e = Example(e.build, change.get("x", e.x), change.get("y", e.y), change.get("compile", e.compile))
    with pytest.raises(ValueError, match=message):
        made(e).fit(e.x, e.y, verbose=0)

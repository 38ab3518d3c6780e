"""Graphs: random ones against calling the same layers directly; shapes found by trial calls; the order of layers."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netlet
from netlet import _core, layers, ops
from netlet.engine import graph

WIDTH = 3


def step(kind, a, b, shared):
    """One node of a graph: computes a tensor of width 3 from two (symbolic or not) of width 3."""
    if kind == "add":
        return shared.setdefault("add", layers.Add())([a, b])
    if kind == "dense":
        return shared.setdefault("dense", layers.Dense(WIDTH, activation="tanh"))(a)
    if kind == "join":
        joined = shared.setdefault("join", layers.Concatenate())([a, b])
        return shared.setdefault("narrow", layers.Dense(WIDTH))(joined)
    if kind == "op":
        return ops.maximum(a, b) * 0.5 - 1.0
    if kind == "slice":
        return ops.concatenate([a[:, :1], b[:, 1:]], axis=-1)
    inner = shared.setdefault("inner", netlet.Sequential([netlet.Input((WIDTH,)), layers.Dense(WIDTH)]))
    return inner(a)


KINDS, PLACE = st.sampled_from(["add", "dense", "join", "op", "slice", "model"]), st.integers(0, 99)
PLANS = st.lists(st.tuples(KINDS, PLACE, PLACE), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(plan=PLANS, outputs=st.lists(PLACE, min_size=1, max_size=3, unique=True), inputs=st.integers(1, 3))
def test_random_graphs(plan, outputs, inputs):
    shared: dict = {}

    def run(tensors):
        tensors = list(tensors)
        for kind, i, j in plan:
            tensors.append(step(kind, tensors[i % len(tensors)], tensors[j % len(tensors)], shared))
        return [tensors[o % len(tensors)] for o in outputs]

    rng = np.random.default_rng(0)
    values = [rng.standard_normal((4, WIDTH)).astype("float32") for _ in range(inputs)]
    symbols = [netlet.Input((WIDTH,)) for _ in range(inputs)]
    model = netlet.Model(symbols, run(symbols))
    expected = run([_core.tensor(v) for v in values])
    copy = netlet.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    nested_in = [netlet.Input((WIDTH,)) for _ in range(inputs)]
    nested = netlet.Model(nested_in, model(nested_in))
    for twin in (model, copy, nested):
        for got, want in zip(twin(values), expected, strict=True):
            np.testing.assert_array_equal(got.numpy(), np.asarray(want))
    assert [tuple(t.shape) for t in model.outputs] == [(None, WIDTH)] * len(outputs)
    known = [layer.name for layer in model.layers]
    assert len(set(known)) == len(known)


def test_layers_stand_in_keras_order():
    def build(m):
        a, b, c = m.Input((4,), name="a"), m.Input((4,), name="b"), m.Input((4,), name="c")
        x = m.layers.Dense(4, name="one")(a)
        y = m.layers.Dense(4, name="two")(b)
        z = m.layers.Add(name="three")([y, m.layers.Dense(4, name="four")(x)])
        w = m.layers.Dense(4, name="five")(m.layers.Multiply(name="six")([z, c]))
        return m.Model([a, b, c], [m.layers.Dense(1, name="seven")(w), m.layers.Dense(1, name="eight")(x)])

    ours, theirs = build(netlet), build(keras)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]


def test_inferring_computes_nothing_and_finds_unknown_extents():
    calls = []

    def fn(x, scale):
        calls.append(x.shape)
        return {"y": ops.reshape(x * scale, (x.shape[0] * 2, -1)), "z": [ops.sum(x)]}

    spec = graph.infer_spec(fn, (graph.KerasTensor((None, 6), "float64"),), {"scale": 2.0})
    assert (spec["y"].shape, spec["y"].dtype, spec["z"][0].shape) == ((None, 3), "float64", ())
    assert len(calls) == 2, "tried with two extents"
    calls.clear()
    assert graph.infer_spec(fn, (graph.KerasTensor((4, 6)),), {"scale": 1.0})["y"].shape == (8, 3)
    assert len(calls) == 1, "nothing is unknown"


def test_rank_that_depends_on_the_batch_is_refused():
    with pytest.raises(ValueError, match="result of one rank"):
        graph.infer_spec(lambda x: x if x.shape[0] == 2 else x[0], (graph.KerasTensor((None, 6)),), {})


def test_a_layer_must_return_tensors():
    class Wrong(layers.Layer):
        def call(self, x):
            return "text"

    with pytest.raises((ValueError, TypeError, AttributeError)):
        Wrong()(netlet.Input((3,)))


def test_a_keras_tensor_of_the_caller_enters_a_layer_but_starts_no_model():
    start = netlet.KerasTensor((2, 3))
    dense = layers.Dense(4)
    y = dense(start)
    assert y.shape == (2, 4) and dense.built and dense.input is start
    assert y._keras_history.operation._inbound_nodes[0].parent_nodes == []
    with pytest.raises(ValueError, match="neither the output of a layer nor an Input"):
        netlet.Model(netlet.Input((3,)), y)
    with pytest.raises(ValueError, match=r"Model\(inputs=\): expected symbolic tensors, which `Input`"):
        netlet.Model(start, y)


@pytest.mark.parametrize("kind", ["sparse", "ragged"])
def test_keras_tensors_are_dense(kind):
    assert netlet.KerasTensor((2,), **{kind: False}).shape == (2,)
    with pytest.raises(NotImplementedError, match="sparse and ragged"):
        netlet.KerasTensor((2,), **{kind: True})


def test_input_and_output_of_a_layer():
    x = netlet.Input((3,))
    dense = layers.Dense(2)
    y = dense(x)
    assert dense.input is x and dense.output is y
    dense(y := netlet.Input((3,)))
    with pytest.raises(AttributeError, match="was called 2 times"):
        dense.output  # noqa: B018
    with pytest.raises(AttributeError, match="not been called on symbolic"):
        layers.Dense(1).input  # noqa: B018

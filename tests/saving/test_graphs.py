"""Saving and loading of model graphs: shared layers, several inputs and outputs, nested models, ops."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers, ops
from support.saved import RNG, assert_same, random_weights, trip


def shared_layers():
    a, b = netlet.Input((5,), name="a"), netlet.Input((5,), name="b")
    shared = layers.Dense(4, "relu", name="shared")
    both = layers.Concatenate()([shared(a), shared(b), shared(layers.Rescaling(0.5)(a))])
    return netlet.Model([a, b], [layers.Dense(2, name="one")(both), layers.Dense(3, "softmax", name="two")(both)])


def named_inputs_and_outputs():
    inputs = {"left": netlet.Input((5,), name="left"), "right": netlet.Input((5,), name="right")}
    hidden = layers.Dense(4)(layers.Add()(list(inputs.values())))
    return netlet.Model(inputs, {"sum": layers.Dense(1, name="s")(hidden), "raw": hidden})


def nested():
    inner_input = netlet.Input((5,))
    inner = netlet.Model(inner_input, layers.Dense(5, "tanh")(inner_input), name="inner")
    chain = netlet.Sequential([netlet.Input((5,)), layers.Dense(5), layers.Dropout(0.5)], name="chain")
    x = netlet.Input((5,))
    return netlet.Model(x, layers.Add()([inner(inner(x)), chain(x), x]), name="outer")


def residual():
    x = netlet.Input((6,))
    h = x
    for _ in range(3):
        h = layers.Add()([h, layers.Dense(6, "relu")(h)])
    return netlet.Model(x, layers.Dense(2)(h))


def ops_in_the_graph():
    x = netlet.Input((4, 6))
    y = ops.exp(x[:, 1:3, ::2] * 0.1) + 1.0
    y = ops.concatenate([ops.reshape(y, (-1, 6)), ops.mean(x, axis=(1,)), x[..., 0]], axis=-1)
    return netlet.Model(x, 2.0 - layers.Dense(2)(ops.transpose(ops.transpose(y, (1, 0)), (1, 0))))


def models_that_share_a_layer():
    """Two models that share a layer. After loading it must still be one layer."""
    shared = layers.Dense(5, name="shared")
    one = netlet.Sequential([netlet.Input((5,)), shared], name="one")
    two = netlet.Sequential([netlet.Input((5,)), shared, layers.Activation("tanh")], name="two")
    x = netlet.Input((5,))
    return netlet.Model(x, two(one(x)))


def middle_of_another():
    x = netlet.Input((5,))
    h = layers.Dense(4, name="h")(x)
    netlet.Model(x, layers.Dense(1)(h))
    return netlet.Model(x, h)


GRAPHS = {
    "shared layers, several inputs and outputs": (shared_layers, [(5,), (5,)]),
    "nested": (nested, [(5,)]),
    "residual": (residual, [(6,)]),
    "ops": (ops_in_the_graph, [(4, 6)]),
    "models that share a layer": (models_that_share_a_layer, [(5,)]),
    "middle of another": (middle_of_another, [(5,)]),
}


@pytest.mark.parametrize(("make", "shapes"), GRAPHS.values(), ids=GRAPHS)
def test_graphs(make, shapes, tmp_path):
    model = random_weights(make())
    inputs = [RNG.standard_normal((3, *shape)).astype("float32") for shape in shapes]
    again = trip(model, tmp_path)
    assert_same(model, again, *inputs)
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    twice = trip(again, tmp_path)
    assert_same(model, twice, *inputs)


def test_dicts_of_inputs_and_outputs(tmp_path):
    model = random_weights(named_inputs_and_outputs())
    again = trip(model, tmp_path)
    x = {"left": RNG.standard_normal((3, 5)).astype("float32"), "right": RNG.standard_normal((3, 5)).astype("float32")}
    one, two = model(x), again(x)
    assert set(one) == set(two) == {"sum", "raw"}
    for key in one:
        np.testing.assert_array_equal(np.asarray(one[key]), np.asarray(two[key]))


def test_a_shared_layer_stays_shared(tmp_path):
    again = trip(models_that_share_a_layer(), tmp_path)
    one, two = again.get_layer("one"), again.get_layer("two")
    assert one.layers[0] is two.layers[0]
    assert len(again.weights) == 2


def test_a_model_nested_very_deeply_loads_in_time(tmp_path):
    """Each model calls the inner one twice, so a loader that repeats every call would make 2**60 of them."""
    x = netlet.Input((3,))
    model = netlet.Model(x, layers.Rescaling(1.0)(x))
    for i in range(60):
        x = netlet.Input((3,))
        model = netlet.Model(x, model(model(x)), name=f"level_{i}")
    model.save(tmp_path / "deep.netlet")
    assert netlet.models.load_model(tmp_path / "deep.netlet").name == "level_59"


def test_trainable_false_comes_back(tmp_path):
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(3, name="frozen"), layers.Dense(2)])
    model.get_layer("frozen").trainable = False
    again = trip(model, tmp_path)
    assert [v.path for v in again.trainable_variables] == [v.path for v in model.trainable_variables]
    assert not again.get_layer("frozen").trainable


def test_a_sequential_that_was_built_by_its_data(tmp_path):
    model = netlet.Sequential([layers.Dense(3), layers.Dense(2)])
    x = RNG.standard_normal((4, 7)).astype("float32")
    model(x)
    assert_same(model, trip(model, tmp_path), x)


def test_a_model_that_was_never_built(tmp_path):
    model = netlet.Sequential([layers.Dense(3)])
    with pytest.warns(UserWarning, match="saved without weights"):
        again = trip(model, tmp_path)
    assert not again.built
    assert again(np.ones((2, 5), "float32")).shape == (2, 3)

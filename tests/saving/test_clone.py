"""clone_model: the same architecture with new weights; the arguments are Keras's."""

from __future__ import annotations

import json

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.models import clone_model, model_from_json


def sequential():
    return netlet.Sequential(
        [netlet.Input((4,), name="in"), layers.Dense(3, "relu", name="d"), layers.Dense(2)], name="s"
    )


def graph():
    x, y = netlet.Input((4,), name="x"), netlet.Input((4,), name="y")
    shared = layers.Dense(3, name="shared")
    h = layers.Add(name="sum")([shared(x), shared(y) * 2.0])
    return netlet.Model([x, y], [layers.Dense(2, name="a")(h), h], name="g")


def nested():
    x = netlet.Input((4,))
    return netlet.Model(x, layers.Dense(1, name="last")(sequential()(x)), name="n")


class Net(netlet.Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units)

    def call(self, inputs):
        return self.dense(inputs)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@pytest.mark.parametrize("make", [sequential, graph, nested])
def test_same_architecture_and_new_weights(make):
    model = make()
    copy = clone_model(model)
    assert type(copy) is type(model)
    assert copy.get_config() == model.get_config()
    assert [v.path for v in copy.weights] == [v.path for v in model.weights]
    assert not {id(v) for v in copy.weights} & {id(v) for v in model.weights}
    assert not np.array_equal(copy.get_weights()[0], model.get_weights()[0])
    copy.set_weights(model.get_weights())
    x = [np.random.default_rng(i).standard_normal((5, 4)).astype("float32") for i in range(len(model.inputs))]
    x = x if len(x) > 1 else x[0]
    for a, b in zip(netlet.base.tree.flatten(model(x)), netlet.base.tree.flatten(copy(x)), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_a_subclassed_model():
    copy = clone_model(Net(units=7))
    assert isinstance(copy, Net)
    assert copy.units == 7
    with pytest.raises(ValueError, match="not made of a graph"):
        clone_model(Net(), clone_function=lambda layer: layer)


def wider(layer):
    config = layer.get_config()
    if isinstance(layer, layers.Dense):
        config["units"] += 10
    return type(layer).from_config(config)


@pytest.mark.parametrize("make", [sequential, graph])
def test_clone_function(make):
    model = make()
    seen = []
    copy = clone_model(model, clone_function=lambda layer: seen.append(layer.name) or wider(layer))
    assert [v.shape[-1] - 10 for v in copy.weights] == [v.shape[-1] for v in model.weights]
    assert len(seen) == len(set(seen))  # a shared layer is copied once
    assert not any(isinstance(model.get_layer(name), layers.InputLayer) for name in seen)


@pytest.mark.parametrize("recursive", [False, True])
def test_recursive(recursive):
    seen = []

    def note(layer):
        seen.append(layer.name)
        return type(layer).from_config(layer.get_config())

    clone_model(nested(), clone_function=note, recursive=recursive)
    assert ("d" in seen) is recursive
    assert ("s" in seen) is not recursive


def test_call_function():
    def call(layer, *args, **kwargs):
        out = layer(*args, **kwargs)
        return layers.Dropout(0.5)(out) if isinstance(layer, layers.Dense) else out

    copy = clone_model(graph(), call_function=call)
    assert sum(isinstance(layer, layers.Dropout) for layer in copy.layers) == 3
    with pytest.raises(ValueError, match="call_function"):
        clone_model(sequential(), call_function=call)


@pytest.mark.parametrize("make", [sequential, graph])
def test_input_tensors(make):
    model = make()
    given = [netlet.Input((4,), name=f"other_{i}") for i in range(len(model.inputs))]
    copy = clone_model(model, input_tensors=given)
    assert copy.input_names == [t._keras_history.operation.name for t in given]
    for wrong in ([np.zeros((1, 4))], [*given, netlet.Input((4,))]):
        with pytest.raises(ValueError, match="symbolic tensor"):
            clone_model(model, input_tensors=wrong)


@pytest.mark.parametrize("make", [sequential, graph])
def test_the_copy_is_compiled_as_the_model_is(make):
    model = make()
    assert not clone_model(model).compiled
    loss = lambda y_true, y_pred: netlet.ops.mean(y_pred - y_true, axis=-1)  # noqa: E731
    model.compile(netlet.optimizers.Adam(0.123), loss=loss)
    copy = clone_model(model)
    assert copy.compiled
    assert copy.optimizer is not model.optimizer
    assert float(copy.optimizer.learning_rate) == 0.123
    assert copy.loss is loss


def test_json():
    model = graph()
    text = model.to_json(indent=1)
    again = model_from_json(text)
    assert json.loads(again.to_json()) == json.loads(text)
    with pytest.raises(ValueError, match="Unknown class"):
        model_from_json(Net().to_json())
    assert isinstance(model_from_json(Net().to_json(), custom_objects={"Net": Net}), Net)

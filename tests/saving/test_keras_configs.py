"""Models built from Keras's own configs and JSON compute what Keras's models do, with the same weights."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

import netlet
from netlet.saving.foreign import in_netlets_form

RNG = np.random.default_rng(0)
layers, ops = keras.layers, keras.ops


def dense():
    x = keras.Input((4,), name="x")
    h = layers.BatchNormalization()(layers.Dropout(0.2)(layers.Dense(3, activation="relu")(x)))
    return keras.Model(x, layers.Dense(2, kernel_regularizer="l2", kernel_constraint=keras.constraints.MaxNorm(2))(h))


def images():
    convolution = layers.Conv2D(4, 3, padding="same", activation="gelu")
    return keras.Sequential(
        [keras.Input((8, 8, 3)), convolution, layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2)]
    )


def dicts():
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    y = layers.Add()([layers.Dense(5)(layers.Concatenate()([a, b])), layers.Dense(5)(b)])
    return keras.Model({"a": a, "b": b}, {"p": layers.Dense(1)(y), "q": [y]})


def shared_and_nested():
    inner, shared, x = dense(), layers.Dense(4), keras.Input((4,))
    pair = keras.Sequential([layers.Dense(3), layers.LeakyReLU()])
    return keras.Model(x, [pair(inner(shared(shared(x)))), shared(x)])


def arithmetic():
    x = keras.Input((4, 3))
    y = ops.transpose(x, (0, 2, 1)) @ layers.Dense(5)(x)
    z = ops.expand_dims(ops.sqrt(ops.abs(ops.sum(x, axis=(1, 2)))), (1, 2)) ** 2
    w = ops.concatenate([y[:, 1:] / 2.0, -y + z], axis=1)
    return keras.Model(x, ops.where(w > 0, w, 0.1 * w))


def deferred():
    model = keras.Sequential([layers.Dense(3), layers.Dense(2)])
    model.build((None, 4))
    return model


MAKERS = [dense, images, dicts, shared_and_nested, arithmetic, deferred]


def data(symbol):
    shape = (3, *symbol.shape[1:])
    return RNG.integers(0, 10, shape) if "int" in symbol.dtype else RNG.normal(size=shape).astype("float32")


@pytest.mark.parametrize("make", MAKERS)
def test_predictions_are_kerass(make):
    theirs = make()
    x = keras.tree.map_structure(data, theirs.inputs[0] if isinstance(theirs, keras.Sequential) else theirs.input)
    expected = keras.tree.map_structure(np.asarray, theirs(x))
    cls = netlet.Sequential if isinstance(theirs, keras.Sequential) else netlet.Model
    for ours in (cls.from_config(theirs.get_config()), netlet.models.model_from_json(theirs.to_json())):
        assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
        ours.set_weights(theirs.get_weights())
        found = netlet.tree.map_structure(np.asarray, ours(x))
        netlet.tree.assert_same_structure(found, expected)
        for a, b in zip(netlet.tree.flatten(found), netlet.tree.flatten(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        again = netlet.models.model_from_json(ours.to_json())
        assert again.count_params() == theirs.count_params()


def test_netlets_own_configs_stay_as_they_are():
    model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    config = model.get_config()
    assert in_netlets_form(config) is config
    assert "keras" not in json.dumps(json.loads(model.to_json()))


def test_tuples_of_outputs_stay_tuples_in_memory():
    x = keras.Input((4,))
    theirs = keras.Model(x, (layers.Dense(2)(x), layers.Dense(3)(x)))
    ours = netlet.Model.from_config(theirs.get_config())
    for model in (ours, netlet.Model.from_config(ours.get_config()), netlet.models.clone_model(ours)):
        assert isinstance(model.output, tuple)
        assert isinstance(model(np.ones((1, 4), "float32")), tuple)


def test_what_netlet_lacks_is_named():
    x = keras.Input((4,))
    config = keras.Model(x, layers.Dense(2)(x)).get_config()
    config["layers"][1]["config"]["quantization_config"] = {"bits": 8}
    with pytest.raises(NotImplementedError, match=r"'dense.*quantized"):
        netlet.Model.from_config(config)
    config = keras.Model(x, ops.exp(x)).get_config()
    config["layers"][1]["class_name"] = "Expo"
    with pytest.raises(ValueError, match="Keras's op 'Expo', which netlet does not have"):
        netlet.Model.from_config(config)

"""Saves and loads models, and checks that they are the same afterwards."""

from __future__ import annotations

import json

import numpy as np

import netlet
from netlet import layers

RNG = np.random.default_rng(0)


def outputs(model, *inputs):
    result = model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)
    return [np.asarray(leaf) for leaf in netlet.base.tree.flatten(result)]


def trip(model, tmp_path, **kwargs):
    path = tmp_path / "model.netlet"
    model.save(path)
    return netlet.models.load_model(path, **kwargs)


def assert_same(model, again, *inputs):
    assert type(again) is type(model)
    assert again.name == model.name
    assert [v.path for v in again.weights] == [v.path for v in model.weights]
    assert [v.trainable for v in again.weights] == [v.trainable for v in model.weights]
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    for a, b in zip(outputs(model, *inputs), outputs(again, *inputs), strict=True):
        np.testing.assert_array_equal(a, b)
    assert json.dumps(again.get_config(), default=list) == json.dumps(model.get_config(), default=list)


def random_weights(model):
    """Sets weights that no initializer would produce, so that a test cannot pass by chance."""
    model.set_weights([RNG.standard_normal(w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


def small():
    return netlet.Sequential([netlet.Input((4,), name="in"), layers.Dense(2, name="out")], name="small")

"""Input(optional=True): a model called with None in place of an input, recorded and eager, against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet

X, O = np.ones((4, 2), "float32"), np.full((4, 2), 0.5, "float32")


def make(library, as_dict=True):
    class Sum(library.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = library.layers.Dense(2, kernel_initializer="ones")

        def call(self, x, other=None):
            return self.dense(x if other is None else x + other)

    other, x = library.Input((2,), name="other", optional=True), library.Input((2,), name="x")
    y = Sum()(x, other)
    return library.Model({"x": x, "other": other} if as_dict else [other, x], y)


@pytest.fixture(scope="module")
def pair():
    return make(netlet), make(keras)


@pytest.mark.parametrize("other", [None, O], ids=["none", "given"])
@pytest.mark.parametrize("run_eagerly", [False, True])
def test_training_is_kerass(pair, other, run_eagerly):
    found = []
    for model in pair:
        x = {"x": X, "other": other}
        model.set_weights([np.ones((2, 2)), np.zeros(2)])
        model.compile("sgd", "mse", run_eagerly=run_eagerly)
        losses = model.fit(x, X, batch_size=2, epochs=2, shuffle=False, verbose=0).history["loss"]
        batches = ((x, X) for _ in range(2))
        losses += model.fit(batches, steps_per_epoch=2, verbose=0).history["loss"]
        found.append([*losses, model.evaluate(x, X, verbose=0), *model.predict(x, verbose=0).ravel()])
    np.testing.assert_allclose(*found, rtol=1e-4)


def test_none_in_a_list_and_between_calls():
    model = make(netlet, as_dict=False)
    for other in (None, O, None):
        expected = (X if other is None else X + O).sum(1, keepdims=True) * np.ones((1, 2))
        np.testing.assert_allclose(model([other, X]), expected)
        np.testing.assert_allclose(model.predict([other, X], verbose=0), expected)
    model.compile("sgd", "mse")
    first = model.fit([None, X], X, validation_split=0.5, verbose=0).history
    assert first["loss"] == first["val_loss"] or first["val_loss"][0] < first["loss"][0]


def test_configs_say_that_an_input_is_optional():
    model = make(netlet)
    config = model.layers[0].get_config()
    assert config["optional"] is (model.layers[0].name == "other")
    copy = netlet.models.clone_model(netlet.Model(model.input, model.output))
    np.testing.assert_allclose(copy({"x": X, "other": None}).shape, (4, 2))


def test_other_inputs_are_not_optional():
    model = make(netlet)
    with pytest.raises(ValueError, match="the input 'x' is not optional: expected a tensor, received None"):
        model({"x": None, "other": O})
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="the input 'x' is not optional"):
        model.fit({"x": None, "other": O}, X, verbose=0)

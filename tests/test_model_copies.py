"""pickle and copy.deepcopy of models and layers, which go on training where they were."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import netlet
from netlet import layers, ops

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((6, 8)).astype("float32"), RNG.standard_normal((6, 8)).astype("float32")


class Perceptron(netlet.Model):
    """A typical user-defined subclass."""

    def __init__(self, width=5):
        super().__init__()
        self.width = width
        self.hidden = [layers.Dense(width, activation="relu") for _ in range(2)]
        self.drop = layers.Dropout(0.5)
        self.out = layers.Dense(2)

    def call(self, x, training=False):
        for layer in self.hidden:
            x = layer(x)
        return self.out(self.drop(x, training=training))

    def get_config(self):
        return {"width": self.width}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_are_independent_and_go_on_training(copied):
    model = netlet.Sequential([netlet.Input((8,)), layers.Dense(4, activation="relu"), Perceptron()])
    model.compile("adam", "mse")
    targets = np.zeros((6, 2), "float32")
    model.fit(A, targets, epochs=2, verbose=0)
    other = copied(model)
    np.testing.assert_array_equal(other.predict(A, verbose=0), model.predict(A, verbose=0))
    before = model.get_weights()
    other.fit(A, targets, epochs=1, verbose=0)
    for kept, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)
    model.fit(A, targets, epochs=1, verbose=0)
    assert other.optimizer.iterations.numpy() == model.optimizer.iterations.numpy() == 3


def test_copies_of_layers_and_variables():
    dense = layers.Dense(3)
    dense(A)
    twin = copy.deepcopy(dense)
    np.testing.assert_array_equal(twin(A).numpy(), dense(A).numpy())
    twin.kernel.assign(twin.kernel.numpy() * 0)
    assert (dense.kernel.numpy() != 0).any()
    frozen = pickle.loads(pickle.dumps(netlet.Variable(np.ones(2), trainable=False, name="f")))
    assert frozen.name == "f" and not frozen.value.requires_grad and frozen.numpy().tolist() == [1, 1]


def own_error(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def test_models_with_own_functions_are_copied():
    model = netlet.Sequential([netlet.Input((8,)), layers.Lambda(ops.square), layers.Dense(2, activation=ops.sin)])
    model.compile("adam", own_error, metrics=[own_error])
    y = B[:, :2]
    model.fit(A, y, verbose=0)
    copies = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    expected = model.fit(A, y, verbose=0).history
    assert set(expected) == {"loss", "own_error"}
    for other in copies:
        assert other.fit(A, y, verbose=0).history == expected


def test_models_with_lambdas_are_copied_but_not_pickled():
    model = netlet.Sequential([netlet.Input((8,)), layers.Lambda(lambda x: x * 2.0), layers.Lambda(lambda x: x + 1.0)])
    model.compile("sgd", lambda y_true, y_pred: ops.mean(ops.abs(y_true - y_pred), axis=-1))
    for other in (copy.deepcopy(model), netlet.models.clone_model(model)):
        np.testing.assert_array_equal(other.predict(A, verbose=0), A * 2 + 1)
        np.testing.assert_allclose(other.evaluate(A, A, verbose=0), np.abs(A + 1).mean(), rtol=1e-6)
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(model)

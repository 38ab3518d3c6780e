"""get_state_tree and set_state_tree: the same trees as Keras's, and errors that name a path."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet.base.tree import flatten

X, Y = np.ones((4, 3), "float32"), np.zeros((4, 2), "float32")


def trained(library):
    """A trained model without random layers, whose seeds are variables in Keras only."""
    layers = [
        library.Input((3,)),
        library.layers.Dense(2, name="dense"),
        library.layers.BatchNormalization(name="norm"),
    ]
    model = library.Sequential(layers, name="model")
    library.utils.clear_session()  # the optimizer is "adam" then, and not "adam_1"
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    return model


def test_trees_are_kerass():
    ours, theirs = (trained(library).get_state_tree("numpy_array") for library in (netlet, keras))
    assert all(isinstance(leaf, np.ndarray) for leaf in flatten(ours))
    netlet.tree.assert_same_structure(ours, theirs)
    for a, b in zip(flatten(ours), flatten(theirs), strict=True):
        assert a.shape == b.shape


def test_a_tree_restores_all():
    model = trained(netlet)
    tree = model.get_state_tree()
    before = model.get_weights()
    again = trained(netlet)
    expected = model.fit(X, Y, verbose=0).history
    assert model.get_weights()[0] is not before[0]
    again.set_state_tree(tree)
    for a, b in zip(again.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(again.optimizer.iterations) == 1
    assert again.fit(X, Y, verbose=0).history == expected
    again.set_state_tree({"trainable_variables": {"model": {"dense": {"bias": [5, 7]}}}})
    np.testing.assert_array_equal(again.layers[0].bias.numpy(), [5.0, 7.0])


def test_an_uncompiled_model_has_no_other_variables():
    model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    tree = model.get_state_tree()
    assert tree["optimizer_variables"] == tree["metrics_variables"] == tree["non_trainable_variables"] == {}


WRONG = {
    "group": ({"variables": {}}, "Unknown variable name: variables"),
    "path": ({"trainable_variables": {"model": {"dense": {"kernal": 1.0}}}}, "'model/dense/kernal'. Did you mean"),
    "shape": (
        {"trainable_variables": {"model": {"dense": {"bias": [1.0]}}}},
        r"bias': expected \(2,\), received \(1,\)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_trees_change_nothing(case):
    tree, message = WRONG[case]
    model = trained(netlet)
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.set_state_tree({"non_trainable_variables": {"model": {"norm": {"moving_mean": [9, 9]}}}, **tree})
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_formats_and_equal_paths():
    with pytest.raises(ValueError, match="`value_format`"):
        trained(netlet).get_state_tree("list")

    class Twins(netlet.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = netlet.layers.Dense(2, name="same"), netlet.layers.Dense(2, name="same")

        def call(self, x):
            return self.a(x) + self.b(x)

    model = Twins()
    model(X)
    with pytest.raises(ValueError, match=r"path is found twice in the model: '.*same/kernel'"):
        model.get_state_tree()

"""Regularizers and constraints: values, names and configs against Keras, and use within a layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import constraints, ops, regularizers

W = np.random.default_rng(0).standard_normal((5, 4))
REGULARIZERS = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.2}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]
CONSTRAINTS = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.5, "axis": 1}),
    ("MaxNorm", {"max_value": 0.5, "axis": [0, 1]}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": 1}),
    ("MinMaxNorm", {"min_value": 1.0, "max_value": 1.5, "rate": 0.4}),
]


@pytest.mark.parametrize(("name", "arguments"), REGULARIZERS)
def test_penalties(name, arguments):
    ours, theirs = getattr(regularizers, name)(**arguments), getattr(keras.regularizers, name)(**arguments)
    # Keras stores some factors as float32.
    np.testing.assert_allclose(float(np.asarray(ours(W))), float(theirs(keras.ops.convert_to_tensor(W))), rtol=1e-6)
    assert isinstance(ours(netlet.Variable(W)), netlet.Tensor)
    config = ours.get_config()
    assert set(config) == set(theirs.get_config())
    for key, value in theirs.get_config().items():
        assert config[key] == (value if key == "mode" else pytest.approx(value, rel=1e-6))
    assert type(ours).from_config(config).get_config() == config
    assert regularizers.deserialize(regularizers.serialize(ours)).get_config() == config
    assert type(regularizers.deserialize(keras.regularizers.serialize(theirs))) is type(ours)


@pytest.mark.parametrize(("name", "arguments"), CONSTRAINTS)
def test_projections(name, arguments):
    ours, theirs = getattr(constraints, name)(**arguments), getattr(keras.constraints, name)(**arguments)
    np.testing.assert_allclose(np.asarray(ours(W)), np.asarray(theirs(W)), rtol=1e-10)
    assert isinstance(ours(netlet.Variable(W)), netlet.Tensor)
    assert ours.get_config() == theirs.get_config()
    assert constraints.deserialize(constraints.serialize(ours)).get_config() == ours.get_config()
    assert type(constraints.deserialize(keras.constraints.serialize(theirs))) is type(ours)


@pytest.mark.parametrize("module", ["regularizers", "constraints"])
def test_every_name_that_keras_knows_is_known(module):
    import importlib

    known = importlib.import_module(f"keras.src.{module}").ALL_OBJECTS_DICT
    for name, cls in known.items():
        assert type(getattr(netlet, module).get(name)).__name__ == cls.__name__


def test_gradient_of_a_penalty():
    v = netlet.Variable(W)
    with netlet.GradientTape() as tape:
        penalty = regularizers.L1L2(0.1, 0.2)(v)
    np.testing.assert_allclose(tape.gradient(penalty, v).numpy(), 0.1 * np.sign(W) + 0.4 * W, rtol=1e-12)


def test_functions_and_subclasses_work():
    def half(w):
        return 0.5 * ops.sum(ops.square(w))

    layer = netlet.layers.Dense(3, kernel_regularizer=half, kernel_constraint=lambda w: w * 0.5)
    layer(np.ones((2, 4), "float32"))
    np.testing.assert_allclose(float(layer.losses[0]), 0.5 * (layer.kernel.numpy() ** 2).sum(), rtol=1e-6)
    assert layer.kernel.constraint is layer.kernel_constraint

    class Mine(regularizers.Regularizer):
        def __call__(self, x):
            return ops.sum(x)

    with pytest.raises(NotImplementedError, match="get_config"):
        Mine().get_config()


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "x"])
def test_bad_factors(value):
    with pytest.raises(ValueError, match="non-negative float"):
        regularizers.L2(value)


def test_bad_modes_and_names():
    with pytest.raises(ValueError, match="rows"):
        regularizers.OrthogonalRegularizer(mode="both")
    with pytest.raises(ValueError, match="matrix"):
        regularizers.OrthogonalRegularizer()(np.zeros(3))
    with pytest.raises(ValueError, match=r"Unknown constraint: 'maxnorm'\. Did you mean"):
        constraints.get("maxnorm")
    assert constraints.get(None) is None and regularizers.get(None) is None

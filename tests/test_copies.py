"""pickle and copy.deepcopy of the library's objects. (Optimizers and Tensors are tested in their own files.)"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import netlet
from netlet import callbacks, constraints, initializers, layers, losses, metrics, random, regularizers

AGAIN = {"deepcopy": copy.deepcopy, "pickle": lambda x: pickle.loads(pickle.dumps(x))}
TRUE, PREDICTED = np.array([[1.0], [0.0]]), np.array([[0.75], [0.5]])


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
@pytest.mark.parametrize(
    "make",
    [
        metrics.MeanSquaredError,
        metrics.BinaryAccuracy,
        metrics.RootMeanSquaredError,
        lambda: metrics.MeanMetricWrapper(losses.mean_squared_error, name="wrapped"),
        lambda: metrics.get("mae"),
    ],
)
def test_metrics_keep_their_state_and_go_on(make, again):
    if not isinstance(metric := make(), metrics.Metric):
        assert again(metric) is metric
        return
    metric.update_state(TRUE, PREDICTED)
    other = again(metric)
    assert float(other.result()) == float(metric.result())
    other.update_state(TRUE, 1 - PREDICTED)
    assert float(other.result()) != float(metric.result())
    metric.update_state(TRUE, 1 - PREDICTED)
    assert float(other.result()) == float(metric.result())
    other.reset_state()
    assert [float(v) for v in other.variables] == [0.0] * len(metric.variables)


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
@pytest.mark.parametrize(
    "make",
    [
        lambda: losses.MeanSquaredError(reduction="sum", name="z"),
        lambda: losses.BinaryCrossentropy(label_smoothing=0.25),
        lambda: losses.Huber(delta=0.1),
        lambda: losses.LossFunctionWrapper(losses.mean_absolute_error),
    ],
)
def test_losses(make, again):
    loss = make()
    other = again(loss)
    assert float(other(TRUE, PREDICTED)) == float(loss(TRUE, PREDICTED)) and other.get_config() == loss.get_config()


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dense(3, kernel_regularizer="l2"),
        lambda: layers.LSTM(2),
        lambda: layers.MultiHeadAttention(2, 3),
        lambda: layers.BatchNormalization(),
        lambda: layers.TextVectorization(vocabulary=["a", "b"]),
        lambda: layers.IntegerLookup(vocabulary=[3, 5]),
        lambda: layers.Input((3,)),
        lambda: netlet.InputSpec(ndim=2),
        lambda: initializers.GlorotUniform(seed=1),
        lambda: regularizers.L1L2(0.1, 0.2),
        lambda: constraints.MaxNorm(3.0),
        lambda: callbacks.EarlyStopping(patience=3),
        lambda: random.SeedGenerator(3),
        lambda: netlet.optimizers.schedules.CosineDecay(0.1, 10),
        lambda: netlet.optimizers.Adam(0.1),
    ],
)
def test_unused_objects(make, again):
    one = make()
    other = again(one)
    assert type(other) is type(one) and other is not one
    if hasattr(one, "get_config"):
        assert other.get_config() == one.get_config()


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_layers_keep_their_weights(again):
    for layer, x in (
        (layers.Dense(2), np.ones((1, 3), "float32")),
        (layers.TextVectorization(vocabulary=["a", "b"]), ["b a c"]),
        (layers.IntegerLookup(vocabulary=[3, 5]), np.array([5, 4])),
    ):
        y = layer(x)
        other = again(layer)
        np.testing.assert_array_equal(other(x), y)
        for v in layer.trainable_variables:
            v.assign(v * 0.0)
        np.testing.assert_array_equal(other(x), y)


def test_nesting_beyond_the_recursion_limit_is_named():
    model = netlet.Sequential([layers.Input((2,)), layers.Dense(2)])
    for _ in range(50):
        model = netlet.Sequential([model])
    assert model.predict(np.ones((1, 2)), verbose=0).shape == (1, 2)
    for _ in range(200):
        model = netlet.Sequential([model])
    with pytest.raises(ValueError, match=rf"Layer '{model.name}': .* Python's recursion limit"):
        model.predict(np.ones((1, 2)), verbose=0)

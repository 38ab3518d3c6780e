"""StatelessScope and calls as functions of the values of variables, with Keras's custom training loop for JAX."""

from __future__ import annotations

import threading

import keras
import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops

X = np.random.default_rng(0).normal(size=(48, 4)).astype("float32")
Y = X[:, :1] * 2


# ---- StatelessScope --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("library", [netlet, keras])
def test_scope_like_keras(library):
    v = library.Variable(np.array([1.0, 2.0]), dtype="float32")
    untouched = library.Variable(np.array([1.0]), dtype="float32")
    with library.StatelessScope([(v, np.array([5.0, 6.0]))]) as scope:
        assert np.asarray(v.value).tolist() == [5.0, 6.0]
        v.assign(library.ops.multiply(v, 2.0))
        v.assign_add(np.array([1.0, 1.0]))
        v.assign_sub(np.array([0.5, 0.5]))
        assert np.asarray(v + 0.0).tolist() == [10.5, 12.5]
    assert np.asarray(scope.get_current_value(v)).tolist() == [10.5, 12.5]
    assert scope.get_current_value(untouched) is None
    assert np.asarray(v.value).tolist() == [1.0, 2.0]


def test_scope_leaves_no_trace():
    assert "_tensor" not in netlet.Variable.__dict__
    with netlet.StatelessScope():
        with netlet.StatelessScope():
            pass
        assert "_tensor" in netlet.Variable.__dict__
    with pytest.raises(ZeroDivisionError), netlet.StatelessScope():
        raise ZeroDivisionError
    assert "_tensor" not in netlet.Variable.__dict__


def test_nested_scopes():
    v = netlet.Variable(1.0, trainable=False)
    with netlet.StatelessScope([(v, 2.0)]) as outer:
        with netlet.StatelessScope() as inner:
            assert float(v.assign_add(5.0)) == 7.0
        assert float(v) == 2.0
        v.assign(3.0)
    assert (float(inner.get_current_value(v)), float(outer.get_current_value(v)), float(v)) == (7.0, 3.0, 1.0)


def test_the_given_tensor_is_not_written():
    v, value = netlet.Variable([1.0, 2.0]), ops.convert_to_tensor([3.0, 4.0])
    with netlet.StatelessScope([(v, value)]):
        v.assign([5.0, 6.0])
    assert value.tolist() == [3.0, 4.0]


def test_native_writes_stay_in_the_scope():
    """Moving averages and metrics are written by native code."""
    norm, metric, accuracy = layers.BatchNormalization(), netlet.metrics.MeanSquaredError(), netlet.metrics.Accuracy()
    norm.build((None, 4))
    with netlet.StatelessScope() as scope:
        norm(X, training=True)
        for m in (metric, accuracy):
            m.update_state(Y, Y + 1)
        assert float(metric.result()) == pytest.approx(1.0)
        metric.reset_state()
    assert not norm.moving_mean.numpy().any()
    assert scope.get_current_value(norm.moving_mean).numpy().any()
    assert float(metric.result()) == 0.0 and not accuracy.count.numpy()
    assert scope.get_current_value(accuracy.count).numpy() == len(Y)


def test_other_threads_see_the_variables():
    v = netlet.Variable(1.0, trainable=False)
    seen = []
    with netlet.StatelessScope([(v, 2.0)]):
        thread = threading.Thread(target=lambda: (seen.append(float(v)), v.assign(5.0)))
        thread.start()
        thread.join()
        assert float(v) == 2.0
    assert seen == [1.0] and float(v) == 5.0


def test_a_recorded_scope():
    """A recorded step begins with the given value in each run."""
    v = netlet.Variable(np.zeros(2), trainable=False)
    tape = _core.Tape(record=True)
    with tape:
        x = tape.input((2,), "float64", "x")
        with netlet.StatelessScope([(v, x)]) as scope:
            v.assign_add(np.ones(2))
        plan = tape.compile([ops.multiply(scope.get_current_value(v), 2.0)])
    for value in ([1.0, 2.0], [5.0, -1.0]):
        np.testing.assert_array_equal(plan.run([np.array(value)])[0][0], 2 * (np.array(value) + 1))
    assert not v.numpy().any()


def test_errors():
    v = netlet.Variable([1.0])
    with pytest.raises(ValueError, match="expected Variables as keys"):
        netlet.StatelessScope([(1.0, v)])
    with pytest.raises(ValueError, match="expected a value of shape"):
        netlet.StatelessScope([(v, [1.0, 2.0])])
    layer = layers.Dense(2)
    with pytest.raises(ValueError, match="to be built"):
        layer.stateless_call([], [], X)
    layer.build((None, 4))
    with pytest.raises(ValueError, match="trainable_variables with one value for each of 2"):
        layer.stateless_call([], [], X)
    sgd = netlet.optimizers.SGD()
    with pytest.raises(ValueError, match="must be built"):
        sgd.stateless_apply([], [], [])


# ---- Keras's guide "Writing a training loop from scratch in JAX" -----------------------------------------------------
class Loop:
    """The guide's loop: all state is in lists of arrays. The gradients are those of the library's backend."""

    def __init__(self, library, weights=None):
        self.library = library
        inputs = library.Input((4,))
        x = library.layers.Dense(8, activation="relu", kernel_regularizer="l2")(inputs)
        x = library.layers.BatchNormalization()(x)
        self.model = library.Model(inputs, library.layers.Dense(1, name="predictions")(x))
        if weights is not None:
            self.model.set_weights(weights)
        self.loss, self.metric = library.losses.MeanSquaredError(), library.metrics.MeanAbsoluteError()
        self.optimizer = library.optimizers.Adam(0.01)
        self.optimizer.build(self.model.trainable_variables)

    def loss_and_updates(self, trainable, non_trainable, metric, x, y):
        y_pred, non_trainable, losses = self.model.stateless_call(
            trainable, non_trainable, x, training=True, return_losses=True
        )
        metric = self.metric.stateless_update_state(metric, y, y_pred)
        return self.loss(y, y_pred) + sum(losses), (non_trainable, metric)

    def gradient(self, trainable, *rest):
        if self.library is keras:
            import jax

            (loss, aux), grads = jax.value_and_grad(self.loss_and_updates, has_aux=True)(trainable, *rest)
            return loss, aux, grads
        with netlet.GradientTape() as tape:
            tape.watch(trainable)
            loss, aux = self.loss_and_updates(trainable, *rest)
        return loss, aux, tape.gradient(loss, trainable)

    def run(self, steps):
        convert = self.library.ops.convert_to_tensor
        trainable = [convert(v.numpy()) for v in self.model.trainable_variables]
        non_trainable = [convert(v.numpy()) for v in self.model.non_trainable_variables]
        optimizer = [convert(v.numpy()) for v in self.optimizer.variables]
        metric = [convert(v.numpy()) for v in self.metric.variables]
        results = []
        for i in range(steps):
            x, y = X[16 * i : 16 * i + 16], Y[16 * i : 16 * i + 16]
            loss, (non_trainable, metric), grads = self.gradient(trainable, non_trainable, metric, x, y)
            trainable, optimizer = self.optimizer.stateless_apply(optimizer, grads, trainable)
            results += [float(loss), float(self.metric.stateless_result(metric))]
        assert not any(np.asarray(v).any() for v in self.metric.stateless_reset_state())
        return results, [*trainable, *non_trainable]


def test_the_guide_for_jax():
    netlet.utils.set_random_seed(0)
    loop = Loop(netlet)
    before = loop.model.get_weights()
    results, state = loop.run(3)
    expected, expected_state = Loop(keras, before).run(3)
    np.testing.assert_allclose(results, expected, rtol=1e-4)
    for got, want in zip(state, expected_state, strict=True):
        np.testing.assert_allclose(got.numpy(), np.asarray(want), rtol=1e-3, atol=1e-5)
    for now, then in zip(loop.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)  # nothing changed the model
    variables = [*loop.model.trainable_variables, *loop.model.non_trainable_variables]
    for variable, value in zip(variables, state, strict=True):
        variable.assign(value)


def test_stateless_steps_are_the_ordinary_steps():
    netlet.utils.set_random_seed(0)
    loop = Loop(netlet)
    _, state = loop.run(3)
    for i in range(3):
        x, y = X[16 * i : 16 * i + 16], Y[16 * i : 16 * i + 16]
        with netlet.GradientTape() as tape:
            loss = loop.loss(y, loop.model(x, training=True)) + sum(loop.model.losses)
        loop.optimizer.apply(tape.gradient(loss, loop.model.trainable_variables), loop.model.trainable_variables)
    variables = [*loop.model.trainable_variables, *loop.model.non_trainable_variables]
    for variable, value in zip(variables, state, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value.numpy())


def test_stateless_compute_loss():
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(1, kernel_regularizer="l2")])
    model.compile("sgd", "mse")
    trainable = [np.zeros((4, 1), "float32"), np.ones(1, "float32")]
    y_pred, non_trainable = model.stateless_call(trainable, [], X)
    metrics = [v.numpy() for v in model.metrics_variables]
    loss, (same, rest, _) = model.stateless_compute_loss(trainable, non_trainable, metrics, X, Y, y_pred)
    assert float(loss) == pytest.approx(np.mean((Y - 1) ** 2), rel=1e-5)
    assert same is trainable and rest == []


def test_a_variable_made_inside_of_a_scope_is_whole():
    with netlet.StatelessScope():
        dense = layers.Dense(2)
        dense.build((None, 3))
        dense.kernel.assign(np.zeros((3, 2)))
    with netlet.GradientTape() as tape:
        loss = ops.sum(dense(np.ones((1, 3), "float32")))
    assert dense.kernel.numpy().any()
    assert tape.gradient(loss, dense.kernel).shape == (3, 2)

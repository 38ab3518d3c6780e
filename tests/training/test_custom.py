"""User-defined layers, losses and training loops run through the same tape as netlet's own."""

import numpy as np
import pytest

import netlet
from netlet import layers, ops


class Gated(layers.Layer):
    """y = (x W) * sigmoid(x V) + b, from its own weights and netlet's ops, without a hand-written gradient."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.w = self.add_weight(shape=shape, initializer="glorot_uniform", name="w")
        self.v = self.add_weight(shape=shape, initializer="glorot_uniform", name="v")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, x):
        return ops.matmul(x, self.w) * ops.sigmoid(ops.matmul(x, self.v)) + self.b


def numpy_step(x, y, w, v, b, rate):
    """One step of gradient descent on the mean squared error of Gated, in NumPy with hand-written gradients."""
    s = 1 / (1 + np.exp(-(x @ v)))
    z = x @ w
    out = z * s + b
    dy = 2 * (out - y) / y.size
    return (
        w - rate * x.T @ (dy * s),
        v - rate * x.T @ (dy * z * s * (1 - s)),
        b - rate * dy.sum(0),
        np.mean((out - y) ** 2),
    )


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    return rng.standard_normal((12, 5)), rng.standard_normal((12, 3))


def make(rate=0.1):
    netlet.utils.set_random_seed(3)
    model = netlet.Sequential([netlet.Input((5,), dtype="float64"), Gated(3, dtype="float64")])
    model.compile(netlet.optimizers.SGD(rate), netlet.losses.MeanSquaredError(dtype="float64"))
    return model


def test_fit_trains_a_custom_layer_as_the_formula_says(problem):
    x, y = problem
    model = make()
    w, v, b = model.get_weights()
    history = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    losses = []
    for _ in range(3):
        parts = []
        for i in range(0, 12, 4):
            w, v, b, loss = numpy_step(x[i : i + 4], y[i : i + 4], w, v, b, 0.1)
            parts.append(loss)
        losses.append(np.mean(parts))
    for got, expected in zip(model.get_weights(), (w, v, b)):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-12)


def test_a_hand_written_loop_equals_fit(problem):
    x, y = problem
    fitted, looped = make(), make()
    fitted.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)

    optimizer, loss_fn = netlet.optimizers.SGD(0.1), netlet.losses.MeanSquaredError(dtype="float64")
    for _ in range(2):
        for i in range(0, 12, 4):
            with netlet.GradientTape() as tape:
                loss = loss_fn(y[i : i + 4], looped(x[i : i + 4], training=True))
            grads = tape.gradient(loss, looped.trainable_variables)
            optimizer.apply_gradients(zip(grads, looped.trainable_variables))
    for a, b in zip(fitted.get_weights(), looped.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_running_eagerly_gives_the_same_bits(problem):
    x, y = problem
    recorded, eager = make(), make()
    loss = netlet.losses.MeanSquaredError(dtype="float64")
    eager.compile(netlet.optimizers.SGD(0.1), loss, run_eagerly=True)
    for model in (recorded, eager):
        model.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(recorded.get_weights(), eager.get_weights()):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(recorded.predict(x, verbose=0), eager.predict(x, verbose=0))


def test_call_runs_once_for_each_shape_and_not_for_each_step(problem):
    calls = []

    class Counting(layers.Layer):
        def call(self, x):
            calls.append(tuple(x.shape))
            return ops.tanh(x)

    model = netlet.Sequential([netlet.Input((5,)), Counting(), layers.Dense(3)])
    model.compile("sgd", "mse")
    calls.clear()
    x, y = problem
    model.fit(x, y, batch_size=5, epochs=20, verbose=0)  # batches of 5, 5 and 2
    assert len(calls) <= 4, calls
    model.fit(x, y, batch_size=5, epochs=20, verbose=0)
    assert len(calls) <= 4, "the recorded steps were not kept"


def test_a_train_step_of_ones_own_is_recorded_too(problem):
    x, y = problem

    class Half(netlet.Model):
        """Minimizes half the squared error and reports the gradient's norm."""

        def train_step(self, data):
            x, y = data
            with netlet.GradientTape() as tape:
                loss = 0.5 * ops.mean(ops.square(self(x, training=True) - y))
            grads = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(grads, self.trainable_variables)
            return {
                "half": loss,
                "norm": ops.sqrt(sum((ops.sum(ops.square(g)) for g in grads), ops.zeros((), "float64"))),
            }

    inputs = netlet.Input((5,), dtype="float64")
    netlet.utils.set_random_seed(0)
    model = Half(inputs, layers.Dense(3, dtype="float64")(inputs))
    model.compile(netlet.optimizers.SGD(0.1))
    w, b = model.get_weights()
    error = x @ w + b - y
    history = model.fit(x, y, batch_size=12, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["half"], [0.5 * np.mean(error**2)], rtol=1e-12)
    gw, gb = x.T @ error / y.size, error.sum(0) / y.size
    np.testing.assert_allclose(history["norm"], [np.sqrt((gw**2).sum() + (gb**2).sum())], rtol=1e-12)
    np.testing.assert_allclose(model.get_weights()[0], w - 0.1 * gw, rtol=1e-12)


def test_a_loss_and_a_metric_that_are_plain_functions(problem):
    x, y = problem

    def cubic(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)

    model = make()
    model.compile("sgd", cubic, metrics=[cubic])
    expected = np.mean(np.abs(model.predict(x, verbose=0) - y) ** 3)
    loss, metric = model.evaluate(x, y, verbose=0)
    np.testing.assert_allclose([loss, metric], expected, rtol=1e-6)


def test_state_that_call_updates_is_updated_in_replayed_steps(problem):
    class CountsRows(layers.Layer):
        def build(self, input_shape):
            self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

        def call(self, x, training=False):
            if training:
                self.seen.assign_add(float(x.shape[0]))
            return x

    counter = CountsRows()
    model = netlet.Sequential([netlet.Input((5,)), counter, layers.Dense(3)])
    model.compile("sgd", "mse")
    x, y = problem
    model.fit(x, y, batch_size=5, epochs=4, verbose=0)
    assert float(counter.seen.numpy()) == 48
    model.evaluate(x, y, verbose=0)
    assert float(counter.seen.numpy()) == 48


def test_numpy_inside_call_is_told_what_to_do(problem):
    class UsesNumpy(layers.Layer):
        def call(self, x):
            return np.tanh(np.asarray(x))

    model = netlet.Sequential([netlet.Input((5,)), layers.Dense(3)])
    with pytest.raises(RuntimeError, match=r"use netlet\.ops"):
        model.add(UsesNumpy())

    class UsesNumpyEagerly(UsesNumpy):
        def compute_output_shape(self, input_shape):
            return input_shape

    model = netlet.Sequential([netlet.Input((5,)), UsesNumpyEagerly(), layers.Dense(3)])
    model.compile("sgd", "mse")
    with pytest.raises(RuntimeError, match="run_eagerly=True"):
        model.fit(*problem, verbose=0)
    model.compile("sgd", "mse", run_eagerly=True)
    assert np.isfinite(model.fit(*problem, verbose=0).history["loss"]).all()


def test_gradient_tape_refuses_what_it_cannot_do():
    w = netlet.Variable([1.0, 2.0])
    with netlet.GradientTape() as tape:
        loss = ops.sum(w * w)
    np.testing.assert_array_equal(tape.gradient(loss, w).numpy(), [2.0, 4.0])
    with pytest.raises(RuntimeError, match="persistent"):
        tape.gradient(loss, w)
    with pytest.raises(RuntimeError, match="nothing was recorded"):
        netlet.GradientTape().gradient(loss, w)
    with netlet.GradientTape(persistent=True) as tape:
        loss = ops.sum(w * w * w)
    for _ in range(2):
        np.testing.assert_array_equal(tape.gradient(loss, [w])[0].numpy(), [3.0, 12.0])
    with pytest.raises(TypeError, match="convert_to_tensor"):
        tape.watch(np.ones(3))

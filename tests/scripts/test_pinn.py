"""Physics-informed networks: the loss contains derivatives with respect to the inputs, computed by nested tapes."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops


def make_network(inputs, units=16, dtype="float64", seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((inputs,), dtype=dtype),
            layers.Dense(units, activation="tanh", dtype=dtype),
            layers.Dense(units, activation="tanh", dtype=dtype),
            layers.Dense(1, dtype=dtype),
        ]
    )


def derivatives(model, x):
    """u, u_x and u_xx of a network of one input."""
    with keras.GradientTape() as outer:
        outer.watch(x)
        with keras.GradientTape() as inner:
            inner.watch(x)
            u = model(x, training=True)
        u_x = inner.gradient(u, x)
    u_xx = outer.gradient(u_x, x)
    return u, u_x, u_xx


def test_derivatives_are_those_of_finite_differences():
    model = make_network(1)
    x = np.linspace(-2, 2, 9)[:, None]
    u, u_x, u_xx = derivatives(model, ops.convert_to_tensor(x))

    def at(h):
        return model.predict(x + h, verbose=0)

    h = 1e-3
    np.testing.assert_allclose(np.asarray(u), at(0), rtol=1e-12)
    np.testing.assert_allclose(np.asarray(u_x), (at(h) - at(-h)) / (2 * h), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(np.asarray(u_xx), (at(h) - 2 * at(0) + at(-h)) / h**2, rtol=1e-4, atol=1e-6)


def burgers_residual(model, t, x, nu):
    """u_t + u u_x - nu u_xx, as in the scripts for Burgers' equation: a persistent tape for the second derivative."""
    with keras.GradientTape(persistent=True) as tape:
        tape.watch(t)
        tape.watch(x)
        u = model(ops.stack([t[:, 0], x[:, 0]], axis=1))
        u_x = tape.gradient(u, x)
    u_t = tape.gradient(u, t)
    u_xx = tape.gradient(u_x, x)
    return u_t + u * u_x - nu * u_xx


def test_a_persistent_tape_gives_burgers_residual():
    model = make_network(2, seed=1)
    rng = np.random.default_rng(0)
    t, x = rng.random((6, 1)), rng.uniform(-1, 1, (6, 1))
    residual = burgers_residual(model, ops.convert_to_tensor(t), ops.convert_to_tensor(x), 0.1)

    def u(dt=0.0, dx=0.0):
        return model.predict(np.hstack([t + dt, x + dx]), verbose=0)

    h = 1e-3
    u_t, u_x = (u(dt=h) - u(dt=-h)) / (2 * h), (u(dx=h) - u(dx=-h)) / (2 * h)
    u_xx = (u(dx=h) - 2 * u() + u(dx=-h)) / h**2
    np.testing.assert_allclose(np.asarray(residual), u_t + u() * u_x - 0.1 * u_xx, rtol=1e-4, atol=1e-6)


def numeric_gradient(model, loss, h=1e-5):
    """Central differences of `loss()` with respect to each weight of the model."""
    weights = model.get_weights()
    gradients = [np.zeros_like(w) for w in weights]
    for w, g in zip(weights, gradients, strict=True):
        for i in np.ndindex(w.shape):
            was = w[i]
            values = []
            for step in (h, -h):
                w[i] = was + step
                model.set_weights(weights)
                values.append(float(loss()))
            w[i] = was
            g[i] = (values[0] - values[1]) / (2 * h)
    model.set_weights(weights)
    return gradients


def test_the_gradient_of_the_residual_by_the_weights():
    model = make_network(1, units=3)
    x = np.linspace(0.1, 0.9, 5)[:, None]

    def loss():
        _, _, u_xx = derivatives(model, ops.convert_to_tensor(x))
        return ops.mean(ops.square(u_xx + np.pi**2 * np.sin(np.pi * x)))

    with keras.GradientTape() as tape:
        value = loss()
    gradients = tape.gradient(value, model.trainable_variables)
    for got, want in zip(gradients, numeric_gradient(model, loss), strict=True):
        got = np.zeros(want.shape) if got is None else np.asarray(got)
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


class PoissonNet(keras.Model):
    """Solves u'' = -pi² sin(pi x) on [0, 1] with u(0) = u(1) = 0. The exact solution is sin(pi x)."""

    def __init__(self, network, **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.loss_tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.loss_tracker]

    def call(self, x):
        return self.network(x)

    def train_step(self, x):
        with keras.GradientTape() as tape:
            _, _, u_xx = derivatives(self.network, x)
            residual = u_xx + np.pi**2 * ops.sin(np.pi * x)
            ends = self.network(ops.convert_to_tensor([[0.0], [1.0]], dtype="float32"), training=True)
            loss = ops.mean(ops.square(residual)) + 10.0 * ops.mean(ops.square(ends))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}


def test_poissons_equation_by_fit():
    model = PoissonNet(make_network(1, units=20, dtype="float32"))
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    x = np.linspace(0, 1, 64, dtype="float32")[:, None]
    history = model.fit(x, batch_size=64, epochs=1500, verbose=0).history
    assert history["loss"][-1] < 1e-2 * history["loss"][0]
    error = model.predict(x, verbose=0) - np.sin(np.pi * x)
    assert np.abs(error).max() < 0.03


def test_an_oscillator_by_a_loop_of_ones_own():
    """u'' + u = 0, u(0) = 1, u'(0) = 0 on [0, 2]. The exact solution is cos(x)."""
    model = make_network(1, units=16, dtype="float32", seed=2)
    optimizer = keras.optimizers.Adam(0.01)
    t = ops.convert_to_tensor(np.linspace(0, 2, 32, dtype="float32")[:, None])
    start = ops.convert_to_tensor(np.zeros((1, 1), "float32"))

    def train_step():
        with keras.GradientTape() as tape:
            u, _, u_tt = derivatives(model, t)
            with keras.GradientTape() as first:
                first.watch(start)
                u0 = model(start)
            v0 = first.gradient(u0, start)
            loss = ops.mean((u_tt + u) ** 2) + ops.mean((u0 - 1.0) ** 2) + ops.mean(v0**2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    losses = [float(train_step()) for _ in range(400)]
    assert losses[-1] < 1e-2 * losses[0]
    assert np.abs(np.asarray(model(t)) - np.cos(np.asarray(t))).max() < 0.1


def test_the_second_derivative_of_a_power():
    x = keras.Variable(3.0, dtype="float64")
    with keras.GradientTape() as outer:
        with keras.GradientTape() as inner:
            y = x * x * x
        first = inner.gradient(y, x)
    second = outer.gradient(first, x)
    assert float(first) == pytest.approx(27.0) and float(second) == pytest.approx(18.0)

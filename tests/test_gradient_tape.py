"""GradientTape: what a tape records, nested tapes, several tapes at once, tapes inside `fit`."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import netlet
from netlet import layers, ops


def test_an_outer_tape_sees_what_an_inner_one_saw():
    v, x = netlet.Variable(2.0), netlet.Variable(3.0)
    with netlet.GradientTape() as outer:
        with netlet.GradientTape() as inner:
            a = ops.sum(v * x * x)
        inner.gradient(a, v)
        total = a + ops.sum(v * x)
    assert float(outer.gradient(total, v)) == 12.0


def test_tapes_of_any_order():
    x = netlet.Variable(2.0)
    with netlet.GradientTape() as t3:
        with netlet.GradientTape() as t2:
            with netlet.GradientTape() as t1:
                y = x * x * x * x
            d1 = t1.gradient(y, x)
        d2 = t2.gradient(d1, x)
    d3 = t3.gradient(d2, x)
    assert [float(d) for d in (d1, d2, d3)] == [32.0, 48.0, 48.0]


def test_a_tape_sees_its_own_block_only():
    v = netlet.Variable(3.0)
    with netlet.GradientTape() as outer:
        y = v * v
        with netlet.GradientTape() as inner:
            z = y * v
        after = z * v
    assert float(inner.gradient(z, v)) == 9.0  # y is a constant for the inner tape
    assert float(outer.gradient(after, v)) == 4 * 27.0


def test_two_tapes_at_once():
    """As in a DCGAN: one forward pass, gradients for two networks."""
    a, b = netlet.Variable(2.0), netlet.Variable(5.0)
    with netlet.GradientTape() as first, netlet.GradientTape() as second:
        shared = a * b
        y, z = shared * 3.0, shared * shared
    assert float(first.gradient(y, a)) == 15.0
    assert float(second.gradient(z, b)) == 2 * 10.0 * 2.0


def test_two_tapes_of_a_recurrent_layer():
    """Backward kernels may overwrite what was saved for them only when no other tape needs it."""
    layer = layers.LSTM(3)
    x = np.random.default_rng(0).standard_normal((2, 4, 3)).astype("float32")
    layer(x)
    with netlet.GradientTape() as first, netlet.GradientTape() as second:
        y = ops.sum(layer(x))
    w = layer.trainable_variables
    one, two = first.gradient(y, w), second.gradient(y, w)
    for p, q in zip(one, two, strict=True):
        np.testing.assert_array_equal(p.numpy(), q.numpy())


def test_gradient_inside_the_block():
    x = netlet.Variable(3.0)
    with netlet.GradientTape() as tape:
        g = tape.gradient(x * x, x)
    assert float(g) == 6.0
    with netlet.GradientTape(persistent=True) as tape:
        y = x * x * x
        g = tape.gradient(y, x)
    assert float(tape.gradient(g, x)) == 18.0  # a persistent tape records its gradient ops, as in TensorFlow
    assert float(tape.gradient(y, x)) == 27.0


def test_a_list_of_targets_is_added_up():
    x = netlet.Variable(3.0)
    with netlet.GradientTape() as tape:
        y, z = x * x, x * 5.0
    assert float(tape.gradient([y, z], x)) == 11.0


def test_sources_in_the_middle():
    """As in Grad-CAM: gradients with respect to a layer's output; those before that layer are not computed."""
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(3, "tanh", name="a"), layers.Dense(1, name="b")])
    with netlet.GradientTape() as tape:
        middle = model.layers[0](np.ones((2, 4), "float32"))
        y = model.layers[1](middle)
    g = tape.gradient(y, middle)
    np.testing.assert_allclose(g.numpy(), np.repeat(model.layers[1].kernel.numpy().T, 2, 0), rtol=1e-6)


def test_errors():
    tape = netlet.GradientTape()
    x = netlet.Variable(1.0)
    with pytest.raises(RuntimeError, match="nothing was recorded"):
        tape.gradient(x * x, x)
    with tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="once only"):
        tape.gradient(y, x)
    with tape:
        y = x * x * x
    assert float(tape.gradient(y, x)) == 3.0
    with tape, pytest.raises(RuntimeError, match="already recording"), tape:
        pass
    with netlet.GradientTape() as tape:
        y = x * x
    with pytest.raises(ValueError, match="output gradient"):
        tape.gradient(y, x, [[1.0], [2.0]])


def test_an_error_in_the_way_back_leaves_the_tape_usable():
    x = netlet.Variable(np.full(6, 2.0, "float32"))
    with netlet.GradientTape() as outer:
        with netlet.GradientTape() as inner:
            y = ops.sum(ops.ctc_loss([[1]], ops.reshape(x, (1, 3, 2)), [1], [3]))
        g = ops.sum(inner.gradient(y, x))
    with pytest.raises(ValueError, match="ctc"):
        outer.gradient(g, x)
    with netlet.GradientTape() as tape:
        y = ops.sum(x * x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), np.full(6, 4.0))


def test_a_tape_belongs_to_the_thread_that_entered_it():
    x = netlet.Variable(3.0)
    errors = []

    def elsewhere():
        try:
            tape.gradient(y, x)
        except RuntimeError as error:
            errors.append(str(error))

    with netlet.GradientTape() as tape:
        y = x * x
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert errors
    assert "another thread" in errors[0]


def penalty_of(model, x, weights):
    """The mean squared distance of the gradients' norms from 1, computed by hand for one hidden layer with tanh."""
    w1, b1, w2, _ = weights
    h = np.tanh(x @ w1 + b1)
    g = ((1 - h * h) * w2[:, 0]) @ w1.T
    return np.mean((np.sqrt((g * g).sum(1)) - 1) ** 2)


class Penalised(netlet.Model):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def call(self, x):
        return self.network(x)

    def train_step(self, data):
        x = data[0] if isinstance(data, (tuple, list)) else data
        with netlet.GradientTape() as tape:
            with netlet.GradientTape() as inner:
                inner.watch(x)
                y = self.network(x)
            g = inner.gradient(y, x)
            norm = ops.sqrt(ops.sum(ops.square(g), axis=1))
            loss = ops.mean(ops.square(norm - 1.0))
        self.optimizer.apply(tape.gradient(loss, self.network.trainable_variables), self.network.trainable_variables)
        return {"penalty": loss}


@pytest.mark.parametrize("eagerly", [False, True])
def test_gradient_penalty_inside_fit(eagerly):
    """One step of gradient descent on a gradient penalty, against finite differences of the formula."""
    network = netlet.Sequential([netlet.Input((4,)), layers.Dense(8, "tanh"), layers.Dense(1)])
    rng = np.random.default_rng(0)
    x = rng.standard_normal((16, 4)).astype("float32")
    before = [w.astype("float64") for w in network.get_weights()]
    model = Penalised(network)
    model.compile(optimizer=netlet.optimizers.SGD(0.1), run_eagerly=eagerly)
    history = model.fit(x, np.zeros((16, 1), "float32"), batch_size=16, epochs=1, verbose=0)
    assert history.history["penalty"][0] == pytest.approx(penalty_of(model, x, before), rel=1e-5)
    for i, (w, after) in enumerate(zip(before, network.get_weights(), strict=True)):
        d = rng.standard_normal(w.shape)
        moved = [[v + s * 1e-5 * d if j == i else v for j, v in enumerate(before)] for s in (1, -1)]
        slope = (penalty_of(model, x, moved[0]) - penalty_of(model, x, moved[1])) / 2e-5
        assert float(np.sum((w - after) / 0.1 * d)) == pytest.approx(slope, rel=2e-3, abs=1e-5)


def test_gradients_inside_call_when_predicting():
    """A model's output may be a gradient, as in force fields and physics-informed networks."""

    class Force(netlet.Model):
        def __init__(self):
            super().__init__()
            self.energy = netlet.Sequential([netlet.Input((2,)), layers.Dense(4, "tanh"), layers.Dense(1)])

        def call(self, x):
            with netlet.GradientTape() as tape:
                tape.watch(x)
                e = self.energy(x)
            return -tape.gradient(e, x)

    model = Force()
    x = np.random.default_rng(0).standard_normal((5, 2)).astype("float32")
    w1, b1, w2, _ = model.energy.get_weights()
    h = np.tanh(x @ w1 + b1)
    expected = -((1 - h * h) * w2[:, 0]) @ w1.T
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)
    model.compile(optimizer="sgd", loss="mse")
    before = model.evaluate(x, np.zeros((5, 2)), verbose=0)
    model.fit(x, np.zeros((5, 2)), epochs=20, verbose=0)
    assert model.evaluate(x, np.zeros((5, 2)), verbose=0) < before

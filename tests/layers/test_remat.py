"""remat and RematScope: the same numbers as without them, and less memory."""

from __future__ import annotations

import contextlib
import copy

import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops

X = np.random.default_rng(0).normal(size=(32, 16)).astype("float32")
Y = X[:, :1]


class Block(layers.Layer):
    """All that a call can do besides computing: dropout, moving averages, losses, a Variable that counts, a metric."""

    def __init__(self, recompute, nested=False):
        super().__init__()
        self.recompute, self.nested = recompute, nested
        self.first = layers.Dense(32, "gelu", activity_regularizer=netlet.regularizers.L2(1e-3))
        self.norm, self.drop, self.last = layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(16)
        self.seen = netlet.metrics.Mean(name="seen")

    def build(self, input_shape):
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def widen(self, x, training):
        return self.drop(self.norm(self.first(x), training=training), training=training)

    def compute(self, x, training):
        self.count.assign_add(1.0)
        self.seen.update_state(x)
        self.add_loss(ops.mean(x * x) * 0.1)
        wide = (netlet.remat(self.widen) if self.nested else self.widen)(x, training)
        return x + self.last(wide) * (self.count * 0.01)

    def call(self, x, training=None):
        return (netlet.remat(self.compute) if self.recompute else self.compute)(x, training)


def trained(make, eagerly, epochs=2):
    netlet.utils.set_random_seed(3)
    model = netlet.Sequential([netlet.Input((16,)), make(), make(), layers.Dense(1)])
    model.compile(netlet.optimizers.Adam(0.01), "mse", run_eagerly=eagerly)
    history = model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0).history
    return [*history.values(), *model.get_weights()]


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("nested", [False, True])
def test_the_same_training(eagerly, nested):
    plain = trained(lambda: Block(False), eagerly)
    for got, want in zip(trained(lambda: Block(True, nested), eagerly), plain, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def arena(model, x=X, y=Y):
    netlet.utils.set_random_seed(0)
    model.compile("sgd", "mse")
    loss = model.train_on_batch(x, y)
    return model._steps.last("train").plan.arena_bytes, loss


def blocks(scope, count=6):
    made = []
    for _ in range(count):
        with scope:
            made.append(netlet.Sequential([layers.Dense(64, "gelu"), layers.Dense(64, "gelu"), layers.Dense(16)]))
    return netlet.Sequential([netlet.Input((16,)), *made, layers.Dense(1)])


def test_memory():
    """Six blocks whose intermediate values are twelve times as large as what is between them.

    There are enough rows for these values to be much larger than the weights' panels, which the arena holds too.
    """
    rows = np.tile(X, (8, 1)), np.tile(Y, (8, 1))
    netlet.utils.set_random_seed(0)
    saved, loss = arena(blocks(contextlib.nullcontext()), *rows)
    netlet.utils.set_random_seed(0)
    recomputed, same_loss = arena(blocks(netlet.RematScope()), *rows)
    assert recomputed < 0.4 * saved
    assert same_loss == loss


@pytest.mark.parametrize(
    ("arguments", "fewer"),
    [
        ({"mode": "full"}, True),
        ({"mode": None}, False),
        ({"mode": "larger_than", "output_size_threshold": 100}, True),
        ({"mode": "larger_than", "output_size_threshold": 10**6}, False),
        ({"mode": "list_of_layers", "layer_names": ["a", "b"]}, True),
        ({"mode": "list_of_layers", "layer_names": ["c"]}, False),
    ],
)
def test_modes(arguments, fewer):
    def model(scope):
        netlet.utils.set_random_seed(0)
        with scope:
            a, b = (
                netlet.Sequential([layers.Dense(64, "gelu"), layers.Dense(64, "gelu"), layers.Dense(16)], name=name)
                for name in "ab"
            )
        return netlet.Sequential([netlet.Input((16,)), a, b, layers.Dense(1)])

    saved, loss = arena(model(contextlib.nullcontext()))
    found, same_loss = arena(model(netlet.RematScope(**arguments)))
    assert (found < saved) if fewer else (found == saved)
    assert found <= saved and same_loss == loss


def test_activations():
    """Only activations that need their input are computed again; relu is part of the product."""

    def model(scope, activation):
        netlet.utils.set_random_seed(0)
        with scope:
            hidden = [layers.Dense(64, activation) for _ in range(4)]
        return netlet.Sequential([netlet.Input((16,)), *hidden, layers.Dense(1)])

    for activation in ("gelu", "relu"):
        _, loss = arena(model(contextlib.nullcontext(), activation))
        _, same_loss = arena(model(netlet.RematScope("activations"), activation))
        assert same_loss == loss


def test_a_scope_around_calls():
    class Model(netlet.Model):
        def __init__(self, scope):
            super().__init__()
            self.scope = scope
            self.blocks = [netlet.Sequential([layers.Dense(64, "gelu"), layers.Dense(16)]) for _ in range(4)]
            self.out = layers.Dense(1)

        def call(self, x):
            with self.scope:
                for block in self.blocks:
                    x = block(x)
            return self.out(x)

    found = []
    for scope in (contextlib.nullcontext(), netlet.RematScope()):
        netlet.utils.set_random_seed(0)
        found.append(arena(Model(scope)))
    assert found[1][0] < found[0][0] and found[1][1] == found[0][1]


def test_gradients_of_what_the_function_uses():
    """Of arguments, captured tensors and Variables; also in float64, and a second time."""
    x, w = netlet.Variable(np.array([0.5, -1.0])), netlet.Variable(np.array([2.0, 3.0]))

    def function(v):
        return {"a": ops.exp(v * w), "b": [ops.sum(v) * w]}

    def gradients(call):
        with netlet.GradientTape() as outer:
            with netlet.GradientTape() as inner:
                result = call(x)
                total = ops.sum(result["a"]) + ops.sum(result["b"][0] ** 2)
            first = inner.gradient(total, [x, w])
            norm = ops.sum(first[0] * first[1])
        return [*first, *outer.gradient(norm, [x, w])]

    for got, want in zip(gradients(netlet.remat(function)), gradients(function), strict=True):
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-12)


def test_a_persistent_tape():
    x = netlet.Variable([0.5])
    with netlet.GradientTape(persistent=True) as tape:
        y = netlet.remat(lambda v: ops.exp(v * v))(x)
    assert tape.gradient(y, x).tolist() == tape.gradient(y, x).tolist()


def test_part_of_the_outputs():
    x = netlet.Variable([1.0, 2.0])
    with netlet.GradientTape() as tape:
        a, _, n = netlet.remat(lambda v: (v * v, ops.exp(v), 3))(x)
        loss = ops.sum(a)
    assert n == 3
    assert tape.gradient(loss, x).tolist() == [2.0, 4.0]


def test_without_gradients_the_function_runs_once():
    calls = []

    def function(x):
        calls.append(1)
        return x * 2

    assert netlet.remat(function)(ops.convert_to_tensor([1.0])).tolist() == [2.0]
    v = netlet.Variable([1.0])
    with netlet.GradientTape() as tape:
        y = netlet.remat(function)(v)
    assert len(calls) == 2
    tape.gradient(y, v)
    assert len(calls) == 3


def test_random_numbers_are_drawn_again():
    x = netlet.Variable(np.ones(64, "float32"))
    for call in (lambda v: netlet.random.dropout(v, 0.5), lambda v: v * netlet.random.normal((64,))):
        with netlet.GradientTape() as tape:
            y = netlet.remat(lambda v, call=call: call(v) * v)(x)
        np.testing.assert_allclose(tape.gradient(y, x).numpy(), 2 * y.numpy(), rtol=1e-6)


def test_an_error_in_the_second_run_comes_out():
    x = netlet.Variable([1.0])
    runs = []

    def function(v):
        runs.append(1)
        if len(runs) == 2:
            raise KeyError("again")
        return v * v

    with netlet.GradientTape() as tape:
        y = netlet.remat(function)(x)
    with pytest.raises(KeyError, match="again"):
        tape.gradient(y, x)
    assert "_tensor" not in netlet.Variable.__dict__
    layers.Dense(1)(X)  # no state of the call is left


def test_mixed_precision():
    def model(scope):
        netlet.utils.set_random_seed(0)
        with scope:
            block = netlet.Sequential(
                [layers.Dense(32, "gelu", dtype="mixed_bfloat16"), layers.Dense(16, dtype="mixed_bfloat16")]
            )
        return netlet.Sequential([netlet.Input((16,)), block, layers.Dense(1)])

    found = []
    for scope in (contextlib.nullcontext(), netlet.RematScope()):
        made = model(scope)
        made.compile("sgd", "mse")
        made.fit(X, Y, epochs=2, verbose=0, shuffle=False)
        found.append(made.get_weights())
    for got, want in zip(*found, strict=True):
        np.testing.assert_array_equal(got, want)


def test_copies_and_files(tmp_path):
    model = blocks(netlet.RematScope(), 1)
    copied = copy.deepcopy(model)
    np.testing.assert_array_equal(copied.predict(X, verbose=0), model.predict(X, verbose=0))
    model.save(tmp_path / "model.netlet")
    again = netlet.models.load_model(tmp_path / "model.netlet")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_errors():
    with pytest.raises(TypeError, match="expected a function or a layer, received int"):
        netlet.remat(3)
    with pytest.raises(ValueError, match="expected mode to be one of"):
        netlet.RematScope("all")
    assert netlet.remat(ops.exp)(netlet.Input((3,))).shape == (None, 3)
    assert _core.recomputed(lambda: [], lambda: []) == []

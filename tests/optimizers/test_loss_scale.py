"""LossScaleOptimizer: its scale and its skipped steps against Keras, eagerly and in recorded steps."""

from __future__ import annotations

import copy

import keras
import numpy as np
import pytest

import netlet
from netlet import Variable, layers, optimizers
from netlet.optimizers import LossScaleOptimizer
from support import keras64

INNER = {
    "SGD": {"learning_rate": 0.125, "momentum": 0.5},
    "Adam": {"learning_rate": 0.125, "clipnorm": 0.5},
    "RMSprop": {"learning_rate": 0.125, "gradient_accumulation_steps": 2},
}
BAD = (2, 3, 6)  # steps whose gradients are not finite


def gradients(count=12):
    rng = np.random.default_rng(0)
    steps = [[rng.normal(size=s) for s in ((3, 2), (4,))] for _ in range(count)]
    for i in BAD:
        steps[i][i % 2].flat[1] = (np.nan, np.inf)[i % 2]
    return steps


@pytest.mark.parametrize("name", INNER)
def test_steps_follow_keras(name):
    start = gradients()[0]
    ours = [Variable(v) for v in start]
    optimizer = LossScaleOptimizer(getattr(optimizers, name)(**INNER[name]), 64.0, dynamic_growth_steps=3)
    with keras64.float64():
        theirs = [keras.Variable(v, dtype="float64") for v in start]
        inner = getattr(keras.optimizers, name)(**INNER[name])
        reference = keras.optimizers.LossScaleOptimizer(inner, 64.0, dynamic_growth_steps=3)
        apply = keras64.compiled_apply(reference, theirs)
        for step in gradients():
            scale = float(reference.dynamic_scale)
            assert float(optimizer.scale_loss(2.0)) == 2 * scale
            optimizer.apply([g * scale for g in step], ours)
            apply([g * scale for g in step], theirs)
            for a, b in zip([*ours, *optimizer.variables], [*theirs, *reference.variables], strict=True):
                np.testing.assert_allclose(a, np.asarray(b), rtol=1e-9, atol=1e-12)


def trained(optimizer, eager=False, poison=(), epochs=3):
    """Weights and state after a fit in which some batches have an infinite sample weight."""
    rng = np.random.default_rng(0)
    x, y, weight = rng.normal(size=(24, 3)), rng.normal(size=(24, 2)), np.ones(24)
    for batch in poison:
        weight[4 * batch] = np.inf
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([layers.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(2)])
    model.compile(optimizer, "mse", run_eagerly=eager)
    model.fit(x, y, sample_weight=weight, batch_size=4, epochs=epochs, shuffle=False, verbose=0)
    return [v.numpy() for v in [*model.variables, *optimizer.variables]]


class Plain(optimizers.Optimizer):
    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, gradient * learning_rate)


MAKE = {
    "Adam": lambda: optimizers.Adam(0.0625),
    "accumulation": lambda: optimizers.Adam(0.0625, gradient_accumulation_steps=2, use_ema=True),
    "schedule": lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.25, 2, 0.5), weight_decay=0.125),
    "own": lambda: Plain(0.0625, gradient_accumulation_steps=2),
}


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_a_recorded_fit_skips_steps_with_the_bits_of_an_eager_one(make):
    results = [trained(LossScaleOptimizer(make(), 8.0, 4), eager, poison=(1, 4)) for eager in (False, True)]
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(np.isfinite(a).all() for a in results[0])


def test_without_skipped_steps_a_power_of_two_changes_no_bit():
    scaled, plain = trained(LossScaleOptimizer(optimizers.Adam(0.0625))), trained(optimizers.Adam(0.0625))
    for a, b in zip(scaled[:4], plain[:4], strict=True):
        np.testing.assert_array_equal(a, b)


def test_steps_of_a_large_table_are_whole():
    """The inner optimizer must not rely on a map of rows, since the gradients are divided as a whole."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 3000, (16, 4)), rng.normal(size=(16, 4, 32))
    results = []
    for make in (lambda: optimizers.SGD(0.5), lambda: LossScaleOptimizer(optimizers.SGD(0.5))):
        netlet.utils.set_random_seed(0)
        model = netlet.Sequential([layers.Input((4,), dtype="int32"), layers.Embedding(3000, 32)])
        model.compile(make(), "mse")
        model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
        results.append(model.get_weights()[0])
    np.testing.assert_array_equal(*results)


def test_configs_copies_and_files(tmp_path):
    optimizer = LossScaleOptimizer(optimizers.Adam(0.125), 16.0, dynamic_growth_steps=2, name="scaled")
    config = optimizers.serialize(optimizer)
    again = optimizers.deserialize(config)
    assert again.get_config() == optimizer.get_config()
    theirs = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.125), 16.0, 2, name="scaled").get_config()
    assert optimizer.get_config().keys() == theirs.keys()

    w = Variable([1.0, 2.0])
    for g in ([1.0, 2.0], [np.nan, 0.0], [1.0, 1.0]):
        optimizer.apply([g], [w])
    v, other = copy.deepcopy((w, optimizer))
    for o, target in ((optimizer, w), (other, v)):
        for g in ([4.0, 2.0], [1.0, 1.0]):
            o.apply([g], [target])
    np.testing.assert_array_equal(v, w)
    for a, b in zip(optimizer.variables, other.variables, strict=True):
        np.testing.assert_array_equal(a, b)

    model = netlet.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile(LossScaleOptimizer(optimizers.AdamW(0.125), 16.0, dynamic_growth_steps=3), "mse")
    model.optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.fit(np.ones((4, 2)), np.ones(4), batch_size=2, verbose=0)
    model.save(tmp_path / "m.netlet")
    loaded = netlet.models.load_model(tmp_path / "m.netlet")
    for m in (model, loaded):
        m.fit(np.ones((4, 2)), np.ones(4), batch_size=2, shuffle=False, verbose=0)
    for a, b in zip(
        [*model.weights, *model.optimizer.variables], [*loaded.weights, *loaded.optimizer.variables], strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_the_learning_rate_is_the_inner_one():
    optimizer = LossScaleOptimizer(optimizers.SGD(0.5, loss_scale_factor=3.0))
    optimizer.learning_rate = 0.25
    assert float(optimizer.inner_optimizer.learning_rate) == float(optimizer.learning_rate) == 0.25
    assert optimizer.inner_optimizer.loss_scale_factor is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0), "Instead, set `clipnorm` on the"),
        (lambda: LossScaleOptimizer(optimizers.SGD(), ema_momentum=0.5), "Instead, set `ema_momentum` on the"),
        (lambda: LossScaleOptimizer(optimizers.SGD(), dynamic=False), "set `loss_scale_factor`"),
        (lambda: LossScaleOptimizer(optimizers.SGD(), foo=1, bar=2), "arguments: `foo`, `bar`"),
        (lambda: LossScaleOptimizer(LossScaleOptimizer(optimizers.SGD())), "cannot be used inside a LossScale"),
        (lambda: LossScaleOptimizer(optimizers.LBFGS()), "LBFGS cannot be used inside a LossScaleOptimizer"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()

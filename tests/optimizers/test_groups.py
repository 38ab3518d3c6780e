"""Factors of the learning rate and the weight decay of some variables."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest

import netlet
from netlet import Variable, layers, optimizers
from support import keras64

NAMES, SHAPES = ["a_kernel", "a_bias", "b_kernel"], [(3, 2), (2,), (4,)]
FACTORS = {"bias": {"weight_decay": 0}, "^a_": {"learning_rate": 0.5, "weight_decay": 2}}
# What these factors make of each variable: (learning rate, weight decay).
EXPECTED = [(0.5, 2.0), (0.5, 0.0), (1.0, 1.0)]


def steps(seed=0, count=5):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=s) for s in SHAPES], [[rng.normal(size=s) for s in SHAPES] for _ in range(count)]


def classes():
    """All of netlet's optimizers that update weights from gradients."""
    found = [getattr(optimizers, name) for name in optimizers.__all__]
    found = [c for c in found if inspect.isclass(c) and issubclass(c, optimizers.Optimizer)]
    rated = [c for c in found if next(iter(inspect.signature(c).parameters)) == "learning_rate"]
    return [c for c in rated if c is not optimizers.Optimizer and not c.needs_closure]


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_factors_are_those_of_an_optimizer_for_each_variable(name):
    start, gradients = steps()
    ours = [Variable(v, name=n) for v, n in zip(start, NAMES, strict=True)]
    optimizer = getattr(optimizers, name)(0.125, weight_decay=0.25)
    optimizer.set_multipliers(FACTORS)
    with keras64.float64():
        theirs = [keras.Variable(v, dtype="float64") for v in start]
        alone = [getattr(keras.optimizers, name)(0.125 * a, weight_decay=0.25 * b) for a, b in EXPECTED]
        for step in gradients:
            optimizer.apply(step, ours)
            for each, g, v in zip(alone, step, theirs, strict=True):
                each.apply([keras.ops.convert_to_tensor(g, dtype="float64")], [v])
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize("cls", classes(), ids=lambda c: c.__name__)
def test_every_optimizer_reads_the_rate_of_its_group(cls):
    """A group whose rate is halved has the bits of an optimizer with half the rate."""
    start, gradients = steps(1)
    results = []
    for rate, factors in ((0.125, {".": {"learning_rate": 0.5}}), (0.0625, {})):
        variables = [Variable(v, name=n) for v, n in zip(start, NAMES, strict=True)]
        optimizer = cls(rate)
        optimizer.set_multipliers(factors)
        for step in gradients:
            optimizer.apply(step, variables)
        results.append([v.numpy() for v in variables])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


class Plain(optimizers.Optimizer):
    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, gradient * learning_rate)


def test_an_update_step_in_python_reads_the_rate_of_its_group_too():
    variables = [Variable(np.ones(2), name=n) for n in NAMES]
    optimizer = Plain(0.5, weight_decay=0.5)
    optimizer.set_multipliers(FACTORS)
    optimizer.apply([np.ones(2)] * 3, variables)
    for v, (rate, decay) in zip(variables, EXPECTED, strict=True):
        np.testing.assert_allclose(v, 1 - 0.5 * rate * 0.5 * decay - 0.5 * rate)


def model(optimizer):
    made = netlet.Sequential([layers.Input((3,)), layers.Dense(4, name="a"), layers.Dense(3, name="b")], name="net")
    made.compile(optimizer, "mse")
    return made


def test_a_kernel_call_for_each_border_between_groups(tmp_path):
    x, y = np.random.default_rng(0).normal(size=(2, 8, 3)).astype("float32")
    counts = {}
    for name, factors in {"none": {}, "layer": {"net/a/": {"learning_rate": 0.5}}, "same": {".": {}}}.items():
        optimizer = optimizers.AdamW(0.125)
        optimizer.set_multipliers(factors)
        trained = model(optimizer)
        trained.fit(x, y, verbose=0)
        records = trained.plan(x, y, mode="train").records()
        counts[name] = sum("adam_update" in str(r) for r in records)
    assert counts == {"none": 1, "layer": 2, "same": 1}
    # The factors are saved with the model.
    before, path = model(optimizers.AdamW(0.125)), tmp_path / "m.netlet"
    before.optimizer.set_multipliers(FACTORS | {"net/b": {"weight_decay": 0.5}})
    before.fit(x, y, verbose=0)
    before.save(path)
    after = netlet.models.load_model(path)
    assert after.optimizer.get_config()["multipliers"] == before.optimizer.get_config()["multipliers"]
    for each in (before, after):
        each.fit(x, y, shuffle=False, verbose=0)
    for a, b in zip(before.get_weights(), after.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_factors_the_config_is_keras_s():
    assert "multipliers" not in optimizers.Adam().get_config()
    optimizer = optimizers.SGD(0.5)
    optimizer.set_multipliers(FACTORS)
    assert optimizers.SGD.from_config(optimizer.get_config()).get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    "factors",
    [{"a": {"rate": 1}}, {"a": {"learning_rate": -1}}, {"a": {"weight_decay": "0"}}, {"a": {"learning_rate": True}}],
)
def test_bad_factors(factors):
    with pytest.raises(ValueError, match=r"Argument `multipliers`: expected .* for 'a'"):
        optimizers.SGD().set_multipliers(factors)


def test_after_build_it_is_too_late():
    optimizer = optimizers.SGD()
    optimizer.build([Variable([1.0])])
    for call in (lambda: optimizer.set_multipliers(FACTORS), optimizer.exclude_from_weight_decay):
        with pytest.raises(ValueError, match="can only be configured before the optimizer is built"):
            call()

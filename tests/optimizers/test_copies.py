"""Copies of optimizers continue from the original's state."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import netlet
from netlet import layers, optimizers

MAKE = {
    "Adam": lambda: optimizers.Adam(0.1),
    "schedule": lambda: optimizers.SGD(
        optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), momentum=0.9, weight_decay=0.1
    ),
    "Nadam": lambda: optimizers.Nadam(0.1),
    "Rprop": lambda: optimizers.Rprop(0.1),
    "Adafactor": lambda: optimizers.Adafactor(0.1),
    "Muon": lambda: optimizers.Muon(0.1),
    "ScheduleFreeAdamW": lambda: optimizers.ScheduleFreeAdamW(0.1),
    "ema": lambda: optimizers.RMSprop(0.1, use_ema=True, gradient_accumulation_steps=2),
}
AGAIN = {"deepcopy": copy.deepcopy, "pickle": lambda x: pickle.loads(pickle.dumps(x))}


def step(variables, optimizer, times=3):
    for i in range(times):
        optimizer.apply([np.full(v.shape, 0.1 * (i + 1), v.dtype) for v in variables], variables)


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_variables_and_optimizer_copied_together(make, again):
    variables, optimizer = [netlet.Variable([1.0, 2.0]), netlet.Variable(np.ones((2, 3)), dtype="float32")], make()
    step(variables, optimizer)
    others, other = again((variables, optimizer))
    assert int(other.iterations) == int(optimizer.iterations) > 0 and not other.built
    again(other)  # the copy can be copied before it is built
    before = [v.numpy() for v in variables]
    step(others, other)
    for v, was in zip(variables, before, strict=True):
        np.testing.assert_array_equal(v, was)
    step(variables, optimizer)
    for v, w in zip([*variables, *optimizer.variables], [*others, *other.variables], strict=True):
        np.testing.assert_array_equal(v, w)


@pytest.mark.parametrize("again", [*AGAIN.values(), copy.copy], ids=[*AGAIN, "copy"])
def test_a_copy_trains_another_model(again):
    x, y = np.random.default_rng(0).standard_normal((2, 32, 3)).astype("float32")

    def make(optimizer):
        model = netlet.Sequential([layers.Input((3,)), layers.Dense(4), layers.Dense(3)])
        model.compile(optimizer, "mse")
        return model

    first = make("adam")
    first.fit(x, y, epochs=2, verbose=0)
    second = make(again(first.optimizer))
    second.set_weights(first.get_weights())
    histories = [model.fit(x, y, shuffle=False, verbose=0).history for model in (first, second)]
    assert histories[0] == histories[1]
    third = netlet.Sequential([layers.Input((3,)), layers.Dense(3)])  # other shapes: the state is reset
    third.compile(again(first.optimizer), "mse")
    third.fit(x, y, verbose=0)
    assert int(third.optimizer.iterations) == 1 and int(first.optimizer.iterations) == 3


class OfOnesOwn(optimizers.Optimizer):
    def build(self, variables):
        super().build(variables)
        self.sums = self.add_optimizer_variables(variables, "sum")

    def update_step(self, gradient, variable, learning_rate):
        total = self.sums[[v is variable for v in self._trainable_variables].index(True)]
        total.assign_add(gradient)
        variable.assign_sub(total * learning_rate)


def test_slots_that_a_subclass_makes():
    variables, optimizer = [netlet.Variable([1.0, 2.0])], OfOnesOwn(0.1)
    step(variables, optimizer)
    others, other = copy.deepcopy((variables, optimizer))
    step(variables, optimizer)
    step(others, other)
    np.testing.assert_array_equal(variables[0], others[0])


def test_what_is_excluded_from_weight_decay_stays_so():
    variables = [netlet.Variable([1.0, 2.0]), netlet.Variable([1.0, 2.0])]
    optimizer = optimizers.SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=variables[1:])
    with pytest.raises(ValueError, match="expected `exclude_from_weight_decay"):
        copy.deepcopy(optimizer)
    step(variables, optimizer)
    others, other = copy.deepcopy((variables, optimizer))
    step(variables, optimizer)
    step(others, other)
    for v, w in zip(variables, others, strict=True):
        np.testing.assert_array_equal(v, w)

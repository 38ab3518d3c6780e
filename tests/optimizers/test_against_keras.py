"""Every optimizer with each of its arguments against Keras over several steps, in float64."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import Variable, optimizers
from support import keras64
from support.optimizer_runs import SHAPES, STEPS, agree, by_keras, by_netlet, problem, recorded, same_state, schedule

BY_KERAS = [name for name in optimizers._CLASSES if hasattr(keras.optimizers, name)]
CASES = {
    "sgd": ("SGD", {"learning_rate": 0.1}),
    "sgd momentum": ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    "sgd nesterov": ("SGD", {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True}),
    "sgd decay": ("SGD", {"learning_rate": 0.1, "momentum": 0.8, "weight_decay": 0.05}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.05}),
    "rmsprop rho epsilon": ("RMSprop", {"learning_rate": 0.05, "rho": 0.5, "epsilon": 1e-3}),
    "rmsprop momentum": ("RMSprop", {"learning_rate": 0.05, "momentum": 0.7}),
    "rmsprop centered": ("RMSprop", {"learning_rate": 0.05, "centered": True}),
    "rmsprop centered momentum": ("RMSprop", {"learning_rate": 0.05, "centered": True, "momentum": 0.7}),
    "rmsprop decay": ("RMSprop", {"learning_rate": 0.05, "weight_decay": 0.1}),
    "adam": ("Adam", {"learning_rate": 0.05}),
    "adam betas": ("Adam", {"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-2}),
    "adam amsgrad": ("Adam", {"learning_rate": 0.05, "beta_2": 0.5, "amsgrad": True}),
    "adam decay": ("Adam", {"learning_rate": 0.05, "weight_decay": 0.02}),
    "adamw": ("AdamW", {"learning_rate": 0.05}),
    "adamw amsgrad": ("AdamW", {"learning_rate": 0.05, "weight_decay": 0.1, "amsgrad": True}),
    "clipnorm": ("Adam", {"learning_rate": 0.05, "clipnorm": 0.5}),
    "clipvalue": ("RMSprop", {"learning_rate": 0.05, "clipvalue": 0.3}),
    "global_clipnorm": ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "global_clipnorm": 1.0}),
    "global_clipnorm not reached": ("SGD", {"learning_rate": 0.1, "global_clipnorm": 1e6}),
    "ema": ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.6}),
    "ema overwrites": (
        "Adam",
        {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.6, "ema_overwrite_frequency": 2},
    ),
    "loss scale": ("Adam", {"learning_rate": 0.05, "loss_scale_factor": 8.0}),
    "accumulation": ("Adam", {"learning_rate": 0.05, "gradient_accumulation_steps": 2}),
    "accumulation clipped": (
        "AdamW",
        {"learning_rate": 0.05, "gradient_accumulation_steps": 3, "global_clipnorm": 0.7, "use_ema": True},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_steps(case):
    name, arguments = CASES[case]
    start, steps = problem()
    trace, state = by_netlet(name, arguments, start, steps)
    expected, expected_state = by_keras(name, arguments, start, steps)
    agree(trace, expected, 1e-10)
    same_state(state, expected_state)


@pytest.mark.parametrize("name", BY_KERAS)
def test_default_arguments(name):
    start, steps = problem(1)
    trace, _ = by_netlet(name, {}, start, steps)
    expected, _ = by_keras(name, {}, start, steps)
    agree(trace, expected, 1e-8)  # Keras keeps the learning rate in float32
    assert getattr(optimizers, name)().get_config().keys() == getattr(keras.optimizers, name)().get_config().keys()
    theirs = getattr(keras.optimizers, name)().get_config()
    for key, value in getattr(optimizers, name)().get_config().items():
        if key not in ("name", "learning_rate"):
            assert value == theirs[key], key


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_schedules_count_steps(name):
    start, steps = problem(2)
    trace, _ = by_netlet(name, {"learning_rate": schedule(netlet)}, start, steps)
    expected, _ = by_keras(name, {"learning_rate": schedule(keras)}, start, steps)
    agree(trace, expected, 1e-7)


@pytest.mark.parametrize("case", CASES)
def test_float32_stays_near_float64(isa, case):
    name, arguments = CASES[case]
    start, steps = problem(3)
    narrow, _ = by_netlet(name, arguments, start, steps, "float32")
    wide, _ = by_netlet(name, arguments, start, steps)
    agree(narrow, wide, 2e-5)


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_step_gives_the_eager_bits(case):
    """A replayed plan with gradients in the optimizer's segment gives the bits of eager calls with other arrays."""
    name, arguments = CASES[case]
    start, steps = problem(4)
    expected, _ = by_netlet(name, arguments, start, steps)

    variables, optimizer, plan = recorded(name, arguments, start)
    updates = [r for r in plan.records() if r["kernel"].endswith("_update_f64") and not r["kernel"].startswith("ema")]
    assert len(updates) == 1
    for gradients, after in zip(steps, expected, strict=False):
        plan.run([np.asarray(g)[None] for g in gradients])
        for v, value in zip(variables, after, strict=True):
            if arguments.get("global_clipnorm"):  # adjacent gradients are summed as one array: rounding differs
                np.testing.assert_allclose(v.numpy(), value, rtol=1e-14)
            else:
                np.testing.assert_array_equal(v.numpy(), value)
    assert int(optimizer._iterations) == STEPS


def test_excluded_variables_do_not_decay():
    start, _ = problem(5)
    zero = [np.zeros(s) for s in SHAPES]
    names = ["kernel", "bias", "gamma", "other"]
    for library in (netlet, keras):
        with keras64.float64():
            variables = [library.Variable(v, name=n, dtype="float64") for v, n in zip(start, names, strict=True)]
            optimizer = library.optimizers.AdamW(0.1, weight_decay=0.5)
            optimizer.exclude_from_weight_decay(var_list=[variables[3]], var_names=["bias"])
            optimizer.apply([library.ops.convert_to_tensor(g) for g in zero], variables)
        for v, before, factor in zip(variables, start, (0.95, 1, 0.95, 1), strict=True):
            np.testing.assert_allclose(v.numpy(), before * factor, rtol=1e-6)


def test_a_variable_without_gradient_is_left_alone_and_told_of():
    start, steps = problem(6)
    variables = [Variable(v) for v in start]
    optimizer = optimizers.Adam(0.1)
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        optimizer.apply([None, *steps[0][1:]], variables)
    np.testing.assert_array_equal(variables[0].numpy(), start[0])
    assert all((v.numpy() != s).all() for v, s in zip(variables[1:], start[1:], strict=True))
    with pytest.raises(ValueError, match="No gradients provided"):
        optimizer.apply([None] * 4, variables)

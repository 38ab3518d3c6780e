"""Runs of an optimizer on a few small variables by Keras, by netlet, and as a recorded step."""

from __future__ import annotations

import keras
import numpy as np

from netlet import Variable, _core, optimizers
from support import keras64

SHAPES = [(3, 5), (5,), (17, 2), ()]
STEPS = 6


def schedule(library):
    return library.optimizers.schedules.PolynomialDecay(0.2, 4, 0.01, power=2.0)


def problem(seed=0):
    rng = np.random.default_rng(seed)
    start = [rng.normal(size=s) for s in SHAPES]
    steps = [[rng.normal(size=s) for s in SHAPES] for _ in range(STEPS)]
    return start, steps


def by_keras(name, arguments, start, steps):
    with keras64.float64():
        variables = [keras.Variable(v, dtype="float64") for v in start]
        optimizer = getattr(keras.optimizers, name)(**arguments)
        trace = []
        for gradients in steps:
            optimizer.apply([keras.ops.convert_to_tensor(g, dtype="float64") for g in gradients], variables)
            trace.append([np.asarray(v.value) for v in variables])
        if optimizer.use_ema:
            optimizer.finalize_variable_values(variables)
            trace.append([np.asarray(v.value) for v in variables])
        return trace, [np.asarray(v.value) for v in optimizer.variables]


def by_netlet(name, arguments, start, steps, dtype="float64"):
    variables = [Variable(v.astype(dtype)) for v in start]
    optimizer = getattr(optimizers, name)(**arguments)
    trace = []
    for gradients in steps:
        optimizer.apply([g.astype(dtype) for g in gradients], variables)
        trace.append([v.numpy() for v in variables])
    if optimizer.use_ema:
        optimizer.finalize_variable_values(variables)
        trace.append([v.numpy() for v in variables])
    return trace, [v.numpy() for v in optimizer.variables]


def agree(ours, theirs, rtol):
    for step, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol, err_msg=f"step {step}")


def same_state(state, expected):
    """Slots in the same order with the same values. In Keras the learning rate is a float32."""
    assert len(state) == len(expected)
    for i, (a, b) in enumerate(zip(state, expected, strict=True)):
        if i == 1:
            np.testing.assert_allclose(a, b, rtol=1e-6)
        else:
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def recorded(name, arguments, start, dtype="float64"):
    """(variables, optimizer, plan of one step whose inputs are the gradients)."""
    variables = [Variable(v.astype(dtype)) for v in start]
    optimizer = getattr(optimizers, name)(**arguments)
    optimizer.build(variables)
    targets = optimizer.gradient_targets()
    tape = _core.Tape(record=True)
    with tape:
        fed = [tape.input((1, *v.shape), dtype, f"g{i}") for i, v in enumerate(variables)]
        for g, v in zip(fed, variables, strict=True):
            _core.assign(_core.reshape(g, v.shape), targets[id(v)])
        optimizer.apply([targets[id(v)] for v in variables], variables)
        return variables, optimizer, tape.compile([])

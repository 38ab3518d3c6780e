"""Memory that runs out at any one request: MemoryError, or a result as if nothing had been, and the model is unchanged.

A library that is loaded first lets each request from a size on fail in turn (tests/support/failing_memory.c). With
files only large ones fail, because safetensors ends the process if it gets no memory for a header.
(tests/runtime/test_out_of_memory.py limits the memory of the whole process instead.)
"""

from __future__ import annotations

import pytest

from support.preload import needs_preload, run_preloaded

pytestmark = needs_preload

START = """
import pathlib
import netlet, numpy as np
from netlet import layers
from support.memory_faults import LARGE, SMALL, FailingMemory

netlet.set_num_threads(2)
memory = FailingMemory()
rng = np.random.default_rng(0)
x, y = rng.standard_normal((256, 64), "float32"), rng.standard_normal((256, 64), "float32")
STEPS, BATCH = 4, 64

def make():
    netlet.utils.set_random_seed(3)
    model = netlet.Sequential([netlet.Input((64,)), layers.Dense(64, "relu"), layers.LayerNormalization(),
                               layers.Dense(64)])
    model.compile(netlet.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model

def fit(model, steps=STEPS):
    model.fit(x[:steps * BATCH], y[:steps * BATCH], batch_size=BATCH, shuffle=False, verbose=0)

def state(model):
    slots = [v.numpy().tobytes() for v in model.optimizer.variables] if model.optimizer.built else []
    return [w.tobytes() for w in model.get_weights()], slots

def after(steps):
    model = make()
    if steps:
        fit(model, steps)
    return state(model)

# The states in which a training may be found: those between two steps.
trajectory = [after(steps) for steps in range(STEPS + 1)]

def check(model):
    weights, slots = state(model)
    steps = int(model.optimizer.iterations)
    expected = trajectory[steps]
    assert weights == expected[0], steps
    assert not slots or not steps or slots == expected[1], steps
    # And it goes on from there.
    if steps < STEPS:
        model.fit(x[steps * BATCH:], y[steps * BATCH:], batch_size=BATCH, shuffle=False, verbose=0)
        assert state(model) == trajectory[STEPS]
"""

FIT = """
for least, stride in [(LARGE, 1), (SMALL, {stride})]:
    for model, raised in memory.each_request(make, fit, least, stride):
        check(model)
assert memory.raised > 3, memory.raised
"""

AGAIN = """
# The plans of these models have been recorded.
start = make()
fit(start)
variables = [*start.variables, *start.optimizer.variables]
values = [v.numpy().copy() for v in variables]
expected = start.predict(x, verbose=0)
begin = make()
begin.optimizer.build(begin.trainable_variables)
first = [v.numpy().copy() for v in [*begin.variables, *begin.optimizer.variables]]

def trained():
    for variable, value in zip(variables, values):
        variable.assign(value)
    return start

def untrained():
    for variable, value in zip(variables, first):
        variable.assign(value)
    return start

for least, stride in [(LARGE, 1), (SMALL, {stride})]:
    for model, raised in memory.each_request(untrained, fit, least, stride):
        check(model)
    for work in [
        lambda model: model.predict(x, verbose=0),
        lambda model: model.evaluate(x, y, verbose=0),
        lambda model: model(x),
    ]:
        for model, raised in memory.each_request(trained, work, least, stride):
            assert np.array_equal(model.predict(x, verbose=0), expected)
            assert all(np.array_equal(v.numpy(), value) for v, value in zip(variables[:-1], values))
assert memory.raised > 3, memory.raised
"""

FILES = """
model = make()
fit(model)
path = pathlib.Path({folder!r}) / "model.netlet"
model.save(path)
netlet.models.load_model(path)
content, expected = path.read_bytes(), model.predict(x, verbose=0)
for least, stride in [(LARGE, {stride})]:
    for _, raised in memory.each_request(lambda: None, lambda _: netlet.models.load_model(path), least, stride):
        assert np.array_equal(netlet.models.load_model(path).predict(x, verbose=0), expected)
    for _, raised in memory.each_request(lambda: None, lambda _: model.save(path), least, stride):
        assert path.read_bytes() == content
        assert [p.name for p in path.parent.iterdir()] == [path.name]
        assert np.array_equal(model.predict(x, verbose=0), expected)
    other = make()
    def load(_):
        other.load_weights(path)
    start = [w.copy() for w in other.get_weights()]
    for _, raised in memory.each_request(lambda: other.set_weights(start), load, least, stride):
        found = other.get_weights()
        wanted = start if raised else model.get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(found, wanted)), raised
assert memory.raised > 3, memory.raised
"""

CASES = {"a new model": (FIT, 7), "recorded plans": (AGAIN, 7), "files": (FILES, 7)}


@pytest.mark.parametrize("case", CASES)
def test_requests(case, tmp_path):
    code, stride = CASES[case]
    run_preloaded("failing_memory", START + code.format(folder=str(tmp_path), stride=stride))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_request(case, tmp_path):
    run_preloaded("failing_memory", START + CASES[case][0].format(folder=str(tmp_path), stride=1))

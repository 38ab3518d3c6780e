"""A replayed step allocates no memory: a thousand steps make as many allocator calls as ten.

A small library preloaded in a child process, in front of the C library's allocator, counts the calls.
"""

from __future__ import annotations

import pytest

from support.preload import needs_preload, run_preloaded

pytestmark = needs_preload

CHILD = """
import ctypes, numpy as np, netlet
from netlet import layers

counter = ctypes.CDLL(None).netlet_test_allocations
counter.restype = ctypes.c_long

def allocations(work):
    before = counter()
    work()
    return counter() - before

# The counter counts.
empty = allocations(lambda: None)
assert allocations(lambda: [bytes(100_000) for _ in range(50)]) >= empty + 50

netlet.set_num_threads({threads})
model = netlet.Sequential([netlet.Input(({features},)), layers.Dense({units}, activation="relu"), layers.Dropout(0.2),
                           layers.Dense(7, activation="tanh"), layers.Dense(3, activation="softmax")])
model.compile("{optimizer}", "sparse_categorical_crossentropy", metrics=["accuracy"])
rng = np.random.default_rng(0)
x = rng.normal(size=(1000 * {batch}, {features})).astype("float32")
y = rng.integers(0, 3, len(x)).astype("int32")
model.fit(x, y, batch_size={batch}, verbose=0)

# The plan of that training, replayed as fit does.
[step] = [s for key, s in model._steps._steps.items() if key[0] == "train"]
order = rng.permutation(len(x))
run = lambda n: step.plan.run_batches([x, y], order, first=0, count=n)
assert run(5) == (5, -1)  # what a first call may set up is not counted
ten, thousand = allocations(lambda: run(10)), allocations(lambda: run(1000))
assert thousand == ten, f"10 steps call the allocator {{ten}} times, 1000 steps {{thousand}} times"

# And fit itself: some calls at its start and its end, but fewer than one for each step that is added.
def fit(rows):
    model.fit(x[:rows], y[:rows], batch_size={batch}, shuffle=False, verbose=0)
fit(10 * {batch}), fit(1000 * {batch})
few, many = allocations(lambda: fit(10 * {batch})), allocations(lambda: fit(1000 * {batch}))
assert many - few < 900, f"fit of 10 steps calls the allocator {{few}} times, of 1000 steps {{many}} times"
"""


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize(
    ("threads", "features", "units", "batch"),
    [
        pytest.param(1, 11, 11, 10, id="small, one thread"),
        pytest.param(3, 300, 200, 32, id="large enough for three threads"),
    ],
)
def test_replayed_steps_allocate_nothing(optimizer, threads, features, units, batch):
    code = CHILD.format(optimizer=optimizer, threads=threads, features=features, units=units, batch=batch)
    run_preloaded("count_malloc", code)

"""Running out of memory raises MemoryError and leaves the model unchanged; tested in children with limited memory."""

import pytest

from support.child import run_child

# A model whose step on a large batch needs far more memory than the limit allows, and its weights before that step.
START = """
import gc, resource
import netlet, numpy as np
from netlet import layers

rows = 20_000
x, y = np.zeros((rows, 8), np.float32), np.zeros((rows, 1), np.float32)
model = netlet.Sequential([netlet.Input((8,)), layers.Dense(4096, "relu"), layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x[:64], y[:64], verbose=0)
model.predict(x[:64], verbose=0)

def state():
    return [w.tobytes() for w in model.get_weights()], [np.array(v).tobytes() for v in model.optimizer.variables]

def limited(more, call):
    gc.collect()
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + more, hard))
    try:
        call()
        raise SystemExit("there was memory enough")
    except MemoryError:
        pass
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))

before = state()
"""


@pytest.mark.parametrize(
    "call",
    [
        "model.fit(x, y, batch_size=rows, verbose=0)",
        "model.train_on_batch(x, y)",
        "model.evaluate(x, y, batch_size=rows, verbose=0)",
        "model.predict(x, batch_size=rows, verbose=0)",
        "model.predict_on_batch(x)",
        "model(x)",
        "model.fit(np.zeros((8, rows * 100)), np.zeros(8), verbose=0)",
    ],
)
def test_a_step_that_does_not_fit(call):
    run_child(
        START
        + f"""
limited(64 << 20, lambda: {call})
assert state() == before
# It goes on as if nothing had been.
expected = netlet.models.clone_model(model)
expected.set_weights(model.get_weights())
np.testing.assert_array_equal(model.predict(x[:64], verbose=0), expected.predict(x[:64], verbose=0))
model.fit(x[:64], y[:64] + 1, verbose=0)
assert state()[0] != before[0] and int(model.optimizer.iterations) == 4
"""
    )


def test_epochs_of_their_own_memory_are_given_back():
    """A failed step releases its memory: any number of attempts fit within the same limit."""
    run_child(
        START
        + """
for _ in range(5):
    limited(64 << 20, lambda: model.fit(x, y, batch_size=rows, verbose=0))
with open("/proc/self/statm") as file:
    pages = int(file.read().split()[0])
for _ in range(20):
    limited(64 << 20, lambda: model.fit(x, y, batch_size=rows, verbose=0))
with open("/proc/self/statm") as file:
    grown = (int(file.read().split()[0]) - pages) * resource.getpagesize()
assert grown < 32 << 20, grown
assert state() == before
"""
    )


def test_building_and_loading_what_does_not_fit(tmp_path):
    run_child(
        START
        + f"""
large = netlet.Sequential([netlet.Input((2000,)), layers.Dense(4000)])
path, weights = {str(tmp_path / "large.netlet")!r}, {str(tmp_path / "large.weights.netlet")!r}
large.save(path)
large.save_weights(weights)
kept = large.get_weights()[0].copy()
limited(16 << 20, lambda: netlet.models.load_model(path))
limited(16 << 20, lambda: large.load_weights(weights))
np.testing.assert_array_equal(large.get_weights()[0], kept)
del kept
limited(16 << 20, lambda: netlet.Sequential([netlet.Input((2000,)), layers.Dense(4000)]))
assert state() == before
np.testing.assert_array_equal(netlet.models.load_model(path).get_weights()[0], large.get_weights()[0])
large.compile("adam", "mse")
# Adam's moments: twice the weights.
limited(60 << 20, lambda: large.fit(np.zeros((4, 2000)), np.zeros((4, 4000)), verbose=0))
large.fit(np.zeros((4, 2000)), np.zeros((4, 4000)), verbose=0)
"""
    )

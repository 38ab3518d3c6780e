"""Ctrl-C ends a long native call within a batch and leaves the model usable."""

import pytest

from support.child import run_child

# One epoch in one native call, 8 million steps on weights of 4 MB, takes far longer than the child's time limit.
# Checking for signals only between epochs would therefore be too late.
LONG = """
import os, signal, threading, time
import netlet, numpy as np
from netlet import layers

# A process started in the background may have inherited that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
rows = 8_000_000
x, y = np.ones((rows, 1), np.float32), np.zeros((rows, 1), np.float32)
model = netlet.Sequential([netlet.Input((1,)), layers.Dense(1024, "relu"), layers.Dense(1024, "relu"), layers.Dense(1)])
model.compile(netlet.optimizers.SGD(1e-6), "mse")
model.fit(x[:4], y[:4], batch_size=1, verbose=0)
model.evaluate(x[:4], y[:4], batch_size=1, verbose=0)
model.predict(x[:4], batch_size=1, verbose=0)
steps = int(model.optimizer.iterations)

def interrupted(run, running=None):
    # Presses Ctrl-C once running() says that the steps are under way; where nothing shows it: soon.
    def press():
        time.sleep(0.3)
        while running is not None and not running():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    try:
        run()
        raise SystemExit("it ended by itself")
    except KeyboardInterrupt:
        pass
"""


def test_ctrl_c_ends_a_native_epoch():
    run_child(
        LONG
        + """
interrupted(lambda: model.fit(x, y, batch_size=1, verbose=0), lambda: int(model.optimizer.iterations) > steps)
# It came back in the middle, with whole steps only, and the model goes on from there.
assert steps < int(model.optimizer.iterations) < rows
assert all(np.isfinite(w).all() for w in model.get_weights())
before = model.get_weights()
model.fit(x[:8], y[:8], batch_size=1, verbose=0)
assert any(np.any(a != b) for a, b in zip(before, model.get_weights()))
assert model.predict(x[:100], verbose=0).shape == (100, 1)
"""
    )


@pytest.mark.parametrize("call", ["model.evaluate(x, y, batch_size=1, verbose=0)", "model.predict(x, 1, verbose=0)"])
def test_ctrl_c_ends_evaluate_and_predict(call):
    run_child(
        LONG
        + f"""
expected = model.predict(x[:4], verbose=0), model.evaluate(x[:4], y[:4], verbose=0)
interrupted(lambda: {call})
np.testing.assert_array_equal(model.predict(x[:4], verbose=0), expected[0])
assert model.evaluate(x[:4], y[:4], verbose=0) == expected[1]
"""
    )


def test_ctrl_c_ends_an_epoch_of_one_of_many():
    """Many short epochs: the signal may arrive within an epoch or between two."""
    run_child(
        LONG
        + """
interrupted(lambda: model.fit(x[:20], y[:20], batch_size=10, epochs=10**9, verbose=0))
assert all(np.isfinite(w).all() for w in model.get_weights())
assert int(model.optimizer.iterations) > steps
"""
    )

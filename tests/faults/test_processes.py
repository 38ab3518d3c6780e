"""fork, forkserver, spawn while another thread runs a plan, and fork in a callback: the child gets the parent's bits.

(fork while ops run: tests/runtime/test_fork.py.)
"""

from __future__ import annotations

import os

import pytest

from support.child import run_child

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

# A module, since `spawn` imports the function that it runs.
WORK = """
import signal, warnings
import netlet, numpy as np
from netlet import layers

warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads: being safe there is the point
rng = np.random.default_rng(0)
x, y = rng.standard_normal((256, 64), "float32"), rng.standard_normal((256, 8), "float32")

def make():
    netlet.utils.set_random_seed(2)
    model = netlet.Sequential([netlet.Input((64,)), layers.Dense(256, "relu"), layers.Dropout(0.1), layers.Dense(8)])
    model.compile("adam", "mse")
    return model

def trained():
    netlet.set_num_threads(2)
    model = make()
    model.fit(x, y, batch_size=64, epochs=2, verbose=0)
    return model.predict(x, verbose=0).tobytes()

def child(expected):
    signal.alarm(100)  # a deadlock becomes a signal
    raise SystemExit(0 if trained() == expected else 1)
"""

MULTIPROCESSING = """
import multiprocessing, sys, threading, time
sys.path.insert(0, {folder!r})
import work
from work import *

def main():
    expected = trained()
    busy, stop = make(), threading.Event()
    def run():
        while not stop.is_set():
            busy.fit(x, y, batch_size=64, epochs=3, verbose=0)
            time.sleep(0.001)  # leaves some of the machine to the children
    thread = threading.Thread(target=run)
    thread.start()
    try:
        for method, count in [("fork", 2), ("forkserver", 1), ("spawn", 1)]:
            context = multiprocessing.get_context(method)
            children = [context.Process(target=work.child, args=(expected,)) for _ in range(count)]
            for c in children:
                c.start()
            for c in children:
                c.join()
            assert [c.exitcode for c in children] == [0] * count, (method, [c.exitcode for c in children])
    finally:
        stop.set()
        thread.join()
    assert trained() == expected

if __name__ == "__main__":
    main()
"""


def test_processes_that_are_started_while_a_plan_runs(tmp_path):
    (tmp_path / "work.py").write_text(WORK)
    (tmp_path / "script.py").write_text(MULTIPROCESSING.format(folder=str(tmp_path)))
    child = run_child(f"import runpy; runpy.run_path({str(tmp_path / 'script.py')!r}, run_name='__main__')")
    assert child.stderr == ""


def test_fork_in_a_callback():
    """The child goes on with the very `fit` that its parent is in, to the same bits."""
    run_child(
        WORK
        + """
import os

class Fork(netlet.callbacks.Callback):
    pid = None
    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            self.pid = os.fork()
            if not self.pid:
                signal.alarm(60)

netlet.set_num_threads(2)
for data in [dict(x=x, y=y, batch_size=32), dict(x=netlet.data.Dataset.from_tensor_slices((x, y)).batch(32))]:
    model, fork = make(), Fork()
    expected = make()
    expected.fit(**data, shuffle=False, verbose=0)
    model.fit(**data, shuffle=False, verbose=0, callbacks=[fork] if "y" in data else None)
    same = all(np.array_equal(a, b) for a, b in zip(model.get_weights(), expected.get_weights()))
    if fork.pid == 0:
        os._exit(0 if same else 1)
    assert same
    if fork.pid:
        assert os.waitpid(fork.pid, 0)[1] == 0
"""
    )

"""A process that ends while netlet works ends with its own status, without a hang and without a message of ours.

(Daemon threads that compute at the exit: tests/runtime/test_exit.py.)
"""

from __future__ import annotations

import pytest

from support.child import run_child

START = """
import atexit, itertools, sys, threading
import netlet, numpy as np
from netlet import layers

netlet.set_num_threads(2)
x, y = np.ones((256, 64), np.float32), np.ones((256, 8), np.float32)
model = netlet.Sequential([netlet.Input((64,)), layers.Dense(256, "relu"), layers.Dense(8)])
model.compile("adam", "mse")

def batches():
    while True:
        yield x[:32], y[:32]

class Exit(netlet.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 3:
            sys.exit(3)
"""
ENDINGS = {
    "sys.exit in a callback": "model.fit(x, y, verbose=0, callbacks=[Exit()])",
    "sys.exit in a callback, with a generator": """
model.fit(batches(), steps_per_epoch=9, verbose=0, callbacks=[Exit()])
""",
    "sys.exit in a generator": """
def ends():
    yield x[:32], y[:32]
    sys.exit(3)
model.fit(ends(), verbose=0)
""",
    "a callback whose error nobody catches": """
class Wrong(netlet.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise LookupError("wrong")
model.fit(x, y, verbose=0, callbacks=[Wrong()])
""",
    "atexit": """
def last():
    model.fit(x, y, verbose=0)
    assert np.isfinite(model.predict(x, verbose=0)).all()
    print("done")
atexit.register(last)
sys.exit(3)
""",
    "a generator that a daemon thread advances": """
def endless():
    yield x[:32], y[:32]
    threading.Event().wait()
threading.Thread(target=lambda: model.fit(endless(), verbose=0), daemon=True).start()
while not int(model.optimizer.iterations):
    pass
sys.exit(3)
""",
    "a thread that is no daemon": """
thread = threading.Thread(target=lambda: (model.fit(x, y, epochs=20, verbose=0), print("done")))
thread.start()
sys.exit(3)
""",
    "a model that outlives the module": """
class Holder:
    def __del__(self):
        self.model.predict(x, verbose=0) if self.again else None
holder = Holder()
holder.model, holder.again = model, False
sys.modules["netlet.holder"] = holder
model.fit(x, y, verbose=0)
sys.exit(3)
""",
}


BY_DEFAULT = ["sys.exit in a generator", "atexit", "a generator that a daemon thread advances"]


@pytest.mark.parametrize(
    "ending", [pytest.param(e, marks=[] if e in BY_DEFAULT else pytest.mark.slow) for e in ENDINGS]
)
def test_ends_with_its_status(ending):
    child = run_child(START + ENDINGS[ending], check=False)
    if "nobody catches" in ending:
        assert child.returncode == 1
        assert child.stderr.endswith("LookupError: wrong\n")
        return
    assert (child.returncode, child.stderr) == (3, "")
    if ending in ("atexit", "a thread that is no daemon"):
        assert child.stdout == "done\n"

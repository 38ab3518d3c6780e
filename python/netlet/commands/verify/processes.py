"""Promise 10: a forked child computes, and Ctrl-C ends a long native call and leaves the model usable."""

from __future__ import annotations

import os

from .child import NotHereError, failures

FORK = """
import os, signal, threading, warnings, numpy as np, netlet
warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads: being safe there is the promise
netlet.set_num_threads(3)
model = netlet.Sequential([netlet.Input((64,)), netlet.layers.Dense(512), netlet.layers.Dense(1)])
x = np.ones((512, 64), np.float32)
want = model.predict(x, verbose=0)
stop = threading.Event()
def busy():
    while not stop.is_set():
        model.predict(x, verbose=0)
threading.Thread(target=busy, daemon=True).start()
for i in range(5):
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        os._exit(0 if np.array_equal(model.predict(x, verbose=0), want) else 1)
    if os.waitpid(pid, 0)[1]:
        raise SystemExit("a forked child did not compute what its parent does")
stop.set()
"""
CTRL_C = """
import os, signal, threading, time, numpy as np, netlet
signal.signal(signal.SIGINT, signal.default_int_handler)
rows = 4_000_000  # an epoch, one native call, would take minutes
x, y = np.ones((rows, 1), np.float32), np.zeros((rows, 1), np.float32)
layers = netlet.layers.Dense(1024), netlet.layers.Dense(1024), netlet.layers.Dense(1)
model = netlet.Sequential([netlet.Input((1,)), *layers])
model.compile(netlet.optimizers.SGD(1e-6), "mse")
model.fit(x[:4], y[:4], batch_size=1, verbose=0)
steps = int(model.optimizer.iterations)
def press():
    while int(model.optimizer.iterations) <= steps:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=press, daemon=True).start()
try:
    model.fit(x, y, batch_size=1, verbose=0)
    raise SystemExit("Ctrl-C did not end fit")
except KeyboardInterrupt:
    pass
if not int(model.optimizer.iterations) < rows:
    raise SystemExit("Ctrl-C ended fit only after its epoch")
before = model.get_weights()
model.fit(x[:8], y[:8], batch_size=1, verbose=0)
if not any(np.any(a != b) for a, b in zip(before, model.get_weights())):
    raise SystemExit("after Ctrl-C the model does not train")
"""


def check() -> list[str]:
    if not hasattr(os, "fork"):
        raise NotHereError("this system has no fork")
    return failures(FORK) + failures(CTRL_C)

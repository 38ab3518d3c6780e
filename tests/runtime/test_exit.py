"""A process that exits while a daemon thread is inside netlet exits normally, with its own exit code."""

from __future__ import annotations

import pytest

from support.child import run_child

CHILD = """
import threading, numpy as np, netlet
from netlet import layers

netlet.set_num_threads(2)
a = np.ones((300, 300), np.float32)
variable = netlet.Variable(a)
model = netlet.Sequential([netlet.Input((64,)), layers.Dense(64, "relu"), layers.Dense(1)])
model.compile("sgd", "mse")
x, y = np.ones((256, 64), np.float32), np.ones((256, 1), np.float32)
work = {{
    "ops": lambda: netlet.ops.matmul(a, a),
    "assign": lambda: variable.assign(variable + 1),
    "fit": lambda: model.fit(x, y, verbose=0),
    "predict": lambda: model.predict(x, verbose=0),
}}["{work}"]
work()
started = threading.Semaphore(0)

def for_ever():
    while True:
        work()
        started.release()

for _ in range(2):
    threading.Thread(target=for_ever, daemon=True).start()
for _ in range(6):
    started.acquire()
raise SystemExit(3)
"""


@pytest.mark.parametrize("work", ["ops", "assign", "fit", "predict"])
def test_exit_while_daemon_threads_compute(work):
    for _ in range(3):
        child = run_child(CHILD.format(work=work), check=False)
        assert (child.returncode, child.stderr) == (3, "")

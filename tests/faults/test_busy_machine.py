"""Training ends on a machine whose cores are all taken, and the pool of a process with nothing to do does not run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.child import run_child

START = """
import os, threading, time
import netlet, numpy as np
from netlet import layers

netlet.set_num_threads({threads})
x, y = np.ones((256, 64), np.float32), np.ones((256, 8), np.float32)
model = netlet.Sequential([netlet.Input((64,)), layers.Dense(512, "relu"), layers.Dense(8)])
model.compile("adam", "mse")
"""

# The time that all threads have run, as the scheduler counts it, while the main thread sleeps. A thread that spins runs
# whenever there is a core for it.
IDLE = """
from netlet import _core
model.fit(x, y, verbose=0)
model.fit(netlet.data.Dataset.from_tensor_slices((x, y)).batch(32), verbose=0)
model.predict(x, verbose=0)
assert _core.workers_started() == 3
def ran():
    nanoseconds = 0
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/schedstat") as file:
            nanoseconds += int(file.read().split()[0])
    return nanoseconds
time.sleep(0.05)
before = ran()
time.sleep(1)
used = ran() - before
assert used < 20e6, f"an idle process ran for {used / 1e6} ms of a second"
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="reads the scheduler's counts of Linux")
def test_an_idle_pool_does_not_run():
    run_child(START.format(threads=4) + IDLE)


@pytest.mark.parametrize("threads", [8, pytest.param(2, marks=pytest.mark.slow)])
def test_training_ends_while_others_hold_all_cores(threads):
    """More threads than there are cores for: those that wait give way to those that work."""
    spin = "while True: pass"
    peers = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(len(os.sched_getaffinity(0)))]
    try:
        run_child(START.format(threads=threads) + "model.fit(x, y, epochs=2, verbose=0)\nmodel.predict(x, verbose=0)")
    finally:
        for peer in peers:
            peer.kill()
            peer.wait()

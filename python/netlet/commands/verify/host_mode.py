"""Promise 17: the process keeps its floating-point mode, signal handlers and affinity; workers keep subnormals."""

from __future__ import annotations

from .child import failures

CODE = """
import os, signal, numpy as np
def state():
    affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    subnormal = np.float32(1e-40) * np.float32(0.5)  # zero if somebody set FTZ or DAZ
    third = np.float64(1) / np.float64(3) * 3 - 1, np.float32(1) / np.float32(10)  # depend on the rounding mode
    return {s: signal.getsignal(s) for s in signal.valid_signals()}, affinity, float(subnormal), third
before = state()
import netlet
if state() != before:
    raise SystemExit("import netlet has changed the process")
netlet.set_num_threads(3)
x = np.full((2048, 2048), 1e-40, np.float32)
y = np.asarray(netlet.ops.multiply(x, np.full_like(x, 0.5)))
if not (np.array_equal(y, x * np.float32(0.5)) and y[0, 0] > 0):
    raise SystemExit("workers flush subnormals to zero")
half = netlet.ops.cast(x[:300], "bfloat16")
netlet.ops.matmul(half, netlet.ops.transpose(half))  # its kernels set a mode of their own while they run
model = netlet.Sequential([netlet.Input((8,)), netlet.layers.Dense(8, "gelu"), netlet.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.ones((64, 8)), np.ones((64, 1)), verbose=0)
if state() != before:
    raise SystemExit("computing has changed the process")
"""


def check() -> list[str]:
    return failures(CODE)

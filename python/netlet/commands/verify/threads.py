"""Promise 6: the same bits on 1, 2, 3 and 8 threads and in every run."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

import netlet
from netlet import _core, layers, ops

from .isas import forced, levels_with_own_functions

THREADS = (1, 2, 3, 8)


def check() -> list[str]:
    broken = []
    for isa in forced(levels_with_own_functions()):
        if wrong := same_bits_on_any_threads():
            broken.append(f"{isa}: {wrong} operations depend on the number of threads")
        if len({on_threads(n, trained) for n in (*THREADS, 1)}) != 1:
            broken.append(f"{isa}: trained weights depend on the number of threads or on the run")
    return broken


def on_threads(threads: int, call: Any) -> Any:
    """Returns what `call` returns on a number of threads."""
    before = _core.get_num_threads()
    try:
        _core.set_num_threads(threads)
        return call()
    finally:
        _core.set_num_threads(before)


def same_bits_on_any_threads() -> int:
    """Counts operations, of a list of large ones, whose results depend on the number of threads."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(513, 1031)).astype(np.float32)
    w = rng.normal(size=(1031, 257)).astype(np.float32)
    operations: list[Any] = [
        lambda: ops.matmul(x, w),
        lambda: ops.sum(x),
        lambda: ops.mean(x, axis=0),
        lambda: ops.softmax(x),
        lambda: ops.softmax(x, axis=0),
        lambda: ops.tanh(x),
        lambda: ops.gelu(x),
    ]
    return sum(len({on_threads(n, lambda f=f: np.asarray(f()).tobytes()) for n in THREADS}) != 1 for f in operations)


def trained(steps: int = 20) -> str:
    """The SHA-256 of the weights of a network of convolutions, dropout and an LSTM after a number of steps."""
    netlet.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16 * steps, 12, 12, 3)).astype(np.float32), rng.integers(0, 4, 16 * steps)
    model = netlet.Sequential(
        [
            netlet.Input((12, 12, 3)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Dropout(0.3),
            layers.Reshape((10, 160)),
            layers.LSTM(24),
            layers.Dense(4),
        ]
    )
    model.compile("adam", netlet.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, batch_size=16, verbose=0)
    return hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()

"""How far matrix products are from what the multiply-add units can do, and from NumPy: `python bench/kernels_gemm.py [threads]`.

For each shape four times stand side by side, in turns, and the median of the rounds is shown: one product inside a recorded
plan (no Python in the loop), one call of netlet.ops.matmul, one call of NumPy, and the floor, a loop of nothing but
multiply-adds on this machine, compiled here and timed between the others. GFLOP/s throughout; operands stay in the cache
where they fit. Every answer is checked against float64 before it is timed.
"""

from __future__ import annotations

import ctypes
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import threadpoolctl

import netlet
from netlet import _core

SQUARES = [(n, n, n, False, False) for n in (8, 16, 32, 64, 128, 256, 512, 1024, 2048)]
# M, N, K, transpose_a, transpose_b: layers of small networks forward, dW, dx; skinny and tall shapes; matrix times vector.
LAYERS = [
    (10, 11, 11, False, False), (11, 11, 10, True, False), (10, 11, 11, False, True),
    (10, 7, 11, False, False), (32, 16, 784, False, False), (784, 16, 32, True, False), (32, 784, 16, False, True),
    (128, 128, 784, False, False), (784, 128, 128, True, False), (128, 784, 128, False, True),
    (4096, 64, 64, False, False), (10, 10, 1000, False, False), (10, 1000, 10, False, False), (10, 10, 100000, False, False),
    (1, 1000, 1000, False, False), (1, 1000, 1000, False, True), (1000, 1, 1000, False, False), (1, 4096, 4096, False, False),
    (4, 1024, 1024, False, False), (32, 1024, 1024, False, False), (32, 1024, 1024, False, True), (1000, 1000, 1000, False, True),
]  # fmt: skip

FLOOR = """
typedef float V __attribute__((vector_size(64)));
double floor_flops(long rounds) {
    V s[12], m, a;
    for (int i = 0; i < 16; ++i) m[i] = 0.999f, a[i] = 0.001f;
    for (int j = 0; j < 12; ++j) s[j] = m;
    for (long r = 0; r < rounds; ++r) {
        #pragma GCC unroll 12
        for (int j = 0; j < 12; ++j) { s[j] = s[j] * m + a; asm volatile("" : "+v"(s[j])); }
    }
    for (int j = 1; j < 12; ++j) s[0] += s[j];
    return s[0][0];
}
"""
FLOPS_OF_A_ROUND = 12 * 16 * 2


def floor_function() -> Callable[[int], float] | None:
    """The loop above, or None without a compiler."""
    compiler = next((path for name in ("c++", "g++", "clang++") if (path := shutil.which(name))), None)
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = pathlib.Path(folder) / "floor.c", pathlib.Path(folder) / "floor.so"
        source.write_text(FLOOR)
        flags = ["-x", "c", "-O3", "-march=native", "-mprefer-vector-width=512", "-ffp-contract=fast", "-shared", "-fPIC"]
        subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
        function = ctypes.CDLL(str(library)).floor_flops
    function.argtypes, function.restype = [ctypes.c_long], ctypes.c_double
    return function


def measure_floor(function: Callable[[int], float], threads: int) -> float:
    rounds = 1_000_000
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(function, [rounds] * threads))
        return threads * rounds * FLOPS_OF_A_ROUND / (time.perf_counter() - start) * 1e-9


def seconds(function: Callable[[], object], least: float = 0.01) -> float:
    calls = 1
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            function()
        spent = time.perf_counter() - start
        if spent > least:
            return spent / calls
        calls = max(calls * 2, int(calls * least / max(spent, 1e-9)))


def recorded(a: np.ndarray, b: np.ndarray, ta: bool, tb: bool, copies: int) -> Callable[[], object]:
    """`copies` equal products in one plan."""
    tape = _core.Tape(record=True)
    with tape:
        x, y = tape.input(a.shape, str(a.dtype), "a"), tape.input(b.shape, str(b.dtype), "b")
        for _ in range(copies):
            c = _core.matmul(x, y, ta, tb)
        plan = tape.compile([c])
    arrays = [a, b]
    return lambda: plan.run(arrays)


def row(shape: tuple[int, int, int, bool, bool], floor: Callable[[int], float] | None, threads: int, rounds: int = 7) -> str:
    m, n, k, ta, tb = shape
    rng = np.random.default_rng(0)
    a = rng.standard_normal((k, m) if ta else (m, k)).astype("f4")
    b = rng.standard_normal((n, k) if tb else (k, n)).astype("f4")
    left, right = (a.T if ta else a), (b.T if tb else b)
    truth = left.astype("f8") @ right.astype("f8")
    np.testing.assert_allclose(_core.matmul(a, b, ta, tb), truth, rtol=1e-3, atol=1e-5 * k)

    flops = 2.0 * m * n * k
    copies = max(1, int(2e7 / max(flops, 2e4)))
    plan = recorded(a, b, ta, tb, copies)
    sides = {"plan": (plan, copies), "call": (lambda: _core.matmul(a, b, ta, tb), 1), "numpy": (lambda: left @ right, 1)}
    times: dict[str, list[float]] = {name: [] for name in sides}
    floors = []
    for _ in range(rounds):
        for name, (function, count) in sides.items():
            times[name].append(seconds(function) / count)
        if floor:
            floors.append(measure_floor(floor, threads))
    t = {name: statistics.median(values) for name, values in times.items()}
    top = statistics.median(floors) if floors else float("nan")
    rates = {name: flops / s * 1e-9 for name, s in t.items()}
    name = f"{m}x{n}x{k} {'t' if ta else 'n'}{'t' if tb else 'n'}"
    return (
        f"{name:20} {t['plan'] * 1e6:10.2f} us {rates['plan']:7.1f} {rates['call']:7.1f} {rates['numpy']:7.1f} {top:7.1f}"
        f" {rates['plan'] / top:7.2f} {t['numpy'] / t['call']:7.2f} {t['numpy'] / t['plan']:7.2f}"
    )


def main() -> None:
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    netlet.set_num_threads(threads)
    floor = floor_function()
    print(f"float32, {threads} thread(s), {_core.active_isa()}; GFLOP/s")
    print(f"{'M x N x K':20} {'in a plan':>13} {'plan':>7} {'call':>7} {'numpy':>7} {'floor':>7} {'/floor':>7} {'call/np':>7} {'plan/np':>7}")
    with threadpoolctl.threadpool_limits(threads):
        for shape in SQUARES + LAYERS:
            print(row(shape, floor, threads), flush=True)


if __name__ == "__main__":
    main()

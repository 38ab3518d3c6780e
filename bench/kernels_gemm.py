"""How far products of matrices are from the multiply-add units' limit, and from NumPy: `python bench/kernels_gemm.py`.

For each shape four times stand side by side, taken in turns, the median of the rounds shown: one product inside a
recorded plan (no Python in the loop), one call of netlet's matmul, one call of NumPy, and the floor, a loop of nothing
but multiply-adds on this machine, compiled here and timed between the others. GFLOP/s throughout; operands stay in the
cache where they fit. Every answer is checked against float64 before it is timed.
"""

from __future__ import annotations

import argparse
import ctypes
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import threadpoolctl

import netlet
from netlet import _core

SQUARES = " ".join(f"{n}x{n}x{n}nn" for n in (8, 16, 32, 64, 128, 256, 512, 1024, 2048))
# M x N x K and what is transposed: layers of small networks forward, dW, dx; skinny and tall ones; matrix times vector.
LAYERS = """
10x11x11nn 11x11x10tn 10x11x11nt 10x7x11nn 32x16x784nn 784x16x32tn 32x784x16nt 128x128x784nn 784x128x128tn 128x784x128nt
4096x64x64nn 10x10x1000nn 10x1000x10nn 10x10x100000nn 1x1000x1000nn 1x1000x1000nt 1000x1x1000nn 1x4096x4096nn
4x1024x1024nn 32x1024x1024nn 32x1024x1024nt 1000x1000x1000nt
"""

FLOOR = """
#ifdef __AVX512F__
typedef float V __attribute__((vector_size(64)));
#else
typedef float V __attribute__((vector_size(32)));
#endif
#define EACH(_) _(0) _(1) _(2) _(3) _(4) _(5) _(6) _(7) _(8) _(9)
double floor_sum(long rounds) {
    V m = {0}, a = {0};
    m += 0.999f;
    a += 0.001f;
#define BEGIN(i) V s##i = m + i;
    EACH(BEGIN)
    for (long r = 0; r < rounds; ++r) {
#define STEP(i) s##i = s##i * m + a;
        EACH(STEP)
    }
#define ADD(i) m += s##i;
    EACH(ADD)
    return m[0];
}
int flops_of_a_round(void) { return 10 * sizeof(V) / sizeof(float) * 2; }
"""


def floor_function(clock: Callable[[], float]) -> Callable[[int], float] | None:
    """GFLOP/s of the loop above on so many threads, or None without a compiler."""
    compiler = next((path for name in ("c++", "g++", "clang++") if (path := shutil.which(name))), None)
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = pathlib.Path(folder) / "floor.c", pathlib.Path(folder) / "floor.so"
        source.write_text(FLOOR)
        flags = "-x c -O3 -march=native -ffp-contract=fast -shared -fPIC"
        subprocess.run([compiler, *flags.split(), str(source), "-o", str(library)], check=True)
        loaded = ctypes.CDLL(str(library))
    function, flops = loaded.floor_sum, loaded.flops_of_a_round()
    function.argtypes, function.restype = [ctypes.c_long], ctypes.c_double

    def gflops(threads: int) -> float:
        rounds = 2_000_000
        if threads == 1:
            start = clock()
            function(rounds)
            return rounds * flops / (clock() - start) * 1e-9
        with ThreadPoolExecutor(threads) as pool:
            start = clock()
            list(pool.map(function, [rounds] * threads))
            return threads * rounds * flops / (clock() - start) * 1e-9

    return gflops


def seconds(function: Callable[[], object], clock: Callable[[], float], least: float = 0.01) -> float:
    calls = 1
    while True:
        start = clock()
        for _ in range(calls):
            function()
        spent = clock() - start
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


def row(shape: str, floor: Callable[[int], float] | None, threads: int, clock: Callable[[], float]) -> str:
    m, n, k = map(int, shape[:-2].split("x"))
    ta, tb = (letter == "t" for letter in shape[-2:])
    rng = np.random.default_rng(0)
    a = rng.standard_normal((k, m) if ta else (m, k)).astype("f4")
    b = rng.standard_normal((n, k) if tb else (k, n)).astype("f4")
    left, right = (a.T if ta else a), (b.T if tb else b)
    truth = left.astype("f8") @ right.astype("f8")
    np.testing.assert_allclose(_core.matmul(a, b, ta, tb), truth, rtol=1e-3, atol=1e-5 * k)

    flops = 2.0 * m * n * k
    copies = max(1, int(2e7 / max(flops, 2e4)))
    plan = recorded(a, b, ta, tb, copies)
    sides: dict[str, tuple[Callable[[], object], int]] = {
        "plan": (plan, copies),
        "call": (lambda: _core.matmul(a, b, ta, tb), 1),
        "numpy": (lambda: left @ right, 1),
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    floors = []
    for _ in range(7):
        for name, (function, count) in sides.items():
            times[name].append(seconds(function, clock) / count)
        if floor:
            floors.append(floor(threads))
    t = {name: statistics.median(values) for name, values in times.items()}
    top = statistics.median(floors) if floors else float("nan")
    rates = {name: flops / s * 1e-9 for name, s in t.items()}
    ratios = [rates["plan"] / top, t["numpy"] / t["call"], t["numpy"] / t["plan"]]
    numbers = [t["plan"] * 1e6, rates["plan"], rates["call"], rates["numpy"], top]
    return f"{shape:18}" + "".join(f"{x:10.2f}" for x in [*numbers, *ratios])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("threads", nargs="?", type=int, default=1)
    parser.add_argument("--cpu", action="store_true", help="processor time, for a busy machine; one thread only")
    options = parser.parse_args()
    threads, clock = options.threads, time.thread_time if options.cpu else time.perf_counter
    netlet.set_num_threads(threads)
    floor = floor_function(clock)
    print(f"float32, {threads} thread(s), {_core.active_isa()}; GFLOP/s")
    columns = ["us in plan", "plan", "call", "numpy", "floor", "plan/floor", "call/np", "plan/np"]
    print(f"{'M x N x K':18}" + "".join(f"{c:>10}" for c in columns))
    with threadpoolctl.threadpool_limits(threads):
        for shape in (SQUARES + LAYERS).split():
            print(row(shape, floor, threads, clock), flush=True)


if __name__ == "__main__":
    main()

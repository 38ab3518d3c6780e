"""The machine's limits ("floors"), measured in the same run as the kernels that are compared with them.

floors.c has one loop for each: "float32" and "float64" multiply-adds, "int8" and "bfloat16" dot products where the CPU
has them, "copy" and "read" of as many bytes as the row moves (in the L1 cache, the L2 cache, or beyond). This module
compiles it for the instruction set that netlet uses. Without a compiler there are no floors, and the output says so.
"""

from __future__ import annotations

import ctypes
import pathlib
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from netlet import _core
from netlet.commands.bench.timing import Work, alternate

FLAGS = {"avx512": "-march=native -mprefer-vector-width=512", "avx2": "-mavx2 -mfma", "neon": "-march=native"}
# AVX2 does not include VNNI. The floor uses VNNI only where the kernels may use it too.
SECONDS = 2e-3  # approximate duration of one call of a floor


class Floors:
    """The floors of this machine on `threads` threads.

    `work(name, bytes)` returns a call and its amount (operations or bytes), or None if this machine has no such floor.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.library = compiled()
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def work(self, name: str, bytes: float = 0) -> tuple[Work, float] | None:
        if self.library is None or not hasattr(self.library, name):
            return None
        function = getattr(self.library, name)
        function.restype = ctypes.c_double
        if name in ("copy", "read"):
            share = max(int(bytes) // self.threads, 128)
            rounds = max(1, int(SECONDS * 3e10 / share))
            memory = [np.ones((2, share), np.uint8) for _ in range(self.threads)]
            function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long, ctypes.c_long]
            calls = [(m[0].ctypes.data, m[1].ctypes.data, share, rounds) for m in memory]
        else:
            memory = []
            function.argtypes = [ctypes.c_long]
            calls = [(int(SECONDS * 4e8),)] * self.threads

        def run() -> float:
            _ = memory  # keeps the arrays alive: the C function has only their addresses
            if self.pool is None:
                return float(function(*calls[0]))
            return sum(self.pool.map(lambda arguments: function(*arguments), calls))

        return run, run()

    def rate(self, name: str, bytes: float = 0) -> float | None:
        """Billions of operations or bytes per second; None if this machine has no such floor."""
        if (found := self.work(name, bytes)) is None:
            return None
        return found[1] / alternate(found[0], seconds=0.01, settle=0)[0] * 1e-9

    def describe(self) -> str:
        """One line with the rate of every floor that this machine has."""
        formats = [(name, self.rate(name), "GFLOP/s") for name in ("float32", "float64", "bfloat16", "int8")]
        sizes = {"16 KB": 1 << 14, "512 KB": 1 << 19, "256 MB": 1 << 28}
        copies = [(f"copy {label}", self.rate("copy", size), "GB/s") for label, size in sizes.items()]
        parts = [f"{name} {rate:.0f} {unit}" for name, rate, unit in formats + copies if rate]
        return ", ".join(parts) or "none: no C compiler was found"


def compiled() -> ctypes.CDLL | None:
    compiler = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    if compiler is None:
        return None
    source = pathlib.Path(__file__).with_name("floors.c")
    with tempfile.TemporaryDirectory() as folder:
        library = pathlib.Path(folder) / "floors.so"
        flags = f"-O3 -ffp-contract=fast -shared -fPIC {FLAGS.get(_core.active_isa().split('_')[0], '')}".split()
        subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
        return ctypes.CDLL(str(library))

"""`python -m bench.lab`: see bench/lab/__init__.py."""

from __future__ import annotations

import argparse
import ctypes
import dataclasses
import importlib
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from bench import lab
from bench.lab import Problem
from harness.ruler import Ruler
from netlet import _core
from netlet.commands.bench.timing import alternate

HERE = pathlib.Path(__file__).parent
CSRC = HERE.parents[1] / "csrc"
ISAS = ("scalar", "avx2", "avx512", "neon")


def flags_of(isa: str) -> list[str]:
    """The compiler's flags for an instruction set, from cmake/simd.cmake."""
    text = (CSRC.parent / "cmake" / "simd.cmake").read_text()
    found = re.search(rf"set\(flags_{isa} ([^)]*)\)", text)
    return found[1].split() if found else []


def compiled(source: pathlib.Path, isa: str, folder: str) -> Any:
    """A version as a library: `run(void** arrays, int64_t* sizes)`, and `prepare`, where there is work to do first."""
    library = f"{folder}/{source.parent.name}_{source.stem}.so"
    flags = "-std=c++20 -O3 -DNDEBUG -fPIC -shared -ffp-contract=off -fno-math-errno".split()
    command = ["c++", *flags, *flags_of(isa), f"-DNETLET_ISA={isa}", f"-I{CSRC}", f"-I{HERE}"]
    subprocess.run([*command, str(source), "-o", library], check=True)
    return ctypes.CDLL(library)


def like_a_plan(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Copies as a plan's arena has them: at multiples of 64 bytes of one block of 2 MB pages."""
    sizes = [-(-array.nbytes // 64) * 64 for array in arrays]
    block = np.zeros(sum(sizes) + (4 << 20), np.uint8)  # NumPy asks for large pages from 4 MB on
    at = -block.ctypes.data % (2 << 20)
    copies = []
    for array, size in zip(arrays, sizes, strict=True):
        copies.append(block[at : at + array.nbytes].view(array.dtype).reshape(array.shape))
        copies[-1][...] = array
        at += size
    return copies


def prepared(version: str, library: Any, problem: Problem) -> Any:
    """The call that is timed.

    Raises:
        SystemExit: its answer is wrong.
    """
    pointers = (ctypes.c_void_p * len(problem.arrays))(*(array.ctypes.data for array in problem.arrays))
    sizes = (ctypes.c_int64 * len(problem.sizes))(*problem.sizes)
    call = lambda: library.run(pointers, sizes)  # noqa: E731
    answer = problem.arrays[-1]
    answer[...] = np.nan
    if hasattr(library, "prepare"):
        library.prepare(pointers, sizes)
    call()
    error = np.abs(answer - problem.want).max()
    if not error <= problem.bound:
        raise SystemExit(f"{version}, {problem.name}: differs by {error}, expected at most {problem.bound}")
    return call


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(lab.__doc__ or "").splitlines()[0])
    parser.add_argument("experiment", choices=sorted(p.parent.name for p in HERE.glob("*/problem.py")))
    parser.add_argument("--only", nargs="+", default=[], help="versions to compare, such as v1 v3; all by default")
    parser.add_argument("--isa", default=_core.active_isa().split("_")[0], choices=ISAS)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each version and row; default 0.3")
    options = parser.parse_args(arguments)
    sources = sorted((HERE / options.experiment).glob("v*.cpp"), key=lambda p: int(p.stem.split("_")[0][1:]))
    sources = [s for s in sources if not options.only or s.stem.split("_")[0] in options.only]
    _core.force_isa(options.isa)
    ruler = Ruler(1)
    problems = importlib.import_module(f"bench.lab.{options.experiment}.problem").problems()
    with tempfile.TemporaryDirectory() as folder:
        libraries = {source.stem: compiled(source, options.isa, folder) for source in sources}
        print(f"{'':32}" + "".join(f"{name[:22]:>24}" for name in libraries) + f"{'floor':>8}")
        for problem in problems:
            problem = dataclasses.replace(problem, arrays=like_a_plan(problem.arrays))
            calls = [prepared(name, library, problem) for name, library in libraries.items()]
            measure = lambda calls=calls: alternate(  # noqa: E731
                *calls, seconds=options.seconds, samples=9, settle=0, clock=time.thread_time
            )
            times, floor = ruler.beside(measure)
            rates = "".join(f"{problem.flops / seconds * 1e-9:24.1f}" for seconds in times)
            print(f"{problem.name:32}{rates}{floor:8.0f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

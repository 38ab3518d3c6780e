"""Has another compiler read every source file, without keeping code: python tools/portability_check.py TARGET

TARGET  compiler                                           kernels
clang   clang++ (Debian: clang-19; --compiler changes it)  AVX-512 with VNNI and BF16
aarch64 aarch64-linux-gnu-g++                              NEON with dot products
windows zig c++ for x86_64-windows-gnu (PyPI: ziglang)     AVX2
macos   zig c++ for aarch64-macos                          NEON with dot products

Warnings are errors. The bindings are left out where Python's headers for the target are not at hand: all but clang.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parents[1]
ZIG = (sys.executable, "-m", "ziglang", "c++", "-target")
COMPILERS = {
    # libstdc++ 12's stable_sort calls a function that it marks as deprecated, and Clang reports the caller.
    "clang": ("clang++-19", "-Wpedantic", "-Wno-deprecated-declarations"),
    "aarch64": ("aarch64-linux-gnu-g++",),
    "windows": (*ZIG, "x86_64-windows-gnu"),
    "macos": (*ZIG, "aarch64-macos"),
}
FLAGS = "-std=c++20 -O1 -DNDEBUG -ffp-contract=off -Wall -Wextra -Werror".split()
DEFINED = ('-DNETLET_BUILD="check"',)
AVX512 = "-mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c -DNETLET_VEC_AVX512".split()
KERNELS = {  # the flags of the kernels, and those that the kernels of dot products add
    "clang": (AVX512, "-mavx512vnni -mavx512bf16 -DNETLET_DOT_VNNI -DNETLET_DOT_BF16".split()),
    "aarch64": (["-DNETLET_VEC_NEON"], ["-march=armv8.2-a+dotprod", "-DNETLET_DOT_NEON"]),
    "windows": ("-mavx2 -mfma -mf16c -DNETLET_VEC_AVX2".split(), ["-mavxvnni", "-DNETLET_DOT_VNNI"]),
    "macos": (["-DNETLET_VEC_NEON"], ["-mcpu=apple_m1", "-DNETLET_DOT_NEON"]),
}


def flags_of(source: pathlib.Path, target: str) -> list[str] | None:
    """The flags to compile `source` with; None if it cannot be compiled for the target."""
    if "cuda_sim" in source.parts or source.name == "isa_table.cpp":
        return None
    if "bindings" in source.parts:
        if target != "clang":
            return None
        pybind11 = subprocess.run([sys.executable, "-m", "pybind11", "--includes"], capture_output=True, text=True)
        return [
            *(word.replace("-I", "-isystem") for word in pybind11.stdout.split()),
            f"-isystem{sysconfig.get_path('include')}",
        ]
    if not source.name.endswith("_simd.cpp"):
        return []
    every, dot = KERNELS[target]
    return ["-DNETLET_ISA=checked", *every, *(dot if source.name.endswith("_dot_simd.cpp") else [])]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=COMPILERS)
    parser.add_argument("--compiler", help="the compiler's command in place of the one above")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="only files whose path contains this")
    options = parser.parse_args(arguments)
    compiler = options.compiler.split() if options.compiler else COMPILERS[options.target]
    found = {path: flags_of(path.relative_to(ROOT), options.target) for path in sorted(ROOT.glob("csrc/**/*.cpp"))}
    chosen = {path: flags for path, flags in found.items() if flags is not None and options.only in str(path)}

    def check(source: pathlib.Path) -> bool:
        with tempfile.NamedTemporaryFile(suffix=".o") as unused:  # Zig knows no -fsyntax-only
            output = ["-c", "-o", unused.name] if "-target" in compiler else ["-fsyntax-only"]
            command = [*compiler, *FLAGS, *DEFINED, f"-I{ROOT / 'csrc'}", *chosen[source], *output, source]
            done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"{source.relative_to(ROOT)}:\n{done.stderr}", flush=True)
        return done.returncode == 0

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        good = sum(pool.map(check, chosen))
    print(f"{options.target}: {good} of {len(chosen)} files compile without warnings")
    return int(good != len(chosen))


if __name__ == "__main__":
    sys.exit(main())

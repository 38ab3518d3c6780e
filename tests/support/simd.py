"""The compiler, and the flags that cmake/simd.cmake uses for each instruction set."""

from __future__ import annotations

import functools
import os
import pathlib
import platform
import re
import shutil
import subprocess

from support.repo import CSRC, ROOT

X86 = platform.machine().lower() in {"x86_64", "amd64"}
ISAS = ("scalar", "avx2", "avx512") if X86 else ("scalar", "neon")
# Levels that add dot products of one number type to a base level and share all its other kernels; best last.
OVERLAYS = (
    {"avx2_vnni": ("avx2", "int8"), "avx512_vnni": ("avx512", "int8"), "avx512_bf16": ("avx512_vnni", "bf16")}
    if X86
    else {"neon_dot": ("neon", "int8")}
)


@functools.cache
def compiler() -> str | None:
    """The path of a C++ compiler, or None."""
    names = [os.environ.get("CXX", ""), "c++", "g++", "clang++"]
    return next((path for name in names if name and (path := shutil.which(name.split()[0]))), None)


@functools.cache
def flags(isa: str) -> tuple[str, ...]:
    text = (ROOT / "cmake" / "simd.cmake").read_text(encoding="utf-8")
    common = re.search(r"set\(netlet_common_flags ([^)]*)\)", text)
    own = dict(re.findall(r"set\(flags_(\w+) ([^)]*)\)", text))
    assert common, "cmake/simd.cmake no longer says set(netlet_common_flags ...)"
    assert isa in own, f"cmake/simd.cmake no longer says set(flags_{isa} ...)"
    its = re.sub(r"\$\{flags_(\w+)\}", lambda other: own[other[1]], own[isa])
    return (
        "-std=c++20",
        "-fPIC",
        f"-I{CSRC}",
        f"-DNETLET_ISA={isa}",
        *([f"-DNETLET_BASE_ISA={OVERLAYS[isa][0]}"] if isa in OVERLAYS else []),
        *common[1].split(),
        *its.replace('"', "").split(),
    )


def kernel_files(isa: str = "scalar") -> list[pathlib.Path]:
    pattern = f"*_{OVERLAYS[isa][1]}_dot_simd.cpp" if isa in OVERLAYS else "*_simd.cpp"
    return sorted([*CSRC.glob(f"ops/**/{pattern}"), CSRC / "dispatch" / "isa_table.cpp"])


def compile_for(isa: str, source: pathlib.Path, target: pathlib.Path, *extra: str) -> pathlib.Path:
    command = [compiler(), *flags(isa), *extra, "-c", str(source), "-o", str(target)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, f"{' '.join(map(str, command))}\n{result.stderr}"
    return target


def defined_symbols(obj: pathlib.Path) -> list[tuple[str, str]]:
    """[(type letter, mangled name), ...] of the symbols that an object file defines."""
    lines = subprocess.run(["nm", "--defined-only", "-P", str(obj)], capture_output=True, text=True, check=True).stdout
    return [(fields[1], fields[0]) for line in lines.splitlines() if len(fields := line.split()) >= 2]

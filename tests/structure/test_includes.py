"""The #include lines of csrc/ follow the dependencies that docs/internals/architecture.md allows between folders."""

from __future__ import annotations

import pathlib
import re

import pytest

from support.repo import CSRC

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)

# folder -> folders whose headers it may include
ALLOWED = {
    "base": {"base"},
    "simd": {"simd", "base"},
    "plan": {"plan", "base"},
    "dispatch": {"dispatch", "base"},
    "ops": {"ops", "plan", "dispatch", "base", "simd"},
    "cuda": {"cuda", "dispatch", "base", "simd"},
    "cuda_sim": {"cuda_sim", "cuda", "dispatch", "base"},
    "bindings": {"bindings", "ops", "plan", "dispatch", "base"},
}
# System headers that a file compiled once per instruction set may include, directly or indirectly.
PLAIN_SYSTEM = {"stdint.h", "stddef.h", "math.h", "string.h", "float.h", "immintrin.h", "arm_neon.h"}
PLAIN_SYSTEM |= {"cpuid.h", "intrin.h"}  # of base/compiler.h
# Headers of dispatch/ that such files may include. Other headers of ours are allowed if they include nothing else.
PLAIN_DISPATCH = {"dispatch/kernel.h", "dispatch/kernel_table.h", "dispatch/kernels.def"}
INTRINSICS = {"immintrin.h", "arm_neon.h", "x86intrin.h", "arm_sve.h"}


def read_tree(csrc: pathlib.Path) -> dict[str, list[tuple[str, str]]]:
    """The #include lines of each file, e.g. {"ops/gemm/gemm.cpp": [('"', "plan/tape.h"), ("<", "vector")], ...}."""
    files = [p for p in csrc.rglob("*") if p.suffix in {".h", ".cpp", ".cu", ".cuh", ".def"}]
    return {str(p.relative_to(csrc)): INCLUDE.findall(p.read_text(encoding="utf-8")) for p in sorted(files)}


def per_isa(name: str) -> bool:
    return name.endswith(("_simd.cpp", "isa_table.cpp"))


def wrong_arrows(tree: dict[str, list[tuple[str, str]]]) -> list[str]:
    wrong = []
    for name, includes in tree.items():
        folder = name.split("/")[0]
        gpu = folder in ("cuda", "cuda_sim") or "_cuda." in name
        allowed = ALLOWED[folder] | ({"cuda"} if gpu else set())
        for kind, target in includes:
            if kind == '"':
                if "/" not in target and gpu:
                    target = f"cuda_sim/{target}"  # the simulated GPU's headers stand in front of the include path
                if target not in tree:
                    wrong.append(f"{name} includes {target}, which is not a file of csrc/")
                elif target.split("/")[0] not in allowed | ({"cuda_sim"} if gpu and name.startswith("cuda") else set()):
                    wrong.append(f"{name} may not know {target}")
            elif target.startswith(("pybind11/", "Python.h")) and folder != "bindings":
                wrong.append(f"{name} includes {target}: pybind11 belongs in bindings/")
            elif target in INTRINSICS and folder != "simd":
                wrong.append(f"{name} includes {target}: intrinsics belong in simd/")
            elif target.startswith(("cuda", "nv", "cub/", "thrust/")) and folder not in ("cuda", "cuda_sim"):
                wrong.append(f"{name} includes {target}: CUDA belongs in cuda/")
    return wrong


def reachable(tree: dict[str, list[tuple[str, str]]], start: str) -> dict[tuple[str, str], str]:
    """All headers that `start` includes, directly or indirectly, each with a file that includes it."""
    found: dict[tuple[str, str], str] = {}
    todo = [start]
    while todo:
        name = todo.pop()
        for include in tree.get(name, []):
            if include not in found:
                found[include] = name
                if include[0] == '"':
                    todo.append(include[1])
    return found


def impure_kernel_files(tree: dict[str, list[tuple[str, str]]]) -> list[str]:
    wrong = []
    for name in filter(per_isa, tree):
        for (kind, target), where in reachable(tree, name).items():
            if kind == "<":
                fine = target in PLAIN_SYSTEM
            else:
                fine = not target.startswith(("plan/", "bindings/", "dispatch/")) or target in PLAIN_DISPATCH
            if not fine:
                wrong.append(f"{name} is compiled once per instruction set and reaches {target} (through {where})")
    return wrong


def circles(tree: dict[str, list[tuple[str, str]]]) -> list[str]:
    return [name for name in tree if ('"', name) in reachable(tree, name)]


TREE = read_tree(CSRC)


def test_there_is_something_to_check():
    assert sum(map(per_isa, TREE)) >= 5
    assert {name.split("/")[0] for name in TREE} == set(ALLOWED)


def test_every_include_follows_the_arrows():
    assert wrong_arrows(TREE) == []


def test_kernel_files_see_plain_types_only():
    assert impure_kernel_files(TREE) == []


def test_no_header_includes_itself_in_a_circle():
    assert circles(TREE) == []


@pytest.mark.parametrize(
    ("name", "includes", "check"),
    [
        ("base/x.h", [('"', "ops/gemm/gemm.h")], wrong_arrows),
        ("plan/x.cpp", [('"', "dispatch/dispatch.h")], wrong_arrows),
        ("ops/gemm/x.cpp", [("<", "pybind11/pybind11.h")], wrong_arrows),
        ("ops/gemm/x_simd.cpp", [("<", "immintrin.h")], wrong_arrows),
        ("ops/gemm/x_simd.cpp", [("<", "vector")], impure_kernel_files),
        ("ops/gemm/x_simd.cpp", [('"', "base/shape.h")], impure_kernel_files),
        ("ops/gemm/x_simd.cpp", [('"', "plan/tape.h")], impure_kernel_files),
        ("ops/gemm/x.cpp", [("<", "cuda_runtime.h")], wrong_arrows),
        ("ops/gemm/x_cuda.cu", [('"', "bindings/x.h")], wrong_arrows),
        ("base/x.h", [('"', "base/y.h")], circles),
    ],
)
def test_a_planted_fault_is_found(name, includes, check):
    tree = {"ops/gemm/gemm.h": [], "dispatch/dispatch.h": [], "base/shape.h": [("<", "string")], "plan/tape.h": []}
    tree |= {"base/y.h": [('"', "base/x.h")], "base/x.h": []}
    tree |= {"bindings/x.h": []}
    assert check(tree) == []
    assert check(tree | {name: includes}) != []

"""csrc/ is standard C++20: extensions of compilers are in base/compiler.h alone, system calls in a few files."""

from __future__ import annotations

import re

import pytest

from support.repo import CSRC

EXTENSION = re.compile(
    r"__attribute__|__declspec|__forceinline|__builtin_|__restrict|__int128|__extension__|__typeof__|\btypeof\b"
    r"|__(?:asm|asm__|volatile__)\b|\basm\s*(?:volatile\s*)?\(|_Pragma|#\s*pragma\s+(?!once\b)"
    r"|\[\[(?:gnu|clang|msvc)::|\b__(?:GNUC|clang|x86_64|aarch64)__\b|\b_(?:MSC_VER|M_X64|M_ARM64)\b"
    r"|__PRETTY_FUNCTION__|\b__(?:FUNCTION|DATE|TIME|TIMESTAMP|FILE)__"
)
HOME_OF_EXTENSIONS = "base/compiler.h"
SYSTEM_HEADER = re.compile(r"#\s*include\s+<((?:sys/)?\w+\.h)>")
# Headers that not every system has, and the files that include each, behind an #if.
HOME_OF_HEADERS = {
    "sched.h": {"base/cpu_info.cpp", "base/thread_place.cpp"},
    "sys/auxv.h": {"base/cpu_info.cpp"},
    "cpuid.h": {HOME_OF_EXTENSIONS},
    "intrin.h": {HOME_OF_EXTENSIONS},
    "sys/mman.h": {"base/buffer.cpp", "base/guarded_block.cpp"},
    "signal.h": {"base/guarded_block.cpp"},
    "unistd.h": {"base/guarded_block.cpp", "base/last_level_cache.cpp", "bindings/gil.h"},
    "pthread.h": {"base/fork.cpp", "base/thread_place.cpp"},
    "dlfcn.h": {"base/shared_library.cpp"},
    "windows.h": {"base/shared_library.cpp"},
}
EVERYWHERE = {"stddef.h", "stdint.h", "string.h", "math.h", "float.h", "immintrin.h", "arm_neon.h", "Python.h"}


def sources() -> dict[str, str]:
    """The files that every compiler sees: not those of CUDA and of its simulation, which are for NVCC and Linux."""
    files = {p.relative_to(CSRC).as_posix(): p for p in CSRC.rglob("*") if p.suffix in {".h", ".cpp", ".def"}}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in sorted(files.items())
        if not name.startswith(("cuda/", "cuda_sim/")) and "_cuda." not in name
    }


def code(text: str) -> list[str]:
    return [line.split("//")[0] for line in text.splitlines()]


def extensions(files: dict[str, str]) -> list[str]:
    return [
        f"{name}:{number}: {found[0]}"
        for name, text in files.items()
        if name != HOME_OF_EXTENSIONS
        for number, line in enumerate(code(text), 1)
        if (found := EXTENSION.search(line))
    ]


def system_headers(files: dict[str, str]) -> list[str]:
    return [
        f"{name} includes <{header}>"
        for name, text in files.items()
        for header in SYSTEM_HEADER.findall("\n".join(code(text)))
        if header not in EVERYWHERE and name not in HOME_OF_HEADERS.get(header, set())
    ]


def test_extensions_of_compilers_are_in_one_header():
    assert extensions(sources()) == []


def test_system_calls_are_in_base():
    files = sources()
    assert system_headers(files) == []
    for header, homes in HOME_OF_HEADERS.items():
        for name in homes:
            assert f"#include <{header}>" in files[name], f"{name} no longer needs <{header}>"


@pytest.mark.parametrize(
    ("line", "check"),
    [
        ("#pragma GCC unroll 4", extensions),
        ("int f() __attribute__((noinline));", extensions),
        ("if (__builtin_mul_overflow(a, b, &c)) return;", extensions),
        ("float* __restrict p;", extensions),
        ('asm volatile("" : "+r"(a));', extensions),
        ("#if defined(__x86_64__)", extensions),
        ("const char* built = __DATE__;", extensions),
        ("#include <unistd.h>", system_headers),
        ("#include <sys/stat.h>", system_headers),
    ],
)
def test_a_planted_fault_is_found(line, check):
    assert check({"ops/gemm/gemm.cpp": "#pragma once\n// asm() and __builtin_x in comments are fine\n"}) == []
    assert len(check({"ops/gemm/gemm.cpp": line})) == 1

"""Code compiled for one instruction set must not replace, at link time, a function that all CPUs use.

An inline function or a template instance is a weak symbol: the linker keeps any one of the copies with the same name.
If a file compiled with AVX-512 flags defines such a copy of, say, std::max, code that runs on every CPU may call it,
and an older CPU stops with an illegal instruction. So every weak symbol that a per-ISA object defines must have that
ISA's namespace in its name.
"""

from __future__ import annotations

import shutil

import pytest

from support.repo import ROOT
from support.simd import ISAS, OVERLAYS, compile_for, compiler, defined_symbols, kernel_files

WEAK = set("WVwvu")
pytestmark = pytest.mark.skipif(
    compiler() is None or shutil.which("nm") is None,
    reason="needs a C++ compiler and nm (both came with building from source)",
)


def foreign_weak(symbols: list[tuple[str, str]], isa: str) -> list[str]:
    own = tuple(
        f"{prefix}6netlet{len(isa)}{isa}" for prefix in ("_ZN", "_ZNK", "_ZZN", "_ZZNK", "_ZGVZN", "_ZTIN", "_ZTSN")
    )
    # DW.ref.* is not code but a pointer to the exception handler, the same in every object.
    return [n for kind, n in symbols if kind in WEAK and not n.startswith((*own, "DW.ref."))]


@pytest.mark.parametrize("isa", [*ISAS, *OVERLAYS])
def test_the_objects_that_were_linked(isa):
    """The objects of every build folder in the source tree; `pip install .` leaves such a folder."""
    objects = [*ROOT.glob(f"build/*/CMakeFiles/netlet_{isa}.dir/**/*.o")]
    if not objects:
        pytest.skip("no build folder in the source tree: this netlet was built elsewhere")
    assert {o.name.removesuffix(".o") for o in objects} >= {path.name for path in kernel_files(isa)}
    assert [f"{o.name}: {name}" for o in objects for name in foreign_weak(defined_symbols(o), isa)] == []


@pytest.mark.parametrize("isa", ISAS)
def test_without_optimisation(isa, tmp_path):
    """The hardest case, on a small file: at -O0 inline functions are emitted as functions, not inlined."""
    source = next(path for path in kernel_files() if path.name == "dropout_simd.cpp")
    assert foreign_weak(defined_symbols(compile_for(isa, source, tmp_path / "dropout.o", "-O0")), isa) == []


@pytest.mark.parametrize("isa", ISAS)
def test_with_the_flags_of_the_build(isa, tmp_path):
    source = next(path for path in kernel_files() if path.name == "dropout_simd.cpp")
    symbols = defined_symbols(compile_for(isa, source, tmp_path / "dropout.o"))
    assert foreign_weak(symbols, isa) == []
    # It does define external symbols: its kernels, in its own namespace.
    assert any(kind == "T" and name.startswith(f"_ZN6netlet{len(isa)}{isa}") for kind, name in symbols)


def test_a_planted_fault_is_found(tmp_path):
    isa = ISAS[-1]
    source = tmp_path / "planted_simd.cpp"
    source.write_text(
        "namespace netlet { inline float twice(float x) { return x + x; } }\n"
        "namespace netlet::NETLET_ISA { float k(float x) { return twice(x); } }\n"
    )
    symbols = defined_symbols(compile_for(isa, source, tmp_path / "planted.o", "-O0"))
    assert foreign_weak(symbols, isa) == ["_ZN6netlet5twiceEf"]

"""No function compiled for a wide instruction set may be the copy that the linker keeps for everyone.

An inline function or a template instance is a weak symbol: of all copies with one name the linker keeps any. If a
file that is compiled with AVX-512 flags leaves such a copy of, say, std::max, then code that runs on every CPU may
call it, and an older CPU dies of an illegal instruction. So every weak symbol that a per-ISA object defines must
carry that ISA's namespace in its name.
"""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.repo import ROOT
from support.simd import ISAS, compile_for, compiler, defined_symbols, kernel_files

WEAK = set("WVwvu")
pytestmark = pytest.mark.skipif(
    compiler() is None or shutil.which("nm") is None,
    reason="needs a C++ compiler and nm (both came with building from source)",
)


def foreign_weak(symbols: list[tuple[str, str]], isa: str) -> list[str]:
    own = tuple(
        f"{prefix}6netlet{len(isa)}{isa}" for prefix in ("_ZN", "_ZNK", "_ZZN", "_ZZNK", "_ZGVZN", "_ZTIN", "_ZTSN")
    )
    return [name for kind, name in symbols if kind in WEAK and not name.startswith(own)]


@pytest.mark.parametrize("isa", ISAS)
def test_objects_define_no_weak_symbol_outside_their_namespace(isa, tmp_path):
    """Without optimisation, the hard case: nothing is inlined away that the compiler is merely allowed to inline."""

    def check(source):
        obj = compile_for(isa, source, tmp_path / f"{source.stem}.o", "-O0")
        return [f"{source.name}: {name}" for name in foreign_weak(defined_symbols(obj), isa)]

    with ThreadPoolExecutor(2) as pool:
        assert [name for names in pool.map(check, kernel_files()) for name in names] == []


@pytest.mark.parametrize("isa", ISAS)
def test_with_the_flags_of_the_build(isa, tmp_path):
    source = next(path for path in kernel_files() if path.name == "dropout_simd.cpp")
    symbols = defined_symbols(compile_for(isa, source, tmp_path / "dropout.o"))
    assert foreign_weak(symbols, isa) == []
    # and what it defines for others is its kernels, in its own namespace
    assert any(kind == "T" and name.startswith(f"_ZN6netlet{len(isa)}{isa}") for kind, name in symbols)


@pytest.mark.parametrize("isa", ISAS)
def test_objects_of_the_builds_at_hand(isa):
    """What build folders lie in the source tree, if any: the objects that were really linked."""
    objects = [*ROOT.glob(f"build/*/CMakeFiles/netlet_{isa}.dir/**/*.o")]
    assert [f"{o.name}: {name}" for o in objects for name in foreign_weak(defined_symbols(o), isa)] == []


def test_a_planted_fault_is_found(tmp_path):
    isa = ISAS[-1]
    source = tmp_path / "planted_simd.cpp"
    source.write_text(
        "namespace netlet { inline float twice(float x) { return x + x; } }\n"
        "namespace netlet::NETLET_ISA { float k(float x) { return twice(x); } }\n"
    )
    symbols = defined_symbols(compile_for(isa, source, tmp_path / "planted.o", "-O0"))
    assert foreign_weak(symbols, isa) == ["_ZN6netlet5twiceEf"]

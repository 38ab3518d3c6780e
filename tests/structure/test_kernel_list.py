"""kernels.def lists every kernel once, every instruction set's table is complete, and a forced instruction set runs."""

from __future__ import annotations

import re

import numpy as np
import pytest

from netlet import _core
from support.child import run_child
from support.repo import CSRC
from support.simd import ISAS, OVERLAYS

DEF = (CSRC / "dispatch" / "kernels.def").read_text(encoding="utf-8")


SUFFIXES = {
    "KERNEL": [""],
    "KERNEL_OF": [""],
    "DOT_KERNEL_INT8": [""],
    "DOT_KERNEL_BF16": [""],
    "KERNEL_FLOAT": ["_f32", "_f64"],
    "KERNEL_PAIR": ["_f32", "_f64"],
    "KERNEL_NUMBER": ["_f32", "_f64", "_i32", "_i64"],
}


def listed() -> list[str]:
    """The names in kernels.def, with its helper macros expanded as the preprocessor does."""
    rows = re.findall(r"^NETLET_(\w+)\((\w+), \w+(?:, \w+)?\)$", DEF, re.MULTILINE)
    assert len(rows) == len(re.findall(r"^NETLET_", DEF, re.MULTILINE)), "a row of another form"
    return [name + suffix for macro, name in rows for suffix in SUFFIXES[macro]]


def test_no_kernel_is_listed_twice_and_the_binary_has_them_all():
    names = listed()
    assert len(names) > 20
    assert len(set(names)) == len(names)
    assert _core.kernel_names() == names


def test_every_kernel_file_defines_only_listed_kernels():
    """A kernel that kernels.def does not list would be dead, untested code."""
    listed_names = set(listed())
    for path in sorted(CSRC.glob("ops/**/*_simd.cpp")):
        for name in re.findall(r"^NETLET_DEFINE_KERNEL\((\w+),", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert name in listed_names, f"{path.name} defines {name}, which kernels.def does not list"


def test_supported_isas_are_those_of_the_build_best_first():
    best_first = ("avx512_bf16", "avx512_vnni", "avx512", "avx2_vnni", "avx2", "neon_dot", "neon", "scalar")
    order = [isa for isa in best_first if isa in (*ISAS, *OVERLAYS)]
    supported = _core.supported_isas()
    assert supported[-1] == "scalar"
    assert supported == [isa for isa in order if isa in supported]


def tables() -> dict[str, list[int]]:
    """The tables of the build, also of instruction sets that this CPU lacks."""
    return dict(_core.kernel_tables())


def test_every_table_is_complete_and_has_its_own_functions():
    assert set(tables()) >= set(_core.supported_isas())
    for isa, addresses in tables().items():
        assert len(addresses) == len(listed())
        assert 0 not in addresses
        assert len(set(addresses)) == len(addresses), f"two kernels of {isa} are one function"
    everything = [a for isa, addresses in tables().items() if isa not in OVERLAYS for a in addresses]
    assert len(set(everything)) == len(everything), "two instruction sets share a function"


def dot_kernels(number_type: str) -> set[str]:
    return set(re.findall(rf"^NETLET_DOT_KERNEL_{number_type.upper()}\((\w+),", DEF, re.MULTILINE))


def test_an_overlay_has_its_own_dot_products_and_its_base_for_the_rest():
    assert dot_kernels("int8") and dot_kernels("bf16")
    for isa in set(OVERLAYS) & set(tables()):
        base, number_type = OVERLAYS[isa]
        pairs = zip(listed(), tables()[isa], tables()[base], strict=True)
        assert {name for name, own, other in pairs if own != other} == dot_kernels(number_type), isa


@pytest.mark.parametrize("number_type", ["int8", "bf16"])
def test_files_of_dot_products_define_dot_kernels_alone(number_type):
    """An overlay compiles these whole files again, so any other kernel in them would be compiled for nothing."""
    for path in CSRC.glob(f"ops/**/*_{number_type}_dot_simd.cpp"):
        defined = set(re.findall(r"^NETLET_DEFINE_KERNEL\((\w+),", path.read_text(encoding="utf-8"), re.MULTILINE))
        assert defined <= dot_kernels(number_type), path.name


def test_every_file_of_dot_products_is_of_one_number_type():
    """An overlay would compile no other file."""
    every = {path.name for path in CSRC.glob("ops/**/*_dot_simd.cpp")}
    assert every == {path.name for kind in ("int8", "bf16") for path in CSRC.glob(f"ops/**/*_{kind}_dot_simd.cpp")}


def test_the_active_table_is_what_plans_record(isa):
    """A plan recorded under a forced instruction set uses that set's table, and records() reports it."""
    assert _core.active_isa() == isa
    with _core.Tape(record=True) as tape:
        x = tape.input((3, 5), "float32", "x")
        y = _core.exp(x)
        plan = tape.compile([y])
    assert {row["isa"] for row in plan.records()} == {isa}
    value = np.linspace(-2, 2, 15, dtype=np.float32).reshape(3, 5)
    np.testing.assert_allclose(plan.run([value])[0][0], np.exp(value.astype(np.float64)), rtol=2e-7)


@pytest.mark.parametrize("forced", _core.supported_isas())
def test_the_environment_variable_forces(forced):
    code = "from netlet import _core; print(_core.active_isa())"
    assert run_child(code, NETLET_ISA=forced).stdout.split() == [forced]


@pytest.mark.parametrize("wrong", ["sse9", "AVX2 ", "neon" if "neon" not in ISAS else "avx2"])
def test_an_instruction_set_that_is_not_there_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match=f"NETLET_ISA={wrong}.*scalar"):
        _core.force_isa(wrong)
    result = run_child("import netlet, numpy; netlet.ops.exp(numpy.ones(3))", check=False, NETLET_ISA=wrong)
    assert result.returncode != 0
    assert "ValueError" in result.stderr
    assert wrong in result.stderr

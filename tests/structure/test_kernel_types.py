"""Checks of csrc/ that neither the compiler nor the linker makes.

One name for two types in the same namespace is undefined behaviour without a diagnostic, and kernels take their
arguments through a void pointer.
"""

from __future__ import annotations

import re
import subprocess

import pytest

from support.repo import CSRC
from support.simd import compiler, flags

TYPE = re.compile(r"^(?:template <[^>]+>+ *)?(?:struct|class|enum class|enum|union) (\w+)(?!\w*[;<])")
needs_compiler = pytest.mark.skipif(compiler() is None, reason="needs a C++ compiler")


def shared_types(text: str) -> list[str]:
    """The names of types defined at the start of a line outside anonymous namespaces, without specializations."""
    types, anonymous = [], False
    for line in text.splitlines():
        if line == "namespace {":
            anonymous = True
        elif line == "}  // namespace":
            anonymous = False
        elif not anonymous and (match := TYPE.match(line)):
            types.append(match[1])
    return types


def test_types_of_a_kernel_file_are_its_own():
    files = sorted(CSRC.glob("ops/**/*_simd.cpp"))
    assert len(files) > 30
    assert {p.name: types for p in files if (types := shared_types(p.read_text(encoding="utf-8")))} == {}


def test_types_of_kernel_headers_have_names_of_their_own():
    owners: dict[str, list[str]] = {}
    for path in sorted(CSRC.glob("**/*.h")):
        text = path.read_text(encoding="utf-8")
        if "namespace netlet::NETLET_ISA" in text and not path.name.startswith("vec_"):  # one of these is included
            for name in set(shared_types(text)):
                owners.setdefault(name, []).append(path.name)
    assert len(owners) > 30
    assert {name: files for name, files in owners.items() if len(files) > 1} == {}


def test_a_planted_type_is_found():
    assert shared_types("struct Piece {\n};\nnamespace {\nstruct Own {\n};\n}  // namespace\nstruct Declared;") == [
        "Piece"
    ]
    assert shared_types("template <> struct Piece<float> {\n};\ntemplate <class T> struct Row {\n};") == ["Row"]


@needs_compiler
@pytest.mark.parametrize(
    ("kernel", "args", "fits"),
    [
        ("kernel(KernelId::increment)", "IncrementArgs", True),
        ("kernel(KernelId::increment)", "CastArgs", False),
        ("NETLET_KERNEL_FOR(fill, DType::f64)", "AccumulateArgs<double>", False),
        ("kernel_at(KernelIndex::increment)", "IncrementArgs", False),
    ],
)
def test_a_kernel_is_emitted_with_its_own_arguments_alone(kernel, args, fits, tmp_path):
    source = tmp_path / "emit.cpp"
    source.write_text(
        '#include "dispatch/dispatch.h"\n#include "ops/copy/copy_args.h"\n#include "plan/tape.h"\n'
        f"using namespace netlet;\nvoid f(Tape& tape) {{\n    {args} args{{}};\n"
        f"    tape.emit({kernel}, args, std::vector<Operand>{{}}, Work{{}});\n}}\n"
    )
    command = [compiler(), "-std=c++20", "-fsyntax-only", f"-I{CSRC}", str(source)]
    assert (subprocess.run(command, capture_output=True).returncode == 0) == fits


@needs_compiler
@pytest.mark.parametrize(("args", "fits"), [("IncrementArgs", True), ("CastArgs", False)])
def test_a_definition_with_other_arguments_does_not_link(args, fits, tmp_path):
    """The table refers to increment<IncrementArgs>; a definition with another argument type has another symbol."""
    source = tmp_path / "define.cpp"
    source.write_text(
        '#include "dispatch/kernel.h"\n#include "ops/copy/copy_args.h"\nnamespace netlet::NETLET_ISA {\n'
        f"NETLET_DEFINE_KERNEL(increment, {args}) {{}}\n}}\n"
        "int main() { netlet::NETLET_ISA::increment<netlet::IncrementArgs>(nullptr, {0, 0}); }\n"
    )
    command = [compiler(), *flags("scalar"), str(source), "-o", str(tmp_path / "define")]
    assert (subprocess.run(command, capture_output=True).returncode == 0) == fits


def test_headings_and_tables_of_comments_stand_on_lines_of_their_own():
    """A formatter that reflows comments would move a heading's dashes to the next line and add prose after them."""
    broken = [
        f"{path.name}:{number}"
        for path in sorted(CSRC.rglob("*"))
        if path.suffix in {".h", ".cpp"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.match(r"\s*// ?-{10}", line)
    ]
    assert broken == []

"""Kernels take their arguments through a void pointer; a wrong pair of kernel and arguments does not build."""

from __future__ import annotations

import subprocess

import pytest

from support.repo import CSRC
from support.simd import compiler, flags

needs_compiler = pytest.mark.skipif(compiler() is None, reason="needs a C++ compiler")


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
    """The table asks for increment<IncrementArgs>; a definition is found under that name or not at all."""
    source = tmp_path / "define.cpp"
    source.write_text(
        '#include "dispatch/kernel.h"\n#include "ops/copy/copy_args.h"\nnamespace netlet::NETLET_ISA {\n'
        f"NETLET_DEFINE_KERNEL(increment, {args}) {{}}\n}}\n"
        "int main() { netlet::NETLET_ISA::increment<netlet::IncrementArgs>(nullptr, {0, 0}); }\n"
    )
    command = [compiler(), *flags("scalar"), str(source), "-o", str(tmp_path / "define")]
    assert (subprocess.run(command, capture_output=True).returncode == 0) == fits

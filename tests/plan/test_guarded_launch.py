"""Guarded launches find each kind of kernel that touches what it may not, in a program of faulty kernels."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from support.repo import CSRC

SOURCE = pathlib.Path(__file__).parents[1] / "support" / "faulty_kernels.cpp"
GCC = shutil.which("g++")
PARTS = [CSRC / "plan" / "guarded_launch.cpp"]
PARTS += [CSRC / "base" / f"{name}.cpp" for name in ("guarded_block", "thread_pool", "fork", "cpu_info")]
X, Y = r"operand 1 \(132 bytes, read\)", r"operand 2 \(132 bytes, written\)"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("guarded") / "faulty_kernels"
    command = [GCC, "-std=c++20", "-O1", "-pthread", f"-I{CSRC}", *map(str, [*PARTS, SOURCE]), "-o", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.mark.slow
@pytest.mark.skipif(GCC is None or sys.platform == "win32", reason="needs g++ and mmap")
@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        ("correct", "passed with 33 results written"),
        ("writes_a_part", "passed with 1 results written"),
        ("reads_behind", f"access to byte 132 of {X}"),
        ("reads_before", f"access to byte -4 of {X}"),
        ("writes_behind", f"access to byte 132 of {Y}"),
        ("writes_before", f"wrote beside {Y}|access to byte -4 of {Y}"),
        ("writes_beside", f"wrote beside {Y}"),
        ("writes_its_input", f"wrote {X}"),
        ("adds_to_a_result", f"byte 20 of {Y} depends on"),
        ("depends_on_alignment", f"byte [0-3] of {Y} depends on"),
    ],
)
def test_each_fault_is_named(program, kernel, message):
    result = subprocess.run([str(program), kernel], capture_output=True, text=True, timeout=60)
    crashed = "access to byte" in message and result.returncode < 0
    assert crashed or result.returncode == 0
    assert re.search(message, result.stdout + result.stderr), result.stdout + result.stderr

"""Sanitizers on the locks, the thread pool and plans, in a separate program that needs no build of the kernels."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from support.repo import CSRC

SOURCE = pathlib.Path(__file__).parents[1] / "support" / "races.cpp"
GCC = shutil.which("g++")


OPTIONS = {"TSAN_OPTIONS": "die_after_fork=0 exitcode=66", "ASAN_OPTIONS": "detect_leaks=0"}


@pytest.mark.slow
@pytest.mark.parametrize("sanitizers", ["thread", "address,undefined"])
@pytest.mark.skipif(GCC is None or sys.platform != "linux", reason="needs g++ with sanitizers, and fork")
def test_no_report_about_the_lock_the_pool_and_the_plan(sanitizers, tmp_path):
    program = tmp_path / "races"
    sources = [*CSRC.glob("base/*.cpp"), *CSRC.glob("plan/*.cpp"), SOURCE]
    flags = ["-std=c++20", "-O1", "-g1", f"-fsanitize={sanitizers}", "-fno-sanitize-recover=undefined", "-pthread"]
    flags += ['-DNETLET_BUILD="races"']
    flags += ["-Wno-tsan"] if sanitizers == "thread" else []
    subprocess.run([GCC, *flags, f"-I{CSRC}", *map(str, sources), "-o", str(program)], check=True)
    environment = {**os.environ, **OPTIONS}
    result = subprocess.run([str(program)], env=environment, capture_output=True, text=True, timeout=600)
    assert (result.returncode, result.stderr) == (0, "")

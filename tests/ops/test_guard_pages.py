"""Every kernel touches no byte outside of its operands: results, temporaries and packed weights included.

`_core.guard_launches` lets kernels run on copies of their operands next to inaccessible pages (plan/guarded_launch.h).
The cases are in tests/support/guard_cases; a kernel of kernels.def that none of them runs fails the test.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from netlet import _core
from support.child import WATCHDOG
from support.repo import ROOT


def run_cases(isa: str, *chosen: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-m", "support.guard_cases", *chosen],
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
        env={**os.environ, "PYTHONPATH": path, "NETLET_ISA": isa, "NETLET_NUM_THREADS": "1"},
    )


def lines(output: str, word: str) -> list[str]:
    return [line.removeprefix(f"{word} ") for line in output.splitlines() if line.startswith(f"{word} ")]


@pytest.mark.parametrize("isa", _core.supported_isas())
def test_every_kernel_touches_its_operands_alone(isa):
    result = run_cases(isa)
    cases = lines(result.stdout, "case")
    assert result.returncode == 0, (
        f"{isa}: exit status {result.returncode} in '{(cases or ['no case'])[-1]}':\n{result.stderr}"
    )
    assert not lines(result.stdout, "wrong")
    assert set(_core.kernel_names()) - set(lines(result.stdout, "ran")) == set(), (
        f"{isa}: these kernels have no guard-page case in tests/support/guard_cases"
    )

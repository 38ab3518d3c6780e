"""Data-parallel training: the same bits for any number of processes, and what a process alone computes."""

from __future__ import annotations

import functools
import json
import os
from typing import Any

import pytest

import support
from support.mpirun import mpirun, needs_mpirun
from support.parallel_cases import CASES

TESTS = os.path.dirname(next(iter(support.__path__)))


@functools.cache
def results(ranks: int) -> dict[str, dict[str, Any]]:
    """The results of all cases with this number of processes, which one launch computes."""
    code = f"import sys; sys.path.insert(0, {TESTS!r})\nfrom support.parallel_cases import main\nmain({ranks == 1})"
    found = [json.loads(line) for line in mpirun(ranks, code, limit=600).stdout.splitlines() if line.startswith("{")]
    return {result["name"]: result for result in found}


@needs_mpirun
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("ranks", [2, 3])
def test_the_number_of_processes_changes_no_bit(name, ranks):
    assert results(ranks)[name]["same"]
    assert results(ranks)[name]["digest"] == results(1)[name]["digest"]


@needs_mpirun
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.as_alone])
def test_it_trains_as_a_process_alone(name):
    assert results(1)[name]["difference"] < 5e-6  # a few roundings of float32, relative to 1 + |value|

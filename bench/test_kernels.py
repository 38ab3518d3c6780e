"""The rows of bench/kernels under pytest-benchmark, to compare two versions of netlet:

    python -m pytest bench/test_kernels.py -k "gemm and 1024" --benchmark-group-by=group --benchmark-autosave
    python -m pytest bench/test_kernels.py -k netlet --benchmark-compare

Each side's answer is checked before it is timed.
"""

from __future__ import annotations

import pytest

import bench.kernels
import netlet
from bench.harness.measure import sides_of
from bench.harness.peers import PEERS, limit_threads

ROWS = [(group, row) for group in bench.kernels.groups() for row in bench.kernels.rows(group)]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = netlet.get_num_threads()
    netlet.set_num_threads(1)
    limit_threads(1)
    yield
    netlet.set_num_threads(before)


@pytest.mark.parametrize("side", ["netlet", *PEERS])
@pytest.mark.parametrize(("group", "row"), ROWS, ids=[f"{group}: {row.name}" for group, row in ROWS])
def test_kernel(benchmark, group, row, side):
    case = row.make()
    ours = "call" if case.eager else "plan"
    sides = sides_of(row.name, case, only=(ours if side == "netlet" else side,), plan_seconds=0)
    if not sides:
        pytest.skip(f"{side} has no such row, or is not installed")
    [(work, _)] = sides.values()
    benchmark.group = row.name
    benchmark(work)

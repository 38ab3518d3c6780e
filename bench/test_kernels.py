"""Kernels beside NumPy, one group a row: `python -m pytest bench/test_kernels.py --benchmark-group-by=group`.

The rows are those of `python -m netlet bench`; the generator has checked each answer before it hands the row out.
"""

from __future__ import annotations

import pytest

from netlet.bench import cases

ROWS = [*cases.matrix_products(), *cases.elementwise(), *cases.networks()]


@pytest.mark.parametrize("side", ["netlet", "numpy"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_kernel(benchmark, row, side):
    benchmark.group = row.name
    benchmark.extra_info["calls"] = row.calls
    benchmark(row.ours if side == "netlet" else row.numpy)

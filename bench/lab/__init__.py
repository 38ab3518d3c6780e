"""The laboratory: versions of a kernel side by side, before one of them moves into csrc/ops.

    PYTHONPATH=python:bench:tests:. python -m bench.lab gemm_packed [--only v2] [--isa avx2]

Each folder is an experiment: `problem.py` makes the operands and the answer, and each `v*.cpp` is one version, compiled
for the instruction set with the flags of cmake/simd.cmake. A version is timed only if its answer is right. The table
has GFLOP/s, one column for each version, beside the rate of multiply-adds that one thread reached ("floor").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Problem:
    """One row of an experiment's table."""

    name: str
    arrays: list[np.ndarray]  # the last one receives the answer
    sizes: list[int]
    want: np.ndarray  # in float64
    bound: float  # of the difference from `want`
    flops: float

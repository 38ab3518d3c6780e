"""Promise 2: each element of a matrix product has an error of at most k·u·|A||B|."""

from __future__ import annotations

import numpy as np

from netlet import ops

from .isas import forced, levels_with_own_functions

LENGTHS = (64, 257, 1024, 4096, 8192)


def check() -> list[str]:
    rng = np.random.default_rng(6)
    broken = []
    for k in LENGTHS:
        a, b = rng.normal(size=(9, k)).astype(np.float32), rng.normal(size=(k, 33)).astype(np.float32)
        b *= np.exp(rng.normal(size=(k, 1), scale=3)).astype(np.float32)
        wide, other = a.astype(np.float64), b.astype(np.float64)
        want, bound = wide @ other, k * 2.0**-24 * (np.abs(wide) @ np.abs(other))
        for isa in forced(levels_with_own_functions()):
            worst = float((np.abs(np.asarray(ops.matmul(a, b)) - want) / bound).max())
            if not worst <= 1:
                broken.append(f"{isa}, k = {k}: the error is {worst:.3g} of the bound")
    return broken

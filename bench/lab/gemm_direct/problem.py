"""c = a b with a narrow b read in place: 1x1 convolutions to few filters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.lab import Problem

SHAPES = [(32768, 24, 144), (32768, 16, 32), (8192, 32, 192), (8192, 32, 144), (1024, 24, 144), (1024, 16, 32)]
SHAPES += [(1024, 32, 32), (256, 32, 192), (128, 10, 84), (512, 10, 512), (64, 64, 64)]


def problems() -> Iterator[Problem]:
    random = np.random.default_rng(0)
    for m, n, k in SHAPES:
        a, b = random.standard_normal((m, k), "float32"), random.standard_normal((k, n), "float32")
        want = a.astype(float) @ b.astype(float)
        bound = k * 2**-24 * (np.abs(a).astype(float) @ np.abs(b).astype(float)).max()
        yield Problem(f"{m} x {n} x {k}", [a, b, np.empty((m, n), "float32")], [m, n, k], want, bound, 2.0 * m * n * k)

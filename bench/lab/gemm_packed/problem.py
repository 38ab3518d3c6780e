"""c = a b with a packed b: dense layers, the gates of recurrent layers, the projections of transformers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.lab import Problem

SHAPES = [(32, 512, 784), (32, 512, 512), (64, 1024, 1024), (128, 512, 512), (512, 512, 512), (512, 2048, 2048)]
SHAPES += [(2048, 128, 128), (2048, 512, 128), (32, 512, 160), (256, 256, 256), (1024, 1024, 1024), (12, 512, 512)]
SHAPES += [(512, 2048, 10), (512, 1984, 1984), (32, 512, 32)]
SHAPES += [(32768, 96, 16), (32768, 144, 24), (8192, 192, 32)]
TRANSPOSED = [(2048, 2048, 512), (784, 512, 64), (512, 512, 128), (128, 512, 2048)]


def problems() -> Iterator[Problem]:
    random = np.random.default_rng(0)
    for m, n, k, transposed in [(*shape, 0) for shape in SHAPES] + [(*shape, 1) for shape in TRANSPOSED]:
        a, b = random.standard_normal((m, k), "float32"), random.standard_normal((k, n), "float32")
        packed = np.empty((n + 63) // 64 * 64 * k, "float32")
        want = a.astype(float) @ b.astype(float)
        bound = k * 2**-24 * (np.abs(a).astype(float) @ np.abs(b).astype(float)).max()
        name = f"{m} x {n} x {k}" + ", a transposed" * transposed
        arrays = [np.ascontiguousarray(a.T) if transposed else a, b, packed, np.empty((m, n), "float32")]
        yield Problem(name, arrays, [m, n, k, transposed], want, bound, 2.0 * m * n * k)

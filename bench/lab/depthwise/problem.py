"""Depthwise 3x3 convolutions with padding of one pixel: MobileNet, and others whose layers have many channels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.lab import Problem

# images, height and width, channels, stride
SHAPES = [(1, 32, 32, 1), (1, 32, 144, 1), (1, 16, 192, 1), (1, 8, 384, 1), (1, 32, 144, 2)]
SHAPES += [(32, 32, 96, 1), (32, 32, 144, 1), (32, 16, 192, 1), (32, 8, 384, 1), (32, 32, 144, 2), (8, 28, 20, 1)]


def forward(x: np.ndarray, w: np.ndarray, stride: int) -> np.ndarray:
    """In float64: x (N, H, W, C), w (3, 3, C)."""
    padded = np.pad(x.astype(float), ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows, columns = padded.shape[1] - 2, padded.shape[2] - 2
    taps = ((i, j) for i in range(3) for j in range(3))
    return sum(padded[:, i : i + rows : stride, j : j + columns : stride] * w[i, j] for i, j in taps)


def problems() -> Iterator[Problem]:
    random = np.random.default_rng(0)
    for n, size, c, stride in SHAPES:
        x, w = random.standard_normal((n, size, size, c), "float32"), random.standard_normal((3, 3, c), "float32")
        want = np.maximum(forward(x, w, stride), 0)
        bound = 9 * 2**-24 * forward(np.abs(x), np.abs(w), stride).max()
        name = f"{n}x{size}x{size}x{c}, stride {stride}"
        arrays = [x, w, np.empty(want.shape, "float32")]
        yield Problem(name, arrays, [n, size, c, stride], want, bound, 18.0 * want.size)

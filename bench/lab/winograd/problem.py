"""3x3 convolutions of stride 1 with padding, of 16 to 256 channels: most of the work of convolutional networks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.lab import Problem
from support.convolution import Definition

# images, height and width, channels, filters
SHAPES = [(8, 32, 16, 16), (32, 32, 16, 16), (4, 32, 32, 32), (4, 32, 32, 64), (4, 16, 64, 64)]
SHAPES += [(32, 28, 32, 32), (2, 28, 128, 128), (4, 14, 256, 256), (1, 28, 256, 256), (32, 14, 64, 64), (4, 10, 64, 64)]
SHAPES += [(8, 15, 64, 64), (64, 6, 64, 64), (2, 8, 32, 32), (1, 16, 16, 16)]


def problems() -> Iterator[Problem]:
    random = np.random.default_rng(0)
    for n, size, c, o in SHAPES:
        x = random.standard_normal((n, size, size, c), "float32")
        w = random.standard_normal((3, 3, c, o), "float32")
        definition = Definition([1, 1], [(1, 1)] * 2, [1, 1])
        want = definition.forward(x, w)
        bound = 8 * 9 * c * 2**-24 * definition.forward(np.abs(x), np.abs(w)).max()
        columns = (o + 31) // 32 * 32
        u = np.empty(36 * columns * c, "float32")
        scratch = np.empty(36 * (64 * (c + o + 32) + 64), "float32")
        flops = 2.0 * 16 * n * ((size + 1) // 2) ** 2 * c * o  # of F(2x2, 3x3), for all versions
        answer = np.empty(want.shape, "float32")
        packed = np.empty(columns * 9 * c, "float32")
        yield Problem(
            f"{n}x{size}x{size}x{c} -> {o}", [x, w, packed, u, scratch, answer], [n, size, c, o], want, bound, flops
        )

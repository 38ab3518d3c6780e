"""Convolutions of images with few channels: LeNet-5, and the first layers of other networks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.lab import Problem
from support.convolution import Definition

# images, height and width, channels, filters, size of the kernel, stride; without padding
SHAPES = [
    (32, 32, 1, 6, 5, 1),
    (32, 18, 6, 16, 5, 1),
    (32, 34, 3, 32, 3, 1),
    (1, 34, 3, 16, 3, 1),
    (32, 28, 1, 32, 3, 1),
]
SHAPES += [(4, 229, 3, 64, 7, 2), (4, 225, 3, 32, 3, 2), (32, 14, 8, 32, 3, 1), (32, 34, 8, 64, 3, 1)]


def problems() -> Iterator[Problem]:
    random = np.random.default_rng(0)
    for n, size, c, o, kernel, stride in SHAPES:
        x = random.standard_normal((n, size, size, c), "float32")
        w = random.standard_normal((kernel, kernel, c, o), "float32")
        definition = Definition([stride] * 2, [(0, 0)] * 2, [1, 1])
        want, terms = definition.forward(x, w), kernel * kernel * c
        bound = terms * 2**-24 * definition.forward(np.abs(x), np.abs(w)).max()
        packed = np.empty((o + 31) // 32 * 32 * terms, "float32")
        name = f"{n}x{size}x{size}x{c} -> {o}, {kernel}x{kernel}/{stride}"
        flops = 2.0 * want.size * terms
        answer = np.empty(want.shape, "float32")
        yield Problem(name, [x, w, packed, answer], [n, size, c, o, kernel, stride], want, bound, flops)

"""Convolutions of images with few channels: LeNet-5, and the first layers of other networks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.lab import Problem

# images, height and width, channels, filters, size of the kernel, stride; without padding
SHAPES = [
    (32, 32, 1, 6, 5, 1),
    (32, 18, 6, 16, 5, 1),
    (32, 34, 3, 32, 3, 1),
    (1, 34, 3, 16, 3, 1),
    (32, 28, 1, 32, 3, 1),
]
SHAPES += [(4, 229, 3, 64, 7, 2), (4, 225, 3, 32, 3, 2), (32, 14, 8, 32, 3, 1), (32, 34, 8, 64, 3, 1)]


def convolution(x: np.ndarray, w: np.ndarray, stride: int) -> np.ndarray:
    """In float64, tap by tap."""
    size = w.shape[0]
    out = (x.shape[1] - size) // stride + 1
    y = np.zeros((x.shape[0], out, out, w.shape[3]))
    for i in range(size):
        for j in range(size):
            part = x[:, i : i + stride * (out - 1) + 1 : stride, j : j + stride * (out - 1) + 1 : stride]
            y += part.astype(float) @ w[i, j].astype(float)
    return y


def problems(isa: str) -> Iterator[Problem]:
    random = np.random.default_rng(0)
    for n, size, c, o, kernel, stride in SHAPES:
        x = random.standard_normal((n, size, size, c), "float32")
        w = random.standard_normal((kernel, kernel, c, o), "float32")
        want, terms = convolution(x, w, stride), kernel * kernel * c
        bound = terms * 2**-24 * convolution(np.abs(x), np.abs(w), stride).max()
        packed = np.empty((o + 31) // 32 * 32 * terms, "float32")
        name = f"{n}x{size}x{size}x{c} -> {o}, {kernel}x{kernel}/{stride}"
        flops = 2.0 * want.size * terms
        answer = np.empty(want.shape, "float32")
        yield Problem(name, [x, w, packed, answer], [n, size, c, o, kernel, stride], want, bound, flops)

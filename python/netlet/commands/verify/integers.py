"""Promise 1: products, convolutions and pools of integers, and all products of 8-bit codes, are exact."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, ops

from .isas import forced

Array = np.ndarray[Any, Any]


def check() -> list[str]:
    broken = []
    for isa in forced():
        for what, wrong in (
            ("float products", integer_products(100)),
            ("8-bit products", byte_products()),
            ("convolutions", convolutions()),
            ("pools", pools()),
        ):
            if wrong:
                broken.append(f"{isa}: {wrong} {what} are not exact")
    return broken


def integer_products(shapes: int = 300) -> int:
    """Counts products of random matrices of small integers that are not exact.

    Args:
        shapes: number of shapes to test, alternately in float64 and float32, each with all transposes; default 300.
    """
    rng = np.random.default_rng(2)
    wrong = 0
    for i in range(shapes):
        m, k, n = (int(v) for v in np.exp2(rng.uniform(0, 8 if i % 10 else 10, 3)).astype(int))
        dtype = np.float32 if i % 2 else np.float64
        # All partial sums are less than 2^24 in magnitude, so they are exact in float32 in any order.
        a, b = (rng.integers(-63, 64, s).astype(dtype) for s in ((m, k), (k, n)))
        want = a.astype(np.float64) @ b.astype(np.float64)
        for x in (a, np.asfortranarray(a)):
            for y in (b, np.asfortranarray(b)):
                wrong += not np.array_equal(np.asarray(ops.matmul(x, y)), want)
    return wrong


def byte_products(shapes: int = 300) -> int:
    """Counts wrong int32 products of uint8 and int8 with int8 over their full ranges, the extremes among them."""
    rng = np.random.default_rng(3)
    wrong = 0
    for i in range(shapes):
        m, k, n = (int(v) for v in rng.integers(1, 130, 3))
        a = rng.integers(0, 256, (m, k)).astype(np.uint8 if i % 2 else np.int8)
        b = rng.integers(-128, 128, (k, n)).astype(np.int8)
        if i % 5 == 0:  # instructions that saturate would do so here
            a[:], b[:] = (255 if i % 2 else -128), (-128 if i % 3 else 127)
        want = a.astype(np.int64) @ b.astype(np.int64)
        wrong += not np.array_equal(np.asarray(_core.matmul(a, b)), want)
        wrong += not np.array_equal(np.asarray(_core.matmul(a, np.ascontiguousarray(b.T), False, True)), want)
    return wrong


def convolutions(shapes: int = 60) -> int:
    """Counts convolutions of small integers, of all strides, pads, dilations and groups up to 3, that are not exact."""
    rng = np.random.default_rng(4)
    wrong = 0
    for i in range(shapes):
        stride, dilation, groups = (int(v) for v in rng.integers(1, 4, 3))
        taps, pads = rng.integers(1, 4, 2), rng.integers(0, 3, (2, 2))
        channels, filters = groups * int(rng.integers(1, 9)), groups * int(rng.integers(1, 9))
        x = rng.integers(-7, 8, (2, *rng.integers(9, 20, 2), channels)).astype(np.float32 if i % 2 else np.float64)
        kernel = rng.integers(-7, 8, (*taps, channels // groups, filters)).astype(x.dtype)
        padded = np.pad(x, ((0, 0), *pads, (0, 0)))
        w = windows(padded, taps, stride, dilation)
        parts = zip(np.split(w, groups, 3), np.split(kernel, groups, 3))
        want = np.concatenate([np.einsum("nhwcij,ijco->nhwo", a, b) for a, b in parts], -1)
        margins = [(int(a), int(b)) for a, b in pads]
        got = _core.conv(x, kernel, None, [stride] * 2, margins, [dilation] * 2)
        wrong += not np.array_equal(np.asarray(got), want)
    return wrong


def pools(shapes: int = 60) -> int:
    """Counts wrong maxima of padded windows, and means of windows of 2 or 4 integers, which have no rounding."""
    rng = np.random.default_rng(5)
    wrong = 0
    for i in range(shapes):
        size, stride = rng.integers(1, 5, 2), int(rng.integers(1, 4))
        pads = [(int(rng.integers(s)), int(rng.integers(s))) for s in size]
        x = rng.integers(-99, 99, (2, *rng.integers(5, 20, 2), int(rng.integers(1, 20)))).astype(np.float32)
        want = windows(np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=-np.inf), size, stride, 1).max((-2, -1))
        got = _core.max_pool(x, [int(s) for s in size], [stride] * 2, pads)
        wrong += not np.array_equal(np.asarray(got), want)
        area = [2, 2] if i % 2 else [1, 2]
        want = windows(x, area, stride, 1).mean((-2, -1))
        wrong += not np.array_equal(np.asarray(_core.average_pool(x, area, [stride] * 2, [(0, 0)] * 2)), want)
    return wrong


def windows(x: Array, size: Any, stride: int, dilation: int) -> Array:
    """The windows of images (N, H, W, C), a view of shape (N, rows, columns, C, *size)."""
    reach = tuple((int(s) - 1) * dilation + 1 for s in size)
    view = np.lib.stride_tricks.sliding_window_view(x, reach, (1, 2))
    return view[:, ::stride, ::stride, :, ::dilation, ::dilation]

"""Matrix products in float32 and float64: squares, the layers of small networks, skinny shapes, matrix times vector.

A name gives M x N x K and which operand is stored transposed (nn, tn, nt).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench.harness.peers import onnx_peer, torch_peer
from bench.harness.row import Case, Row, normal
from netlet import _core

SQUARES = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
# Dense layers forward, dW, dx; skinny and tall ones; matrix times vector.
SHAPES = """
10x11x11nn 11x11x10tn 10x11x11nt 10x7x11nn 32x16x784nn 784x16x32tn 32x784x16nt 128x128x784nn 784x128x128tn 128x784x128nt
4096x64x64nn 10x10x1000nn 10x1000x10nn 10x10x100000nn 1x1000x1000nn 1x1000x1000nt 1000x1x1000nn 1x4096x4096nn
4x1024x1024nn 32x1024x1024nn 32x1024x1024nt 1000x1000x1000nt
"""


def product(m: int, n: int, k: int, transposed: str = "nn", dtype: str = "float32") -> Case:
    ta, tb = (letter == "t" for letter in transposed)
    a, b = normal((k, m) if ta else (m, k), dtype), normal((n, k) if tb else (k, n), dtype, seed=1)
    left, right = (a.T if ta else a), (b.T if tb else b)
    transposes = {"transA": int(ta), "transB": int(tb)}
    return Case(
        ours=lambda a, b: _core.matmul(a, b, ta, tb),
        on=[a, b],
        truth=left.astype("f8") @ right.astype("f8"),
        peers={
            "numpy": partial(np.matmul, left, right, np.empty((m, n), dtype)),
            **torch_peer("matmul", left, right, out=True),
            **(onnx_peer("Gemm", a, b, **transposes) if ta or tb else onnx_peer("MatMul", a, b)),
        },
        flops=2.0 * m * n * k,
        floor=dtype,
        rtol=1e-4,
        atol=1e-6 * k,
    )


def rows() -> Iterator[Row]:
    for n in SQUARES:
        yield Row(f"matmul {n} x {n} x {n}", partial(product, n, n, n), line="float32", size=n)
    for shape in SHAPES.split():
        m, n, k = map(int, shape[:-2].split("x"))
        yield Row(f"matmul {m} x {n} x {k} {shape[-2:]}", partial(product, m, n, k, shape[-2:]))
    for n in (64, 256, 1024):
        yield Row(f"matmul {n} x {n} x {n} float64", partial(product, n, n, n, dtype="float64"))

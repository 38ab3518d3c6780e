"""Dense layers of 8-bit codes, with constant weights: codes to codes, codes to float32, and the same in float32.

A name gives rows x inputs x outputs. ONNX Runtime: QLinearMatMul (codes to codes), its own MatMulIntegerToFloat
(codes to float32), Gemm (float32). Its model holds the weights, so it packs them once, as our plan does.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

import netlet
from bench.harness.peers import onnx_peer
from bench.harness.row import Case, Row, normal
from netlet import _core

SHAPES = [(128, 784, 512), (1, 512, 512), (128, 512, 512), (128, 512, 10), (1024, 1024, 1024)]
X_SCALE, X_ZERO, Y_SCALE, Y_ZERO = np.float32(0.02), np.uint8(128), np.float32(0.5), np.uint8(110)


def weights(k: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(-127, 127, (k, n), "int8", endpoint=True), rng.uniform(0.001, 0.01, n).astype("float32")


def of_codes(m: int, k: int, n: int, to_codes: bool) -> Case:
    x = np.random.default_rng(1).integers(0, 255, (m, k), "uint8", endpoint=True)
    w, scale = weights(k, n)
    kernel, kernel_scale = (netlet.Variable(v, dtype=str(v.dtype)) for v in (w, scale))
    last = {"out_scale": Y_SCALE, "out_zero": Y_ZERO} if to_codes else {}

    def ours(x: Any) -> Any:
        return _core.quantized_dense(x, X_SCALE, X_ZERO, kernel, kernel_scale, None, None, **last)

    exact = ((x.astype("f8") - float(X_ZERO)) @ w.astype("f8")) * (X_SCALE * scale)
    flops = 2.0 * m * k * n
    if not to_codes:
        peers = onnx_peer("MatMulIntegerToFloat", x, w, X_SCALE, scale, X_ZERO, constants=4, domain="com.microsoft")
        return Case(ours, [x], exact, peers, flops, floor="int8", atol=1e-4, eager=False)
    truth = np.clip(np.rint(exact / Y_SCALE) + float(Y_ZERO), 0, 255)
    zeros = np.zeros(n, "int8")
    peers = onnx_peer("QLinearMatMul", x, X_SCALE, X_ZERO, w, scale, zeros, Y_SCALE, Y_ZERO, constants=7)
    # Codes may differ by one where float32 rounds to the other side of a half.
    return Case(ours, [x], truth, peers, flops, floor="int8", rtol=0, atol=1, eager=False)


def of_floats(m: int, k: int, n: int) -> Case:
    x, w, b = normal((m, k)), normal((k, n), seed=1), normal((n,), seed=2)
    kernel, bias = netlet.Variable(w), netlet.Variable(b)

    def ours(x: Any) -> Any:
        return _core.dense(x, kernel, bias)

    return Case(
        ours,
        [x],
        x.astype("f8") @ w + b,
        onnx_peer("Gemm", x, w, b, constants=2),
        flops=2.0 * m * k * n,
        rtol=1e-4,
        atol=1e-6 * k,
        eager=False,
    )


def rows() -> Iterator[Row]:
    for m, k, n in SHAPES:
        at = f"{m} x {k} x {n}"
        yield Row(f"dense {at} float32", partial(of_floats, m, k, n))
        yield Row(f"dense {at} codes to codes", partial(of_codes, m, k, n, True))
        yield Row(f"dense {at} codes to float32", partial(of_codes, m, k, n, False))

"""Low-precision matrix products: int8 and uint8 x int8 to int32, exact; bfloat16 to float32."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import have, onnx_peer, torch_peer
from bench.harness.row import Case, Row, normal
from bench.kernels.gemm import SQUARES
from netlet import ops


def int8_product(m: int, n: int, k: int, left: str) -> Case:
    rng = np.random.default_rng(0)
    limits = np.iinfo(left)
    a = rng.integers(limits.min, limits.max, (m, k), left, endpoint=True)
    b = rng.integers(-128, 127, (k, n), "int8", endpoint=True)
    return Case(
        ours=ops.matmul,
        on=[a, b],
        truth=np.rint(a.astype("f8") @ b.astype("f8")),
        peers={
            **(torch_peer("_int_mm", a, b) if left == "int8" and m > 16 else {}),  # it requires m > 16
            **onnx_peer("MatMulInteger", a, b),
        },
        flops=2.0 * m * n * k,
        floor="int8",
        rtol=0,
        atol=0,
    )


def bfloat16_product(m: int, n: int, k: int) -> Case:
    import ml_dtypes

    wide = normal((m, k)), normal((k, n), seed=1)
    a, b = (x.astype(ml_dtypes.bfloat16) for x in wide)

    def torchs() -> dict[str, Any]:
        if not have("torch"):
            return {}
        import torch

        x, y = (torch.from_numpy(w).to(torch.bfloat16) for w in wide)
        out = torch.empty((m, n), dtype=torch.bfloat16)
        # PyTorch rounds its results to bfloat16; float() is for the comparison.
        return {"torch": lambda: torch.matmul(x, y, out=out).float()}

    return Case(
        ours=ops.matmul,
        on=[a, b],
        truth=a.astype("f8") @ b.astype("f8"),
        peers=torchs(),
        flops=2.0 * m * n * k,
        floor="bfloat16",
        rtol=1e-2,
        atol=1e-5 * k,
    )


def rows() -> Iterator[Row]:
    for n in SQUARES:
        yield Row(f"matmul {n} x {n} x {n} int8", partial(int8_product, n, n, n, "int8"), line="int8", size=n)
    for n in (256, 1024):
        yield Row(f"matmul {n} x {n} x {n} uint8 x int8", partial(int8_product, n, n, n, "uint8"))
    if have("ml_dtypes"):
        for n in SQUARES:
            yield Row(f"matmul {n} x {n} x {n} bfloat16", partial(bfloat16_product, n, n, n), line="bfloat16", size=n)

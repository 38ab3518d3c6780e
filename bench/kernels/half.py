"""Conversions from and to float16 and bfloat16."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import torch_peer
from bench.harness.row import Case, Row, normal
from netlet import _core, ops

SIZES = {"64k": 1 << 16, "16M": 1 << 24}


def conversion(source: str, target: str, n: int) -> Case:
    x = ops.cast(normal(n), source)
    dtype = _core.numpy_dtype(target)

    def cast(x: Any) -> Any:
        return ops.cast(x, target)

    peers = {"numpy": partial(x.astype, dtype)}  # bfloat16: ml_dtypes
    if "bfloat16" not in (source, target):  # PyTorch cannot exchange bfloat16 with NumPy
        peers |= torch_peer(lambda torch, x: x.to(getattr(torch, target)), x)
    truth = x.astype(dtype)
    if target == "bfloat16":  # compared as float64
        truth = truth.astype(np.float64)
    return Case(ours=cast, on=[x], truth=truth, peers=peers, bytes=x.nbytes + n * dtype.itemsize, recorded=False)


def rows() -> Iterator[Row]:
    for label, n in SIZES.items():
        for half in ("float16", "bfloat16"):
            yield Row(f"float32 to {half} {label}", partial(conversion, "float32", half, n))
            yield Row(f"{half} to float32 {label}", partial(conversion, half, "float32", n))

"""Quantization to 8 bits and back. `bytes` counts two passes: x is read twice, the codes are written once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import onnx_peer, torch_peer
from bench.harness.row import Case, Row, normal
from netlet import ops

SHAPES = {"64k": (1 << 16,), "16M": (1 << 24,), "1024x1024": (1024, 1024)}


def numpy_absmax(x: np.ndarray, axis: int | None) -> np.ndarray:
    scale = np.abs(x).max(axis, keepdims=axis is not None) / np.float32(127)
    return np.clip(np.rint(x / scale), -127, 127).astype(np.int8)


def absmax(shape: tuple[int, ...], axis: int | None) -> Case:
    x = normal(shape)

    def codes(x: Any) -> Any:
        return ops.quantize_absmax(x, axis=axis)[0]

    def of_torch(torch: Any, x: Any) -> Any:
        top = x.abs().max() if axis is None else x.abs().amax(axis)
        if axis is None:
            return torch.quantize_per_tensor(x, float(top) / 127, 0, torch.qint8).int_repr()
        zeros = torch.zeros(len(top), dtype=torch.int64)
        return torch.quantize_per_channel(x, top.double() / 127, zeros, 1 - axis, torch.qint8).int_repr()

    return Case(
        ours=codes,
        on=[x],
        truth=numpy_absmax(x, axis),
        peers={"numpy": partial(numpy_absmax, x, axis), **torch_peer(of_torch, x)},
        bytes=9 * x.size,
        atol=1,  # PyTorch multiplies by the reciprocal
    )


def zeropoint(shape: tuple[int, ...]) -> Case:
    x = normal(shape)

    def codes(x: Any) -> Any:
        return ops.quantize_zeropoint(x, dtype="uint8")[0]

    _, scale, zero = ops.quantize_zeropoint(x, dtype="uint8")
    truth = np.clip(np.rint(x / scale) + zero.astype(np.float32), 0, 255)
    return Case(ours=codes, on=[x], truth=truth, bytes=9 * x.size)


def back(shape: tuple[int, ...]) -> Case:
    q, scale = ops.quantize_absmax(normal(shape))
    return Case(
        ours=ops.dequantize_absmax,
        on=[q, scale],
        truth=q * scale.astype(np.float64),
        peers=onnx_peer("DequantizeLinear", q, scale),
        bytes=5 * q.size,
    )


def rows() -> Iterator[Row]:
    for label, shape in SHAPES.items():
        for axis in (None, 0, 1) if len(shape) == 2 else (None,):
            where = "" if axis is None else f" axis {axis}"
            yield Row(f"absmax {label}{where}", partial(absmax, shape, axis))
    for label in ("64k", "16M"):
        yield Row(f"zero point uint8 {label}", partial(zeropoint, SHAPES[label]))
        yield Row(f"back from absmax {label}", partial(back, SHAPES[label]))

"""Reductions (sum, mean, max, argmax): over everything, over rows (the last axis), over columns (the first)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench.harness.peers import onnx_peer, torch_peer
from bench.harness.row import Case, Row, uniform
from bench.kernels import SIZES
from netlet import ops

TORCH = {"max": "amax", "min": "amin"}
ONNX = {"sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax"}
MATRICES = [(128, 1000), (1000, 1000)]


def reduction(name: str, shape: tuple[int, ...], axis: int | None) -> Case:
    x = uniform(shape, 0, 1)
    exact = name.startswith("arg")
    options = {} if axis is None else {"axis": axis}
    onnx: dict = {}
    if name in ONNX:
        axes = np.array(range(x.ndim) if axis is None else [axis], "int64")
        onnx = onnx_peer(ONNX[name], x, axes, keepdims=0)
    return Case(
        ours=partial(getattr(ops, name), **options),
        on=[x],
        truth=getattr(np, name)(x if exact else x.astype("f8"), axis=axis),
        peers={
            "numpy": partial(getattr(np, name), x, axis=axis),
            **torch_peer(TORCH.get(name, name), x, **({} if axis is None else {"dim": axis})),
            **onnx,
        },
        bytes=x.nbytes,
        floor="read",
    )


def rows() -> Iterator[Row]:
    for name in ("sum", "mean", "max", "argmax"):
        for label, n in SIZES.items():
            yield Row(f"{name} of {label}", partial(reduction, name, (n,), None))
        for shape in MATRICES:
            for axis, what in ((-1, "rows"), (0, "columns")):
                yield Row(f"{name} of {what} {shape[0]} x {shape[1]}", partial(reduction, name, shape, axis))

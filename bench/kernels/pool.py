"""Pooling, upsampling and resizing: forward, and forward with backward ("grad"). The floor copies as many bytes.

A name gives batch x image x channels, the window, s and the stride. PyTorch runs with channels last, its better layout
here; ONNX Runtime has channels first only. `bytes` counts each byte that must be read or written once. With the
gradient of a maximum, it also counts one byte per output value, twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import have, onnx_peer
from bench.harness.row import Case, Row, gradient_of, normal
from netlet import ops
from netlet.commands.bench.timing import Work
from netlet.ops.image.resizing import upsample

Shape = tuple[int, ...]


def torch_images(function: Callable[..., Any], x: np.ndarray, dy: np.ndarray | None) -> dict[str, Work]:
    """function(torch, x) and, if dy is given, its gradient. Arguments and results are channels last."""
    if not have("torch"):
        return {}
    import torch

    image = torch.from_numpy(x).permute(0, 3, 1, 2).detach().requires_grad_(dy is not None)
    if dy is None:
        return {"torch": lambda: function(torch, image).permute(0, 2, 3, 1)}
    seed = torch.from_numpy(dy).permute(0, 3, 1, 2)

    def both() -> Any:
        y = function(torch, image)
        return [t.detach().permute(0, 2, 3, 1) for t in (y, *torch.autograd.grad(y, image, seed))]

    return {"torch": both}


def channels_last(runs: dict[str, Work]) -> dict[str, Work]:
    return {name: lambda run=run: run().transpose(0, 2, 3, 1) for name, run in runs.items()}


def image_case(
    f: Callable[..., Any],
    x: np.ndarray,
    grad: bool,
    torch: Callable[..., Any],
    onnx: dict[str, Work],
    kept: int = 0,
    atol: float = 1e-5,
) -> Case:
    """A row for f on the image x.

    Args:
        kept: bytes that are saved for backward per value of y.
    """
    truth = np.asarray(f(x.astype("f8")))  # tests/ops checks f in float64
    if not grad:
        return Case(
            ours=f,
            on=[x],
            truth=truth,
            peers={**torch_images(torch, x, None), **onnx},
            bytes=x.nbytes + truth.size * 4,
            atol=atol,
        )
    from netlet import _core

    dy = normal(truth.shape, seed=1)
    leaf = _core.tensor(x.astype("f8"))
    leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        (dx,) = tape.gradients(f(leaf), [leaf], dy.astype("f8"))
    return Case(
        ours=gradient_of(f),
        on=[x, dy],
        truth=(truth, dx.numpy()),
        peers=torch_images(torch, x, dy),
        bytes=2 * x.nbytes + truth.size * (8 + 2 * kept),
        eager=False,
        grad=True,
        atol=atol,
    )


def pooling(kind: str, shape: Shape, window: int, stride: int, grad: bool) -> Case:
    x = normal(shape)
    here = {"max": ops.max_pool, "average": ops.average_pool}[kind]
    there = {"max": "max_pool2d", "average": "avg_pool2d"}[kind]
    onnx = {"max": "MaxPool", "average": "AveragePool"}[kind]
    return image_case(
        partial(here, pool_size=window, strides=stride),
        x,
        grad,
        lambda torch, x: getattr(torch.nn.functional, there)(x, window, stride),
        channels_last(onnx_peer(onnx, x.transpose(0, 3, 1, 2), kernel_shape=[window] * 2, strides=[stride] * 2)),
        kept=int(kind == "max"),
    )


def global_average(shape: Shape, grad: bool) -> Case:
    x = normal(shape)
    return image_case(
        lambda x: ops.mean(x, axis=(1, 2), keepdims=True),
        x,
        grad,
        lambda torch, x: x.mean((2, 3), keepdim=True),
        channels_last(onnx_peer("GlobalAveragePool", x.transpose(0, 3, 1, 2))),
    )


def resizing(shape: Shape, size: int, method: str, grad: bool) -> Case:
    x = normal(shape)

    def torch(torch: Any, x: Any) -> Any:
        more = {} if method == "nearest" else {"align_corners": False}
        return torch.nn.functional.interpolate(x, (size, size), mode=method, **more)

    f = partial(ops.image.resize, size=(size, size), interpolation=method)
    if method == "nearest":  # as UpSampling2D
        f = partial(upsample, size=(size // shape[1],) * 2)
    return image_case(f, x, grad, torch, {}, atol=1e-3)  # PyTorch computes sample positions in float32


def rows() -> Iterator[Row]:
    def name(shape: Shape) -> str:
        return f"{shape[0]} x {shape[1]}^2 x {shape[3]}"

    for grad, label in ((False, ""), (True, " grad")):
        for shape, window, stride in [
            ((128, 26, 26, 32), 2, 2),
            ((64, 32, 32, 64), 2, 2),
            ((128, 11, 11, 64), 2, 2),
            ((128, 28, 28, 1), 2, 2),
            ((64, 64, 64, 3), 2, 2),
            ((64, 28, 28, 6), 2, 2),
            ((8, 112, 112, 64), 3, 2),
        ]:
            for kind in ("max", "average"):
                if kind == "max" or (window == 2 and shape[3] in (3, 64)):
                    yield Row(
                        f"{kind} {name(shape)}, {window}s{stride}{label}",
                        partial(pooling, kind, shape, window, stride, grad),
                    )
        for shape in [(64, 7, 7, 512), (128, 28, 28, 64)]:
            yield Row(f"global average {name(shape)}{label}", partial(global_average, shape, grad))
        for shape, size, method in [
            ((16, 28, 28, 64), 56, "nearest"),
            ((16, 64, 64, 3), 128, "nearest"),
            ((16, 28, 28, 64), 56, "bilinear"),
            ((16, 256, 256, 3), 224, "bilinear"),
        ]:
            yield Row(f"{method} {name(shape)} to {size}^2{label}", partial(resizing, shape, size, method, grad))

"""Normalizations: batch and group over images (channels last), layer and RMS over rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import onnx_peer, torch_peer
from bench.harness.row import Case, Row, normal
from netlet import _core

EPS = 1e-3
IMAGES = [(64, 32, 32, 32), (64, 16, 16, 128), (32, 8, 8, 16)]
ROWS = [(4096, 768), (2048, 128), (256, 128)]
GROUPS = 8


def operands(shape: Sequence[int]) -> tuple[np.ndarray, ...]:
    """x, gamma, beta, dy"""
    return normal(shape), normal(shape[-1], seed=1), normal(shape[-1], seed=2), normal(shape, seed=3)


def truth(
    shape: Sequence[int], x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, dy: np.ndarray, axes: Any, rms: bool
) -> tuple[np.ndarray, ...]:
    """y, dx, dgamma, dbeta in float64. Reshaped to `shape`, the statistics are taken over `axes`."""
    x, dy = x.astype("f8"), dy.astype("f8")
    z, g = x.reshape(shape), (dy * gamma).reshape(shape)
    mean = 0.0 if rms else z.mean(axes, keepdims=True)
    rstd = 1 / np.sqrt(np.square(z - mean).mean(axes, keepdims=True) + EPS)
    xhat = (z - mean) * rstd
    dx = rstd * (g - (0.0 if rms else g.mean(axes, keepdims=True)) - xhat * (g * xhat).mean(axes, keepdims=True))
    xhat = xhat.reshape(x.shape)
    rest = tuple(range(x.ndim - 1))
    return xhat * gamma + beta, dx.reshape(x.shape), (dy * xhat).sum(rest), dy.sum(rest)


def first(x: Any) -> Any:
    """A channels-first view of channels-last memory, as PyTorch expects it."""
    return x.permute(0, 3, 1, 2)


def last(x: Any) -> Any:
    return x.permute(0, 2, 3, 1)


def torch_batch(torch: Any, x: Any, g: Any, b: Any) -> Any:
    return last(torch.native_batch_norm(first(x), g, b, None, None, True, 0.1, EPS)[0])


def torch_batch_both(torch: Any, x: Any, g: Any, b: Any, dy: Any) -> Any:
    x, dy = first(x), first(dy)
    y, mean, rstd = torch.native_batch_norm(x, g, b, None, None, True, 0.1, EPS)
    dx, dg, db = torch.ops.aten.native_batch_norm_backward(
        dy, x, g, None, None, mean, rstd, True, EPS, [True, True, True]
    )
    return last(y), last(dx), dg, db


def torch_group(torch: Any, x: Any, g: Any, b: Any) -> Any:
    return last(torch.nn.functional.group_norm(first(x), GROUPS, g, b, EPS))


def torch_layer(torch: Any, x: Any, g: Any, b: Any) -> Any:
    return torch.nn.functional.layer_norm(x, x.shape[-1:], g, b, EPS)


def torch_layer_both(torch: Any, x: Any, g: Any, b: Any, dy: Any) -> Any:
    y, mean, rstd = torch.native_layer_norm(x, x.shape[-1:], g, b, EPS)
    return y, *torch.ops.aten.native_layer_norm_backward(dy, x, x.shape[-1:], mean, rstd, g, b, [True, True, True])


def torch_rms(torch: Any, x: Any, g: Any, b: Any) -> Any:
    return torch.nn.functional.rms_norm(x, x.shape[-1:], g, EPS)


OURS: dict[str, Callable[..., Any]] = {
    "batch": lambda x, g, b: _core.batch_norm(x, g, b, EPS)[0],
    "group": lambda x, g, b: _core.group_norm(x, GROUPS, g, b, EPS),
    "layer": lambda x, g, b: _core.layer_norm(x, g, b, EPS),
    "rms": lambda x, g, b: _core.layer_norm(x, g, None, EPS, False),
}
TORCH = {"batch": torch_batch, "group": torch_group, "layer": torch_layer, "rms": torch_rms}
TORCH_BOTH = {"batch": torch_batch_both, "layer": torch_layer_both}


def answers(kind: str, x: np.ndarray, g: np.ndarray, b: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, ...]:
    if kind == "group":
        shape, axes = (x.shape[0], -1, GROUPS, x.shape[-1] // GROUPS), (1, 3)
        return truth(shape, x, g, b, dy, axes, False)
    axes = tuple(range(x.ndim - 1)) if kind == "batch" else (-1,)
    return truth(x.shape, x, g, np.zeros_like(b) if kind == "rms" else b, dy, axes, kind == "rms")


def forward(kind: str, shape: Sequence[int]) -> Case:
    x, g, b, dy = operands(shape)
    layer = onnx_peer("LayerNormalization", x, g, b, axis=-1, epsilon=EPS) if kind == "layer" else {}
    return Case(
        ours=OURS[kind],
        on=[x, g, b],
        truth=answers(kind, x, g, b, dy)[0],
        peers={**torch_peer(TORCH[kind], x, g, b), **layer},
        bytes=2 * x.nbytes,
        rtol=1e-4,
        atol=1e-4,  # for PyTorch on one thread, which adds a channel in one chain
    )


def both(kind: str, shape: Sequence[int]) -> Case:
    """y and the gradients of x, gamma and beta."""
    x, g, b, dy = operands(shape)

    def ours(x: Any, g: Any, b: Any, dy: Any) -> Any:
        g.requires_grad = b.requires_grad = True
        y = OURS[kind](x, g, b)
        return y, *_core.current_recording().gradients(y, [x, g, b], dy)

    return Case(
        ours=ours,
        on=[x, g, b, dy],
        truth=answers(kind, x, g, b, dy),
        peers=torch_peer(TORCH_BOTH[kind], x, g, b, dy),
        bytes=5 * x.nbytes,  # x, y; x, dy, dx
        rtol=1e-3,
        atol=1e-3,
        eager=False,
        grad=True,
    )


def inference(shape: Sequence[int]) -> Case:
    x, g, b, _ = operands(shape)
    mean, variance = normal(shape[-1], seed=4), np.square(normal(shape[-1], seed=5)) + np.float32(0.1)
    planes = onnx_peer(
        "BatchNormalization", np.ascontiguousarray(x.transpose(0, 3, 1, 2)), g, b, mean, variance, epsilon=EPS
    )

    def torchs(torch: Any, x: Any, m: Any, v: Any, g: Any, b: Any) -> Any:
        return last(torch.nn.functional.batch_norm(first(x), m, v, g, b, False, 0.1, EPS))

    return Case(
        ours=lambda x, m, v, g, b: _core.given_norm(x, m, v, g, b, EPS),
        on=[x, mean, variance, g, b],
        truth=(x - mean.astype("f8")) / np.sqrt(variance.astype("f8") + EPS) * g + b,
        peers={
            **torch_peer(torchs, x, mean, variance, g, b),
            **{name: lambda run=run: run().transpose(0, 2, 3, 1) for name, run in planes.items()},
        },
        bytes=2 * x.nbytes,
        atol=1e-5,
    )


def rows() -> Iterator[Row]:
    for shape in IMAGES:
        name = " x ".join(map(str, shape))
        yield Row(f"batch norm, inference {name}", partial(inference, shape))
        yield Row(f"batch norm, training {name}", partial(forward, "batch", shape))
        yield Row(f"batch norm, training and gradients {name}", partial(both, "batch", shape))
        yield Row(f"group norm {GROUPS} groups {name}", partial(forward, "group", shape))
    for shape in ROWS:
        name = " x ".join(map(str, shape))
        yield Row(f"layer norm {name}", partial(forward, "layer", shape))
        yield Row(f"layer norm and gradients {name}", partial(both, "layer", shape))
        yield Row(f"RMS norm {name}", partial(forward, "rms", shape))

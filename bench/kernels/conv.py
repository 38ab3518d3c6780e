"""Convolutions of known networks: first layers, wide ones, small images, depthwise; forward and both gradients.

A name gives batch x image x channels -> filters, k and the kernel's size, s and the stride, and the padding: "same"
keeps the size, "valid" means none. PyTorch runs twice: with its default layout (channels first) and with channels last,
each on its own arrays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import have, onnx_peer
from bench.harness.row import Case, Row, normal
from netlet import _core
from netlet.commands.bench.timing import Work

SHAPES = """
1x224x3->64k7s2same 128x28x1->32k3valid 64x32x3->32k3valid 64x32x3->32k3same 64x32x1->6k5valid
1x56x64->64k3same 1x56x64->256k1valid 1x28x128->128k3same 1x14x256->256k3same 1x7x512->512k3same
128x13x32->64k3valid 64x32x32->32k3same 64x16x32->64k3same 16x56x48->48k3same 64x6x64->64k3valid 64x14x6->16k5valid
16x28x64->128k3s2same
"""
DEPTHWISE = "16x56x64k3same 1x112x32k3same 16x28x128k3s2same 16x14x256k5same"


def padding(size: int, k: int, stride: int, kind: str) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + k - size, 0) if kind == "same" else 0
    return total // 2, total - total // 2


def torch_peers(function: Callable[..., Any], x: np.ndarray, w: np.ndarray, *rest: np.ndarray) -> dict[str, Work]:
    """`function(torch, x, w, *rest)` in both layouts; the arrays are channels first."""
    if not have("torch"):
        return {}
    import torch

    first = [torch.from_numpy(np.ascontiguousarray(a)) for a in (x, w, *rest)]
    last = [a.contiguous(memory_format=torch.channels_last) for a in first]
    return {"torch": partial(function, torch, *first), "torch nhwc": partial(function, torch, *last)}


@dataclass(frozen=True)
class Shape:
    """The shape that a name describes."""

    batch: int
    size: int
    channels: int
    filters: int
    k: int
    stride: int
    pads: tuple[int, int]
    depthwise: bool

    @classmethod
    def of(cls, name: str) -> Shape:
        found = re.fullmatch(r"(\d+)x(\d+)x(\d+)(?:->(\d+))?k(\d)(?:s(\d))?(same|valid)", name)
        assert found, name
        batch, size, channels, filters, k, stride = (int(n or 1) for n in found.groups()[:-1])
        depthwise = "->" not in name
        pads = padding(size, k, stride, found[7])
        return cls(batch, size, channels, channels if depthwise else filters, k, stride, pads, depthwise)

    @property
    def steps(self) -> Any:
        return [self.stride] * 2, [self.pads] * 2, [1, 1]

    @property
    def groups(self) -> int:
        return self.channels if self.depthwise else 1

    def ours(self, x: Any, w: Any) -> Any:
        return (_core.depthwise_conv if self.depthwise else _core.conv)(x, w, None, *self.steps)

    def torch(self, torch: Any, x: Any, w: Any, *_: Any) -> Any:
        x, pad = self.torch_padded(torch, x)
        return torch.nn.functional.conv2d(x, w, None, self.stride, pad, 1, self.groups)

    def torch_padded(self, torch: Any, x: Any) -> tuple[Any, int]:
        """PyTorch's convolution pads both sides equally; other padding is a separate call before it."""
        low, high = self.pads
        return (x, low) if low == high else (torch.nn.functional.pad(x, (low, high) * 2), 0)

    def torch_gradients(self, torch: Any, x: Any, w: Any, dy: Any) -> Any:
        y = self.torch(torch, x, w)
        x, pad = self.torch_padded(torch, x)
        dx, dw, _ = torch.ops.aten.convolution_backward(
            dy, x, w, None, (self.stride,) * 2, (pad, pad), (1, 1), False, (0, 0), self.groups, (True, True, False)
        )
        return y, dx, dw


def convolution(name: str, gradients: bool) -> Case:
    """Forward, or forward and both gradients for a random dy."""
    shape = Shape.of(name)
    k, channels = shape.k, shape.channels
    x = normal((shape.batch, shape.size, shape.size, channels))
    w = normal((k, k, channels, 1) if shape.depthwise else (k, k, channels, shape.filters), seed=1) / k
    first = [x.transpose(0, 3, 1, 2), w.transpose(2, 3, 0, 1) if shape.depthwise else w.transpose(3, 2, 0, 1)]
    truth = np.asarray(shape.ours(x.astype("f8"), w.astype("f8")))  # tests/ops/test_conv.py checks this function
    flops = 2.0 * truth.size * k * k * channels / shape.groups
    if not gradients:
        onnx = {
            "strides": [shape.stride] * 2,
            "pads": [shape.pads[0]] * 2 + [shape.pads[1]] * 2,
            "group": shape.groups,
        }
        peers = torch_peers(shape.torch, *first) | onnx_peer("Conv", *first, **onnx)
        return Case(
            ours=shape.ours,
            on=[x, w],
            truth=truth,
            peers={peer: channels_last(work) for peer, work in peers.items()},
            flops=flops,
            floor="float32",
            rtol=1e-3,
            atol=1e-3,
        )
    dy = normal(truth.shape, seed=2)

    def ours(x: Any, w: Any, dy: Any) -> Any:
        w.requires_grad = True
        y = shape.ours(x, w)
        return (y, *_core.current_recording().gradients(y, [x, w], dy))

    peers = torch_peers(shape.torch_gradients, *first, dy.transpose(0, 3, 1, 2))
    return Case(
        ours=ours,
        on=[x, w, dy],
        truth=(truth, *gradient(shape.ours, x.astype("f8"), w.astype("f8"), dy.astype("f8"))),
        peers={peer: all_channels_last(work, shape) for peer, work in peers.items()},
        flops=3 * flops,
        floor="float32",
        rtol=1e-2,
        atol=1e-2,
        eager=False,
        grad=True,
    )


def channels_last(work: Work) -> Work:
    """The same work; its answer is a view with channels last."""

    def run() -> Any:
        y = work()
        return y.permute(0, 2, 3, 1) if hasattr(y, "permute") else y.transpose(0, 2, 3, 1)

    return run


def all_channels_last(work: Work, shape: Shape) -> Work:
    """As `channels_last`, for y, dx (without the padding) and dw."""

    def run() -> Any:
        y, dx, dw = work()
        if dx.shape[2] != shape.size:
            inside = slice(shape.pads[0], shape.pads[0] + shape.size)
            dx = dx[:, :, inside, inside]
        order = (2, 3, 0, 1) if shape.depthwise else (2, 3, 1, 0)
        return y.permute(0, 2, 3, 1), dx.permute(0, 2, 3, 1), dw.permute(*order)

    return run


def gradient(function: Callable[..., Any], x: np.ndarray, w: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, ...]:
    leaves = [_core.tensor(x), _core.tensor(w)]
    for leaf in leaves:
        leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = function(*leaves)
        return tuple(np.asarray(g) for g in tape.gradients(y, leaves, dy))


def rows() -> Iterator[Row]:
    for shape in (SHAPES + DEPTHWISE).split():
        name = f"conv {shape}" if "->" in shape else f"depthwise {shape}"
        yield Row(name, partial(convolution, shape, False))
        yield Row(f"{name} with gradients", partial(convolution, shape, True))

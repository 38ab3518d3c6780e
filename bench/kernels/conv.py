"""Convolutions as in known networks: first layers, wide ones, small images, depthwise; forward and both gradients.

A name says batch x image x channels -> filters, the kernel's size, s its stride; padding keeps the size ("same"), or
there is none ("valid"). PyTorch twice: its own layout (channels first) and channels last, each on arrays of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import have, onnx_peer
from bench.harness.row import Case, Row, normal
from netlet import _core
from netlet.bench.timing import Work

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
    """In both layouts: `function(torch, x, w, *rest)` on arrays that are channels first."""
    if not have("torch"):
        return {}
    import torch

    first = [torch.from_numpy(np.ascontiguousarray(a)) for a in (x, w, *rest)]
    last = [a.contiguous(memory_format=torch.channels_last) for a in first]
    return {"torch": partial(function, torch, *first), "torch nhwc": partial(function, torch, *last)}


def convolution(shape: str, gradients: bool) -> Case:
    """Forward; or forward and both gradients, from a random dy."""
    depthwise = "->" not in shape
    numbers = re.fullmatch(r"(\d+)x(\d+)x(\d+)(?:->(\d+))?k(\d)(?:s(\d))?(same|valid)", shape)
    assert numbers, shape
    batch, size, channels, filters, k, s = (int(n or 1) for n in numbers.groups()[:-1])
    if depthwise:
        filters = channels
    pads = padding(size, k, s, numbers[7])
    x = normal((batch, size, size, channels))
    w = normal((k, k, channels, 1) if depthwise else (k, k, channels, filters), seed=1) / k
    steps: Any = ([s, s], [pads] * 2, [1, 1])
    function: Any = _core.depthwise_conv if depthwise else _core.conv
    groups = channels if depthwise else 1
    nchw, oihw = x.transpose(0, 3, 1, 2), w.transpose(2, 3, 0, 1) if depthwise else w.transpose(3, 2, 0, 1)
    truth = np.asarray(function(x.astype("f8"), w.astype("f8"), None, *steps))  # tests/ops/test_conv.py judges these
    out = truth.shape[1]
    flops = 2.0 * truth.size * k * k * channels / groups
    layout = dict(truth=truth.transpose(0, 3, 1, 2))

    def forward(torch: Any, x: Any, w: Any, *_: Any) -> Any:
        pad = pads[0] if pads[0] == pads[1] else 0
        if not pad:
            x = torch.nn.functional.pad(x, (*pads, *pads)) if pads[1] else x
        return torch.nn.functional.conv2d(x, w, None, s, pad, 1, groups)

    if not gradients:
        return Case(
            ours=lambda x, w: function(x, w, None, *steps),
            on=[x, w],
            truth=truth,
            peers={
                **{n: channels_last(f) for n, f in torch_peers(forward, nchw, oihw).items()},
                **{
                    n: channels_last(f)
                    for n, f in onnx_peer(
                        "Conv", nchw, oihw, strides=[s, s], pads=[pads[0]] * 2 + [pads[1]] * 2, group=groups
                    ).items()
                },
            },
            flops=flops,
            floor="float32",
            rtol=1e-3,
            atol=1e-3,
        )
    del layout
    dy = normal((batch, out, out, filters), seed=2)
    dx, dw = gradient(function, x.astype("f8"), w.astype("f8"), steps, dy.astype("f8"))

    def both(torch: Any, x: Any, w: Any, dy: Any) -> Any:
        y = forward(torch, x, w)
        pad = pads[0] if pads[0] == pads[1] else 0
        if pads[1] and not pad:
            x = torch.nn.functional.pad(x, (*pads, *pads))
        dx, dw, _ = torch.ops.aten.convolution_backward(
            dy, x, w, None, (s, s), (pad, pad), (1, 1), False, (0, 0), groups, (True, True, False)
        )
        return y, dx, dw

    def answers(work: Work) -> Work:
        def run() -> Any:
            y, dx, dw = work()
            if dx.shape[2] != size:
                dx = dx[:, :, pads[0] : pads[0] + size, pads[0] : pads[0] + size]
            order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
            return y.permute(0, 2, 3, 1), dx.permute(0, 2, 3, 1), dw.permute(*order)

        return run

    def ours(x: Any, w: Any, dy: Any) -> Any:
        w.requires_grad = True
        y = function(x, w, None, *steps)
        return (y, *_core.current_recording().gradients(y, [x, w], dy))

    return Case(
        ours=ours,
        on=[x, w, dy],
        truth=(truth, dx, dw),
        peers={n: answers(f) for n, f in torch_peers(both, nchw, oihw, dy.transpose(0, 3, 1, 2)).items()},
        flops=3 * flops,
        floor="float32",
        rtol=1e-2,
        atol=1e-2,
        eager=False,
        grad=True,
    )


def channels_last(work: Work) -> Work:
    """The same work, its answer as a view with channels last."""

    def run() -> Any:
        y = work()
        return y.permute(0, 2, 3, 1) if hasattr(y, "permute") else y.transpose(0, 2, 3, 1)

    return run


def gradient(function: Any, x: np.ndarray, w: np.ndarray, steps: Any, dy: np.ndarray) -> tuple[np.ndarray, ...]:
    leaves = [_core.tensor(x), _core.tensor(w)]
    for leaf in leaves:
        leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = function(*leaves, None, *steps)
        return tuple(np.asarray(g) for g in tape.gradients(y, leaves, dy))


def rows() -> Iterator[Row]:
    for shape in (SHAPES + DEPTHWISE).split():
        name = f"conv {shape}" if "->" in shape else f"depthwise {shape}"
        yield Row(name, partial(convolution, shape, False))
        yield Row(f"{name} with gradients", partial(convolution, shape, True))

"""Activations, forward and backward, as in a training step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench.harness.peers import torch_peer
from bench.harness.row import Case, Row, gradient_of, uniform
from bench.kernels import SIZES
from bench.kernels.vector_math import FUNCTIONS, OURS

# PyTorch's own backward functions, without its graph: (torch.ops.aten, dy, x, y) -> dx
BACKWARD: dict[str, Callable[..., Any]] = {
    "relu": lambda aten, dy, x, y: aten.threshold_backward(dy, x, 0),
    "tanh": lambda aten, dy, x, y: aten.tanh_backward(dy, y),
    "sigmoid": lambda aten, dy, x, y: aten.sigmoid_backward(dy, y),
    "silu": lambda aten, dy, x, y: aten.silu_backward(dy, x),
    "softplus": lambda aten, dy, x, y: aten.softplus_backward(dy, x, 1, 20),
    "gelu": lambda aten, dy, x, y: aten.gelu_backward(dy, x),
}


def activation(name: str, n: int) -> Case:
    numpy, torch_name = FUNCTIONS[name][:2]
    x, dy = uniform(n), uniform(n, 0.5, 1)
    wide, h = x.astype("f8"), 1e-8

    def forward_and_backward(torch: Any, x: Any, dy: Any) -> tuple[Any, Any]:
        y = getattr(torch.nn.functional, torch_name.rsplit(".", 1)[-1])(x)
        return y, BACKWARD[name](torch.ops.aten, dy, x, y)

    return Case(
        ours=gradient_of(OURS[name]),
        on=[x, dy],
        truth=(numpy(wide), dy * (numpy(wide + h) - numpy(wide - h)) / (2 * h)),
        peers=torch_peer(forward_and_backward, x, dy),
        bytes=5 * x.nbytes,  # x, y; dy, x or y, dx
        eager=False,
        grad=True,
        rtol=1e-4,
        atol=1e-5,
    )


def rows() -> Iterator[Row]:
    for label, n in SIZES.items():
        for name in BACKWARD:
            yield Row(f"{name} forward, backward {label}", partial(activation, name, n))

"""Attention, forward alone and with gradients: the block of a small transformer, and long sequences.

PyTorch's operands are (B, N, T, H), its preferred layout; netlet's are (B, T, N, H), as the projections produce them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import torch_peer
from bench.harness.row import Case, Row, normal
from netlet import _core

# batch, length, heads, size of a head
SHAPES = {"32 x 64, 4 heads of 32": (32, 64, 4, 32), "1 x 4096, 8 heads of 64": (1, 4096, 8, 64)}


def truth(q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool) -> tuple[np.ndarray, np.ndarray]:
    """(output, probabilities) of one head, float64: q, k, v (T, H)."""
    x = q @ k.T / np.sqrt(q.shape[-1])
    if causal:
        x[~np.tri(*x.shape, dtype=bool)] = -np.inf
    p = np.exp(x - x.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    return p @ v, p


def expected(xs: list[np.ndarray], dy: np.ndarray, causal: bool) -> list[np.ndarray]:
    """Output and gradients, head by head, so that only one matrix of scores is in memory."""
    found = [np.empty(x.shape) for x in (xs[0], *xs)]
    scale = 1 / np.sqrt(dy.shape[-1])
    for b, n in np.ndindex(dy.shape[0], dy.shape[2]):
        q, k, v, g = (x[b, :, n].astype("f8") for x in (*xs, dy))
        y, p = truth(q, k, v, causal)
        ds = p * (g @ v.T - np.sum(g * y, -1, keepdims=True)) * scale
        for into, value in zip(found, (y, ds @ k, ds.T @ q, p.T @ g), strict=True):
            into[b, :, n] = value
    return found


def forward(shape: tuple[int, ...], causal: bool) -> Case:
    xs = [normal(shape, seed=i) for i in range(3)]
    B, T, N, H = shape

    def torchs(torch: Any, *xs: Any) -> Any:
        return torch.nn.functional.scaled_dot_product_attention(*xs, is_causal=causal).transpose(1, 2)

    return Case(
        ours=partial(_core.attention, scale=H**-0.5, causal=causal),
        on=xs,
        truth=expected(xs, xs[0], causal)[0],
        peers=torch_peer(torchs, *(np.ascontiguousarray(x.transpose(0, 2, 1, 3)) for x in xs)),
        flops=4 * B * N * T * T * H / (2 if causal else 1),
        atol=1e-5,
    )


def gradients(shape: tuple[int, ...], causal: bool) -> Case:
    """Forward and backward; backward's five products are two and a half times forward's two."""
    *xs, dy = (normal(shape, seed=i) for i in range(4))
    B, T, N, H = shape

    def ours(q: Any, k: Any, v: Any, dy: Any) -> Any:
        for x in (q, k, v):
            x.requires_grad = True
        y = _core.attention(q, k, v, scale=H**-0.5, causal=causal)
        return y, *_core.current_recording().gradients(y, [q, k, v], dy)

    def torchs(torch: Any, *arrays: Any) -> Any:
        *leaves, dy = arrays
        for x in leaves:
            x.requires_grad_(True)
        y = torch.nn.functional.scaled_dot_product_attention(*leaves, is_causal=causal)
        found = torch.autograd.grad(y, leaves, dy)
        return tuple(x.detach().transpose(1, 2) for x in (y, *found))

    return Case(
        ours=ours,
        on=[*xs, dy],
        truth=tuple(expected(xs, dy, causal)),
        peers=torch_peer(torchs, *(np.ascontiguousarray(x.transpose(0, 2, 1, 3)) for x in (*xs, dy))),
        flops=14 * B * N * T * T * H / (2 if causal else 1),
        atol=2e-5,
        eager=False,
        grad=True,
    )


def rows() -> Iterator[Row]:
    for label, shape in SHAPES.items():
        for causal in (False, True):
            name = f"attention{', causal' if causal else ''} {label}"
            yield Row(name, partial(forward, shape, causal))
            yield Row(name.replace("attention", "attention, gradient"), partial(gradients, shape, causal))

"""Softmax, its logarithm, and cross-entropy from logits: rows x classes, along the last axis."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import onnx_peer, torch_peer
from bench.harness.row import Case, Row, gradient_of, normal
from netlet import _core, ops

SHAPES = [(32, 10), (128, 10), (128, 1000), (4096, 1000), (128, 32000)]


def numpy_log_softmax(x: np.ndarray) -> Any:
    z = x - x.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def numpy_softmax(x: np.ndarray) -> Any:
    p = np.exp(x - x.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p


NUMPY = {"softmax": numpy_softmax, "log_softmax": numpy_log_softmax}
ONNX = {"softmax": "Softmax", "log_softmax": "LogSoftmax"}


def softmax(name: str, rows: int, classes: int) -> Case:
    x = normal((rows, classes))
    return Case(
        ours=getattr(ops, name),
        on=[x],
        truth=NUMPY[name](x.astype("f8")),
        peers={
            "numpy": partial(NUMPY[name], x),
            **torch_peer(name, x, out=True, dim=-1),
            **onnx_peer(ONNX[name], x, axis=-1),
        },
        bytes=2 * x.nbytes,
    )


def cross_entropy(rows: int, classes: int) -> Case:
    """Mean over the rows of -log softmax(x)[label], and its gradient with respect to x."""
    x = normal((rows, classes))
    labels = np.random.default_rng(0).integers(0, classes, rows).astype("int32")
    log_p, at = numpy_log_softmax(x.astype("f8")), np.arange(rows)
    dx = np.exp(log_p)
    dx[at, labels] -= 1

    def ours(x: Any, labels: Any) -> Any:
        loss = partial(_core.loss_sparse_categorical_crossentropy, reduction="mean", from_logits=True)
        return gradient_of(lambda x: loss(labels, x))(x, None)

    def torchs(torch: Any, x: Any, labels: Any) -> Any:
        x.requires_grad_(True)
        loss = torch.nn.functional.cross_entropy(x, labels)
        return loss.detach(), torch.autograd.grad(loss, x)[0]

    def numpys() -> Any:
        log_p = numpy_log_softmax(x)
        dx = np.exp(log_p)
        dx[at, labels] -= 1
        dx /= np.float32(rows)
        return -log_p[at, labels].mean(), dx

    return Case(
        ours=ours,
        on=[x, labels],
        truth=(-log_p[at, labels].mean(), dx / rows),
        peers={"numpy": numpys, **torch_peer(torchs, x, labels.astype("int64"))},
        bytes=2 * x.nbytes,
        eager=False,
        grad=True,
    )


def rows() -> Iterator[Row]:
    for shape in SHAPES:
        for name in NUMPY:
            yield Row(f"{name} {shape[0]} x {shape[1]}", partial(softmax, name, *shape))
        yield Row(f"cross-entropy, gradient {shape[0]} x {shape[1]}", partial(cross_entropy, *shape))

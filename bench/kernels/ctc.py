"""Connectionist temporal classification: the loss with its gradient, and decoding."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import torch_peer
from bench.harness.row import Case, Row, gradient_of, normal
from bench.kernels.softmax_loss import numpy_log_softmax
from netlet import _core, ops

# frames, samples, classes, labels: characters of a line of text, words of a sentence
SHAPES = [(100, 32, 80, 20), (400, 16, 5000, 60)]


def states(log_p: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log probabilities of the states blank, label, blank, ... (T, B, S), and which states may skip a blank (B, S)."""
    extended = np.zeros((len(labels), 2 * labels.shape[1] + 1), labels.dtype)
    extended[:, 1::2] = labels
    passes = np.zeros(extended.shape, bool)
    passes[:, 2:] = (extended[:, 2:] != 0) & (extended[:, 2:] != extended[:, :-2])
    return np.moveaxis(np.take_along_axis(log_p, extended[:, None], 2), 1, 0), passes


def forward(log_p: np.ndarray, passes: np.ndarray) -> np.ndarray:
    """log alpha (T, B, S)."""
    alpha = np.full(log_p.shape, -np.inf)
    alpha[0, :, :2] = log_p[0, :, :2]
    for t in range(1, len(log_p)):
        terms = [alpha[t - 1]] + [
            np.pad(alpha[t - 1], ((0, 0), (k, 0)), constant_values=-np.inf)[:, :-k] for k in (1, 2)
        ]
        terms[2] = np.where(passes, terms[2], -np.inf)
        alpha[t] = np.logaddexp.reduce(terms) + log_p[t]
    return alpha


def reference(x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Losses (B,) and the gradient of their sum, in float64."""
    log_p = numpy_log_softmax(x.astype("f8"))
    of_states, passes = states(log_p, labels)
    alpha = forward(of_states, passes)
    backwards, passes_back = states(log_p[:, ::-1], labels[:, ::-1])
    beta = forward(backwards, passes_back)[::-1, :, ::-1] - of_states
    log_z = np.logaddexp(alpha[-1, :, -1], alpha[-1, :, -2])
    share = np.exp(alpha + beta - log_z[:, None])
    dx = np.exp(log_p)
    for b, row in enumerate(labels):
        for s in range(share.shape[2]):
            dx[b, :, row[s // 2] if s % 2 else 0] -= share[:, b, s]
    return -log_z, dx


def loss(frames: int, samples: int, classes: int, length: int) -> Case:
    x = normal((samples, frames, classes))
    labels = np.random.default_rng(0).integers(1, classes, (samples, length)).astype("int32")
    all_frames, lengths = np.full(samples, frames, "int32"), np.full(samples, length, "int32")

    def ours(x: Any, labels: Any) -> Any:
        return gradient_of(lambda x: _core.ctc_loss(labels, x))(x, np.ones(samples, "float32"))

    def theirs(torch: Any, x: Any, *rest: Any) -> Any:
        x.requires_grad_(True)
        log_p = x.log_softmax(-1).transpose(0, 1)
        values = torch.nn.functional.ctc_loss(log_p, *rest, reduction="none")
        return values.detach(), torch.autograd.grad(values.sum(), x)[0]

    return Case(
        ours=ours,
        on=[x, labels],
        truth=reference(x, labels),
        peers=torch_peer(theirs, x, labels, all_frames, lengths),
        bytes=3 * x.nbytes,
        eager=False,
        grad=True,
        # PyTorch adds logarithms in float32. Their errors of 3e-4 in 4000 are relative errors of the gradient.
        atol=5e-3,
    )


def best_path(x: np.ndarray) -> np.ndarray:
    labels = np.full((1, *x.shape[:2]), -1, "int32")
    for b, best in enumerate(x.argmax(-1)):
        kept = best[(best != 0) & np.append(True, best[1:] != best[:-1])]
        labels[0, b, : len(kept)] = kept
    return labels


def greedy(frames: int, samples: int, classes: int, _: int) -> Case:
    x = normal((samples, frames, classes))
    return Case(ours=lambda x: _core.ctc_greedy(x)[0], on=[x], truth=best_path(x), bytes=x.nbytes)


def beam_search(frames: int, samples: int, classes: int, _: int, width: int = 100) -> Case:
    """Nearly certain frames, as a trained network outputs them: their best path is also the best sequence."""
    x = normal((samples, frames, classes))
    best = x.argmax(-1)
    np.put_along_axis(x, best[..., None], 30.0, -1)
    lengths = np.full(samples, frames, "int32")
    decode = partial(ops.ctc_decode, strategy="beam_search", beam_width=width)
    return Case(ours=lambda x: decode(x, lengths)[0], on=[x], truth=best_path(x), bytes=x.nbytes)


def rows() -> Iterator[Row]:
    for shape in SHAPES:
        name = "T {} B {} C {}".format(*shape)
        yield Row(f"ctc loss, gradient {name} L {shape[3]}", partial(loss, *shape))
        yield Row(f"ctc greedy {name}", partial(greedy, *shape))
        yield Row(f"ctc beam of 100 {name}", partial(beam_search, *shape))

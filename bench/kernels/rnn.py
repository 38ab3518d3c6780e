"""Recurrent layers over all time steps: forward, and forward with the gradients of the weights (as a first layer)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import onnx_peer, torch_peer
from bench.harness.row import Case, Row, normal
from netlet import _core

GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3}
# B, T, I, U: a lecture-notes example, the workloads of bench/steps.py, a wide layer, and one row.
SHAPES = [(32, 20, 8, 16), (32, 100, 32, 128), (32, 200, 128, 64), (64, 50, 256, 256), (1, 100, 32, 128)]


def operands(kind: str, b: int, t: int, i: int, u: int) -> tuple[np.ndarray, ...]:
    """x, kernel, recurrent kernel, bias; gates in Keras's order."""
    g = GATES[kind] * u
    scale = np.float32(u**-0.5)
    bias = normal((2, g) if kind == "gru" else g, seed=3) * scale
    return normal((b, t, i)), normal((i, g), seed=1) * scale, normal((u, g), seed=2) * scale, bias


def sigmoid(v: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-v))


def truth(kind: str, x: np.ndarray, w: np.ndarray, r: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """y in float64."""
    u, steps = r.shape[0], []
    h = c = np.zeros((len(x), u))
    inputs = x.astype("f8") @ w.astype("f8") + (bias[0] if kind == "gru" else bias)
    for t in range(x.shape[1]):
        z = inputs[:, t]
        if kind == "gru":
            m = h @ r + bias[1]
            update, reset = np.split(sigmoid(z[:, : 2 * u] + m[:, : 2 * u]), 2, 1)
            h = update * h + (1 - update) * np.tanh(z[:, 2 * u :] + reset * m[:, 2 * u :])
        elif kind == "lstm":
            i, f, g, o = np.split(z + h @ r, 4, 1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            h = np.tanh(z + h @ r)
        steps.append(h)
    return np.stack(steps, 1)


def torch_order(kind: str, v: np.ndarray) -> np.ndarray:
    """The columns of the gates in PyTorch's order: r, z, n in a GRU."""
    if kind != "gru":
        return v
    z, r, n = np.split(v, 3, -1)
    return np.concatenate([r, z, n], -1)


def torch_layer(kind: str, torch: Any, x: Any, w: Any, r: Any, b: Any, rb: Any) -> Any:
    name = {"simple_rnn": "rnn_tanh"}.get(kind, kind)
    h = x.new_zeros(1, x.shape[0], r.shape[1])
    state = (h, h) if kind == "lstm" else h
    return getattr(torch, name)(x, state, [w, r, b, rb], True, 1, 0.0, False, False, True)[0]


def torch_both(kind: str, torch: Any, x: Any, *weights: Any) -> Any:
    leaves = [w.detach().requires_grad_() for w in weights]
    y = torch_layer(kind, torch, x, *leaves)
    y.backward(torch.ones_like(y))
    return y.detach()


def torch_inference(kind: str, torch: Any, *arrays: Any) -> Any:
    with torch.inference_mode():
        return torch_layer(kind, torch, *arrays)


def case(kind: str, shape: tuple[int, ...], grad: bool) -> Case:
    x, w, r, b = operands(kind, *shape)
    rows, steps, features, units = shape
    one, other = (b[0], b[1]) if kind == "gru" else (b, np.zeros_like(b))
    theirs = [np.ascontiguousarray(torch_order(kind, v).T) for v in (w, r, one, other)]
    forward = 2.0 * rows * steps * GATES[kind] * units * (features + units)

    def ours(x: Any, w: Any, r: Any, b: Any) -> Any:
        if not grad:
            return _core.rnn(kind, x, w, r, b)[0]
        for v in (w, r, b):
            v.requires_grad = True
        y = _core.rnn(kind, x, w, r, b)[0]
        gradients = _core.current_recording().gradients(y, [w, r, b], np.ones(y.shape, "float32"))
        return y, *gradients

    onnx: dict[str, Any] = {}
    if kind == "lstm" and not grad:
        # Gates i, o, f, c; time first.
        order = [
            np.concatenate(np.split(v, 4, -1)[:1] + [np.split(v, 4, -1)[k] for k in (3, 1, 2)], -1) for v in (w, r, b)
        ]
        both = np.concatenate([order[2], np.zeros_like(b)])[None]
        for name, run in onnx_peer(
            "LSTM", x.swapaxes(0, 1), order[0].T[None], order[1].T[None], both, hidden_size=units
        ).items():
            onnx[name] = lambda run=run: run()[:, 0].swapaxes(0, 1)
    y = truth(kind, x, w, r, b)
    return Case(
        ours=ours,
        on=[x, w, r, b],
        truth=(y,) if grad else y,
        peers={**torch_peer(partial(torch_both if grad else torch_inference, kind), x, *theirs), **onnx},
        # Backward: the gradients of the state and of both kernels.
        flops=forward + (forward + 2.0 * rows * steps * GATES[kind] * units**2 if grad else 0),
        rtol=1e-4,
        atol=1e-4,
        eager=False,
        grad=grad,
    )


def rows() -> Iterator[Row]:
    for kind in GATES:
        for shape in SHAPES:
            name = "batch {} x {} steps x {} -> {}".format(*shape)
            yield Row(f"{kind} {name}", partial(case, kind, shape, False))
            yield Row(f"{kind} and gradients {name}", partial(case, kind, shape, True))

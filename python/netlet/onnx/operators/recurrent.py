"""Recurrent operators: RNN, GRU, LSTM. x is (T, B, I), or (B, T, I) with layout=1.

ONNX's weights have a row for each gate and unit, one matrix for each direction. The common cells are netlet's kernels;
with peepholes, clipping or other activations each step is computed by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from netlet import ops
from netlet.export.recurrent_gates import PLACES_IN_ONNX

from ..node import Node
from .registry import operator

FUNCTIONS: dict[str, Callable[..., Any]] = {  # f(x, a, b): a and b are alpha and beta, or None
    "affine": lambda x, a, b: ops.add(ops.multiply(x, 1.0 if a is None else a), b or 0.0),
    "elu": lambda x, a, b: ops.elu(x, alpha=1.0 if a is None else a),
    "hardsigmoid": lambda x, a, b: ops.clip(
        ops.add(ops.multiply(x, 0.2 if a is None else a), 0.5 if b is None else b), 0, 1
    ),
    "leakyrelu": lambda x, a, b: ops.leaky_relu(x, negative_slope=0.01 if a is None else a),
    "relu": lambda x, a, b: ops.relu(x),
    "scaledtanh": lambda x, a, b: ops.multiply(ops.tanh(ops.multiply(x, 1.0 if b is None else b)), a or 1.0),
    "sigmoid": lambda x, a, b: ops.sigmoid(x),
    "softplus": lambda x, a, b: ops.softplus(x),
    "softsign": lambda x, a, b: ops.softsign(x),
    "tanh": lambda x, a, b: ops.tanh(x),
    "thresholdedrelu": lambda x, a, b: ops.where(ops.greater(x, 1.0 if a is None else a), x, 0.0),
}

Direction = Callable[..., tuple[Any, ...]]


def _activations(node: Node, default: list[str], direction: int) -> list[Callable[[Any], Any]]:
    """The activations of one direction."""
    names = _names(node, default, direction)
    count = len(default)
    alphas = (node.attribute("activation_alpha", None) or [])[direction * count :]
    betas = (node.attribute("activation_beta", None) or [])[direction * count :]
    found: list[Callable[[Any], Any]] = []
    for i, name in enumerate(names):
        if name not in FUNCTIONS:
            raise node.error(f"expected activations among {', '.join(FUNCTIONS)}, received {name!r}.")
        a, b = (values[i] if i < len(values) else None for values in (alphas, betas))
        found.append(partial(FUNCTIONS[name], a=a, b=b))
    return found


def _names(node: Node, default: list[str], direction: int) -> list[str]:
    names = [n.lower() for n in node.attribute("activations", None) or []]
    return names[direction * len(default) :][: len(default)] or default


def _clipped(node: Node, x: Any) -> Any:
    limit = node.attribute("clip", None)
    return x if limit is None else ops.clip(x, -limit, limit)


def _directions(
    node: Node, x: Any, w: Any, r: Any, bias: Any, lengths: Any, states: list[Any], run: Direction
) -> tuple[Any, ...]:
    """The outputs of all directions together.

    Args:
        node: the node.
        x: the input.
        w, r, bias: a matrix, a matrix and a vector for each direction; bias may be None.
        lengths: how many steps of each row count; None: all.
        states: initial states (directions, B, U), or None.
        run: computes one direction: run(direction, x (B, T, I), w, r, bias, mask, backward, states) gives y (B, T, U)
            and the last states (B, U).

    Returns:
        Y (T, directions, B, U) and the last states (directions, B, U); with layout=1 the batch comes first.
    """
    batch_first = bool(node.attribute("layout", 0))
    x = x if batch_first else ops.transpose(x, (1, 0, 2))
    mask = None
    if lengths is not None:
        node.check_stated((x.shape[1],))
        mask = ops.less(np.arange(x.shape[1], dtype=np.int64), ops.expand_dims(ops.cast(lengths, "int64"), 1))
    if batch_first:
        states = [None if s is None else ops.transpose(s, (1, 0, 2)) for s in states]
    name = node.attribute("direction", "forward")
    backward = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}.get(name)
    if backward is None or len(backward) != w.shape[0]:
        raise node.error(f"expected a direction that fits weights of shape {tuple(w.shape)}, received {name!r}.")
    results = []
    for d, back in enumerate(backward):
        of = [None if v is None else ops.getitem(v, d) for v in (w, r, bias, *states)]
        y, *last = run(d, x, of[0], of[1], of[2], mask, back, of[3:])
        y = y if mask is None else ops.multiply(y, ops.expand_dims(ops.cast(mask, str(y.dtype)), -1))
        results.append((y, *last))
    ys, *lasts = zip(*results, strict=True)
    if batch_first:
        return (ops.stack(ys, axis=2), *(ops.stack(s, axis=1) for s in lasts))
    return (ops.transpose(ops.stack(ys, axis=0), (2, 0, 1, 3)), *(ops.stack(s, axis=0) for s in lasts))


def _gates(matrix: Any, order: tuple[int, ...]) -> Any:
    """Weights (gates U, ...) as netlet has them: transposed, the gates in another order."""
    parts = ops.split(matrix, len(order), axis=0)
    joined = ops.concatenate([parts[i] for i in order], axis=0) if len(order) > 1 else matrix
    return ops.transpose(joined) if len(joined.shape) == 2 else joined


def _stepwise(
    node: Node, x: Any, backward: bool, mask: Any, states: tuple[Any, ...], step: Callable[..., Any]
) -> tuple[Any, ...]:
    """y (B, T, U) and the last states of a function that is called for each step: step(x_t, *states) gives states."""
    count = x.shape[1]
    node.check_steps(count)
    ys: list[Any] = [None] * count
    for t in range(count - 1, -1, -1) if backward else range(count):
        new = step(ops.getitem(x, (slice(None), t)), *states)
        if mask is not None:
            counts = ops.getitem(mask, (slice(None), slice(t, t + 1)))
            new = tuple(ops.where(counts, n, s) for n, s in zip(new, states, strict=True))
        states = new
        ys[t] = states[0]
    return (ops.stack(ys, axis=1), *states)


def _initial(node: Node, state: Any, x: Any, units: int) -> Any:
    if state is not None:
        return state
    node.check_stated((x.shape[0], units))
    return ops.zeros((x.shape[0], units), dtype=str(x.dtype))


def _biases(bias: Any) -> tuple[Any, Any]:
    """The halves of a bias: of the input's and of the state's products."""
    return (None, None) if bias is None else tuple(ops.split(bias, 2, axis=0))


def _sum(bias: Any) -> Any:
    a, b = _biases(bias)
    return None if a is None else ops.add(a, b)


def _plus(x: Any, bias: Any) -> Any:
    return x if bias is None else ops.add(x, bias)


@operator("RNN")
def rnn(node: Node, x: Any, w: Any, r: Any, bias: Any = None, lengths: Any = None, h: Any = None) -> Any:
    """h = f(x W + h R + bias)."""

    def run(d: int, x: Any, w: Any, r: Any, b: Any, mask: Any, backward: bool, states: list[Any]) -> tuple[Any, ...]:
        w, r, total = ops.transpose(w), ops.transpose(r), _sum(b)
        name = _names(node, ["tanh"], d)[0]
        if node.attribute("clip", None) is None and name in ("tanh", "relu", "sigmoid"):
            return ops.simple_rnn(x, w, r, total, states[0], mask=mask, activation=name, go_backwards=backward)
        (f,) = _activations(node, ["tanh"], d)

        def step(xt: Any, h: Any) -> tuple[Any, ...]:
            return (f(_clipped(node, _plus(ops.add(ops.matmul(xt, w), ops.matmul(h, r)), total))),)

        return _stepwise(node, x, backward, mask, (_initial(node, states[0], x, r.shape[0]),), step)

    return _directions(node, x, w, r, bias, lengths, [h], run)


@operator("GRU")
def gru(node: Node, x: Any, w: Any, r: Any, bias: Any = None, lengths: Any = None, h: Any = None) -> Any:
    """z, r = f(x W + h R + bias); h = (1 - z) g(...) + z h. r multiplies h or, linear_before_reset, h R + bias."""
    after = bool(node.attribute("linear_before_reset", 0))

    def run(d: int, x: Any, w: Any, r: Any, b: Any, mask: Any, backward: bool, states: list[Any]) -> tuple[Any, ...]:
        w, r = ops.transpose(w), ops.transpose(r)
        units = r.shape[0]
        plain = _names(node, ["sigmoid", "tanh"], d) == ["sigmoid", "tanh"] and node.attribute("clip", None) is None
        if plain:
            both = None if b is None else ops.reshape(b, (2, 3 * units)) if after else _sum(b)
            return ops.gru(x, w, r, both, states[0], mask=mask, reset_after=after, go_backwards=backward)
        f, g = _activations(node, ["sigmoid", "tanh"], d)
        first, second = _biases(b)

        def step(xt: Any, h: Any) -> tuple[Any, ...]:
            xs = ops.split(_plus(ops.matmul(xt, w), first), 3, axis=1)
            hs = ops.split(_plus(ops.matmul(h, r), second), 3, axis=1)
            z, reset = (f(_clipped(node, ops.add(a, b))) for a, b in zip(xs[:2], hs[:2], strict=True))
            if after:
                inner = ops.multiply(reset, hs[2])
            else:
                part = ops.getitem(r, (slice(None), slice(2 * units, None)))
                tail = None if second is None else ops.getitem(second, slice(2 * units, None))
                inner = _plus(ops.matmul(ops.multiply(reset, h), part), tail)
            new = g(_clipped(node, ops.add(xs[2], inner)))
            return (ops.add(ops.multiply(ops.subtract(1.0, z), new), ops.multiply(z, h)),)

        return _stepwise(node, x, backward, mask, (_initial(node, states[0], x, units),), step)

    return _directions(node, x, w, r, bias, lengths, [h], run)


@operator("LSTM")
def lstm(
    node: Node, x: Any, w: Any, r: Any, bias: Any = None, lengths: Any = None, h: Any = None, c: Any = None,
    peepholes: Any = None,
) -> Any:  # fmt: skip
    """i, f, o = f(x W + h R + P c + bias); c = f c + i g(...); h = o h(c)."""
    default = ["sigmoid", "tanh", "tanh"]

    def run(d: int, x: Any, w: Any, r: Any, b: Any, mask: Any, backward: bool, states: list[Any]) -> tuple[Any, ...]:
        order = PLACES_IN_ONNX["LSTM"]
        w, r = _gates(w, order), _gates(r, order)
        total = _sum(b)
        total = None if total is None else _gates(total, order)
        plain = _names(node, default, d) == default and node.attribute("clip", None) is None
        if plain and peepholes is None and not node.attribute("input_forget", 0):
            return ops.lstm(x, w, r, total, states[0], states[1], mask=mask, go_backwards=backward)
        f, g, out = _activations(node, default, d)
        pi, po, pf = (None,) * 3 if peepholes is None else ops.split(ops.getitem(peepholes, d), 3, axis=0)

        def gate(x: Any, p: Any, c: Any) -> Any:
            return f(_clipped(node, x if p is None else ops.add(x, ops.multiply(p, c))))

        def step(xt: Any, h: Any, c: Any) -> tuple[Any, ...]:
            xi, xf, xc, xo = ops.split(_plus(ops.add(ops.matmul(xt, w), ops.matmul(h, r)), total), 4, axis=1)
            i = gate(xi, pi, c)
            forget = ops.subtract(1.0, i) if node.attribute("input_forget", 0) else gate(xf, pf, c)
            new = ops.add(ops.multiply(forget, c), ops.multiply(i, g(_clipped(node, xc))))
            return ops.multiply(gate(xo, po, new), out(new)), new

        initial = tuple(_initial(node, s, x, r.shape[0]) for s in states)
        return _stepwise(node, x, backward, mask, initial, step)

    return _directions(node, x, w, r, bias, lengths, [h, c], run)

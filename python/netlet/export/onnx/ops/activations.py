"""Activation functions with their arguments."""

from __future__ import annotations

import math
from typing import Any

from ..exporter import Exporter
from ..registry import Unsupported, op
from ..values import Value
from .arithmetic import chain, elementwise


def activated(e: Exporter, name: str, activation: str, alpha: float, dtype: str) -> str:
    """Adds the activation that an op such as `ops.dense` applies to its result, which has this dtype."""
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "relu": ("Relu", {}),
        "leaky_relu": ("LeakyRelu", {"alpha": alpha}),
        "sigmoid": ("Sigmoid", {}),
        "tanh": ("Tanh", {}),
        "elu": ("Elu", {"alpha": alpha}),
        "exponential": ("Exp", {}),
    }
    if activation == "linear":
        return name
    if activation == "relu6":
        return relu6(e, name, dtype)
    if activation not in kinds:
        raise Unsupported(f"activation '{activation}'")
    kind, attributes = kinds[activation]
    found: str = e.graph.op(kind, name, **attributes)
    return found


@op("leaky_relu")
def _leaky_relu(e: Exporter, out: Any, x: Any, negative_slope: float) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("LeakyRelu", n, alpha=float(negative_slope)), x)


@op("elu")
def _elu(e: Exporter, out: Any, x: Any, alpha: float) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("Elu", n, alpha=float(alpha)), x)


@op("celu")
def _celu(e: Exporter, out: Any, x: Any, alpha: float) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("Celu", n, alpha=float(alpha)), x)


@op("selu")
def _selu(e: Exporter, out: Any, x: Any) -> Value:
    alpha, gamma = 1.6732632423543772, 1.0507009873554805
    return elementwise(e, out, lambda n: e.graph.op("Selu", n, alpha=alpha, gamma=gamma), x)


@op("relu6")
def _relu6(e: Exporter, out: Any, x: Any) -> Value:
    return elementwise(e, out, lambda n: relu6(e, n, out.dtype), x)


def relu6(e: Exporter, name: str, dtype: str) -> str:
    """Adds min(max(x, 0), 6)."""
    found: str = e.graph.op("Clip", name, e.graph.constant(0.0, dtype), e.graph.constant(6.0, dtype))
    return found


@op("relu_general")
def _relu_general(
    e: Exporter, out: Any, x: Any, negative_slope: float, max_value: float | None, threshold: float
) -> Value:
    g = e.graph

    def make(n: str) -> str:
        if negative_slope == 0 and threshold == 0:
            if max_value is not None:
                return g.op("Clip", n, g.constant(0.0, out.dtype), g.constant(max_value, out.dtype))
            y = g.op("Relu", n)
        elif threshold == 0:
            y = g.op("LeakyRelu", n, alpha=float(negative_slope))
        else:
            limit = g.constant(threshold, out.dtype)
            below = g.op("Mul", g.op("Sub", n, limit), g.constant(negative_slope, out.dtype))
            y = g.op("Where", g.op("GreaterOrEqual", n, limit), n, below)
        return y if max_value is None else g.op("Min", y, g.constant(max_value, out.dtype))

    return elementwise(e, out, make, x)


@op("gelu")
def _gelu(e: Exporter, out: Any, x: Any, approximate: bool) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("Gelu", n, approximate="tanh" if approximate else "none"), x)


@op("silu")
def _silu(e: Exporter, out: Any, x: Any) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("Mul", n, e.graph.op("Sigmoid", n)), x)


@op("hard_sigmoid")
def _hard_sigmoid(e: Exporter, out: Any, x: Any) -> Value:
    return elementwise(e, out, lambda n: hard_sigmoid(e, n), x)


def hard_sigmoid(e: Exporter, name: str) -> str:
    """Adds Keras's hard_sigmoid: relu6(x + 3) / 6."""
    found: str = e.graph.op("HardSigmoid", name, alpha=1 / 6, beta=0.5)
    return found


@op("hard_silu")
def _hard_silu(e: Exporter, out: Any, x: Any) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("Mul", n, hard_sigmoid(e, n)), x)


@op("hard_tanh")
def _hard_tanh(e: Exporter, out: Any, x: Any) -> Value:
    low, high = e.graph.constant(-1.0, out.dtype), e.graph.constant(1.0, out.dtype)
    return elementwise(e, out, lambda n: e.graph.op("Clip", n, low, high), x)


@op("tanh_shrink")
def _tanh_shrink(e: Exporter, out: Any, x: Any) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("Sub", n, e.graph.op("Tanh", n)), x)


@op("hard_shrink")
def _hard_shrink(e: Exporter, out: Any, x: Any, threshold: float) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("Shrink", n, lambd=float(threshold), bias=0.0), x)


@op("soft_shrink")
def _soft_shrink(e: Exporter, out: Any, x: Any, threshold: float) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("Shrink", n, lambd=float(threshold), bias=float(threshold)), x)


@op("threshold")
def _threshold(e: Exporter, out: Any, x: Any, threshold: float, default_value: float) -> Value:
    g = e.graph

    def make(n: str) -> str:
        above = g.op("Greater", n, g.constant(threshold, out.dtype))
        return g.op("Where", above, n, g.constant(default_value, out.dtype))

    return elementwise(e, out, make, x)


@op("log_sigmoid")
def _log_sigmoid(e: Exporter, out: Any, x: Any) -> Value:
    return elementwise(e, out, chain(e, out.dtype, ("Neg", None), ("Softplus", None), ("Neg", None)), x)


@op("squareplus")
def _squareplus(e: Exporter, out: Any, x: Any, b: float) -> Value:
    g = e.graph

    def make(n: str) -> str:
        root = g.op("Sqrt", g.op("Add", g.op("Mul", n, n), g.constant(b, out.dtype)))
        return g.op("Div", g.op("Add", n, root), g.constant(2.0, out.dtype))

    return elementwise(e, out, make, x)


@op("sparse_plus")
def _sparse_plus(e: Exporter, out: Any, x: Any) -> Value:
    """0 up to -1, x from 1 on, (x + 1)^2 / 4 between."""
    g = e.graph
    one, quarter = g.constant(1.0, out.dtype), g.constant(0.25, out.dtype)

    def make(n: str) -> str:
        up = g.op("Relu", g.op("Add", n, one))
        curve = g.op("Mul", g.op("Mul", up, up), quarter)
        return g.op("Where", g.op("Less", n, one), curve, n)

    return elementwise(e, out, make, x)


@op("sparse_sigmoid")
def _sparse_sigmoid(e: Exporter, out: Any, x: Any) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("HardSigmoid", n, alpha=0.5, beta=0.5), x)


@op("glu")
def _glu(e: Exporter, out: Any, x: Any, axis: int) -> str:
    a, b = e.graph.op("Split", e.name(x), axis=axis, num_outputs=2, outputs=2)
    found: str = e.graph.op("Mul", a, e.graph.op("Sigmoid", b))
    return found


@op("sinc")
def _sinc(e: Exporter, out: Any, x: Any) -> Value:
    g = e.graph

    def make(n: str) -> str:
        angle = g.op("Mul", n, g.constant(math.pi, out.dtype))
        zero, one = g.constant(0.0, out.dtype), g.constant(1.0, out.dtype)
        return g.op("Where", g.op("Equal", n, zero), one, g.op("Div", g.op("Sin", angle), angle))

    return elementwise(e, out, make, x)

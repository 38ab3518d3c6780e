"""Activation functions, element by element, and the softmax family along an axis."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from netlet import ops

from ..node import Node
from .element_types import is_integer
from .registry import operator

PLAIN: dict[str, Callable[[Any], Any]] = {
    "HardSwish": ops.hard_silu,
    "Mish": ops.mish,
    "Sigmoid": ops.sigmoid,
    "Softplus": ops.softplus,
    "Softsign": ops.softsign,
    "Tanh": ops.tanh,
}


def _register_plain(name: str, function: Callable[[Any], Any]) -> None:
    @operator(name, any_layout=True)
    def activation(node: Node, x: Any) -> Any:
        return function(x)


for _name, _function in PLAIN.items():
    _register_plain(_name, _function)


@operator("Relu", any_layout=True)
def relu(node: Node, x: Any) -> Any:
    """max(x, 0), also of integers."""
    return ops.maximum(x, 0) if is_integer(x) else ops.relu(x)


@operator("Elu", any_layout=True)
def elu(node: Node, x: Any) -> Any:
    """x, or alpha (exp(x) - 1) below 0."""
    return ops.elu(x, alpha=node.attribute("alpha", 1.0))


@operator("Celu", any_layout=True)
def celu(node: Node, x: Any) -> Any:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""
    return ops.celu(x, alpha=node.attribute("alpha", 1.0))


@operator("Selu", any_layout=True)
def selu(node: Node, x: Any) -> Any:
    """gamma times elu with alpha."""
    alpha = node.attribute("alpha", 1.67326319217681884765625)
    return ops.multiply(ops.elu(x, alpha=alpha), node.attribute("gamma", 1.05070102214813232421875))


@operator("LeakyRelu", any_layout=True)
def leaky_relu(node: Node, x: Any) -> Any:
    """x, or alpha x below 0."""
    return ops.leaky_relu(x, negative_slope=node.attribute("alpha", 0.01))


@operator("PRelu")
def prelu(node: Node, x: Any, slope: Any) -> Any:
    """x, or slope x below 0. Before opset 7 a slope of one axis belongs to the channels."""
    if node.opset < 7 and len(slope.shape) == 1 and slope.shape[0] > 1:
        slope = ops.reshape(slope, (-1,) + (1,) * (len(x.shape) - 2))
    return ops.where(ops.less(x, 0), ops.multiply(x, slope), x)


@operator("ThresholdedRelu", any_layout=True)
def thresholded_relu(node: Node, x: Any) -> Any:
    """x above alpha, else 0."""
    return ops.where(ops.greater(x, node.attribute("alpha", 1.0)), x, ops.zeros_like(x))


@operator("HardSigmoid", any_layout=True)
def hard_sigmoid(node: Node, x: Any) -> Any:
    """alpha x + beta, limited to [0, 1]."""
    line = ops.add(ops.multiply(x, node.attribute("alpha", 0.2)), node.attribute("beta", 0.5))
    return ops.clip(line, 0, 1)


@operator("Gelu", any_layout=True)
def gelu(node: Node, x: Any) -> Any:
    """x Φ(x), or its approximation by tanh."""
    return ops.gelu(x, approximate=node.attribute("approximate", "none") == "tanh")


@operator("Swish", any_layout=True)
def swish(node: Node, x: Any) -> Any:
    """x sigmoid(alpha x)."""
    alpha = node.attribute("alpha", 1.0)
    return ops.silu(x) if alpha == 1.0 else ops.multiply(x, ops.sigmoid(ops.multiply(x, alpha)))


@operator("Shrink", any_layout=True)
def shrink(node: Node, x: Any) -> Any:
    """x moved toward 0 by bias where it is further than lambd from 0, else 0."""
    bias, lambd = node.attribute("bias", 0.0), node.attribute("lambd", 0.5)
    nothing = ops.zeros_like(x)
    low = ops.where(ops.less(x, -lambd), ops.add(x, bias), nothing)
    return ops.where(ops.greater(x, lambd), ops.subtract(x, bias), low)


def _rows(node: Node, x: Any) -> tuple[Any, tuple[int, ...]]:
    """x as a matrix whose rows the operator normalizes before opset 13, and x's shape."""
    axis = node.attribute("axis", 1) % max(len(x.shape), 1)
    shape = tuple(x.shape)
    return ops.reshape(x, (math.prod(shape[:axis]), math.prod(shape[axis:]))), shape


def _register_softmax(name: str, function: Callable[..., Any]) -> None:
    @operator(name)
    def over_rows(node: Node, x: Any) -> Any:
        rows, shape = _rows(node, x)
        return ops.reshape(function(rows, axis=-1), shape)

    @operator(name, since=13)
    def over_axis(node: Node, x: Any) -> Any:
        return function(x, axis=node.attribute("axis", -1))


def _hardmax(x: Any, axis: int) -> Any:
    """1 at the first largest element along the axis, 0 elsewhere."""
    return ops.one_hot(ops.argmax(x, axis=axis), x.shape[axis], axis=axis, dtype=x.dtype)


for _name, _normalize in {"Softmax": ops.softmax, "LogSoftmax": ops.log_softmax, "Hardmax": _hardmax}.items():
    _register_softmax(_name, _normalize)


@operator("SwiGLU", any_layout=True)
def swiglu(node: Node, a: Any, b: Any) -> Any:
    """b times a sigmoid(alpha a)."""
    return ops.multiply(swish(node, a), b)

"""Arithmetic, element by element: Add to Where, with the broadcasting of opset 6 and before."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .broadcasting import aligned
from .element_types import is_integer, type_of
from .registry import operator

UNARY: dict[str, Callable[[Any], Any]] = {
    "Abs": ops.abs,
    "Acos": ops.arccos,
    "Acosh": ops.arccosh,
    "Asin": ops.arcsin,
    "Asinh": ops.arcsinh,
    "Atan": ops.arctan,
    "Atanh": ops.arctanh,
    "BitwiseNot": ops.bitwise_not,
    "Ceil": ops.ceil,
    "Cos": ops.cos,
    "Cosh": ops.cosh,
    "Erf": ops.erf,
    "Exp": ops.exp,
    "Floor": ops.floor,
    "IsNaN": ops.isnan,
    "Log": ops.log,
    "Neg": ops.negative,
    "Not": ops.logical_not,
    "Reciprocal": ops.reciprocal,
    "Round": ops.round,
    "Sign": ops.sign,
    "Sin": ops.sin,
    "Sinh": ops.sinh,
    "Sqrt": ops.sqrt,
    "Tan": ops.tan,
}

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": ops.add,
    "And": ops.logical_and,
    "BitwiseAnd": ops.bitwise_and,
    "BitwiseOr": ops.bitwise_or,
    "BitwiseXor": ops.bitwise_xor,
    "Greater": ops.greater,
    "GreaterOrEqual": ops.greater_equal,
    "Less": ops.less,
    "LessOrEqual": ops.less_equal,
    "Mul": ops.multiply,
    "Or": ops.logical_or,
    "Sub": ops.subtract,
    "Xor": ops.logical_xor,
}

VARIADIC: dict[str, Callable[[Any, Any], Any]] = {"Max": ops.maximum, "Min": ops.minimum, "Sum": ops.add}


def _register_unary(name: str, function: Callable[[Any], Any]) -> None:
    @operator(name, any_layout=True)
    def unary(node: Node, x: Any) -> Any:
        return function(x)


def _register_binary(name: str, function: Callable[[Any, Any], Any]) -> None:
    @operator(name, any_layout=True)
    def binary(node: Node, a: Any, b: Any) -> Any:
        return function(*aligned(node, a, b))


def _register_variadic(name: str, function: Callable[[Any, Any], Any]) -> None:
    @operator(name, any_layout=True)
    def variadic(node: Node, *values: Any) -> Any:
        return reduce(function, values)


for _name, _unary in UNARY.items():
    _register_unary(_name, _unary)
for _name, _binary in BINARY.items():
    _register_binary(_name, _binary)
for _name, _variadic in VARIADIC.items():
    _register_variadic(_name, _variadic)


@operator("Equal", any_layout=True)
def equal(node: Node, a: Any, b: Any) -> Any:
    """Whether elements are equal; texts are compared in Python."""
    a, b = aligned(node, a, b)
    return np.equal(a, b).astype(bool) if type_of(a) == "object" else ops.equal(a, b)


@operator("Mean", any_layout=True)
def mean(node: Node, *values: Any) -> Any:
    """The mean of the inputs, element by element."""
    return ops.divide(reduce(ops.add, values), len(values))


@operator("Div", any_layout=True)
def div(node: Node, a: Any, b: Any) -> Any:
    """a / b. The quotient of integers is rounded toward zero."""
    a, b = aligned(node, a, b)
    if not is_integer(a):
        return ops.divide(a, b)
    return ops.floor_divide(ops.subtract(a, ops.fmod(a, b)), b)


@operator("Mod", any_layout=True)
def mod(node: Node, a: Any, b: Any) -> Any:
    """The remainder: with the divisor's sign, or with fmod=1 that of the dividend."""
    return (ops.fmod if node.attribute("fmod", 0) else ops.mod)(a, b)


@operator("Pow", any_layout=True)
def power(node: Node, a: Any, b: Any) -> Any:
    """a to the power b, in a's type."""
    a, b = aligned(node, a, b)
    if is_integer(a) and not is_integer(b):
        a = ops.cast(a, "float64")  # exact below 2^53
    return ops.power(a, b if is_integer(a) else ops.cast(b, type_of(a)))


@operator("BitShift", any_layout=True)
def bit_shift(node: Node, a: Any, b: Any) -> Any:
    """a << b or a >> b."""
    return (ops.left_shift if node.attribute("direction") == "LEFT" else ops.right_shift)(a, b)


@operator("IsInf", any_layout=True)
def is_inf(node: Node, x: Any) -> Any:
    """Where x is an infinity of a sign that counts."""
    negative, positive = node.attribute("detect_negative", 1), node.attribute("detect_positive", 1)
    if negative and positive:
        return ops.isinf(x)
    if negative or positive:
        return (ops.isneginf if negative else ops.isposinf)(x)
    return ops.zeros_like(x, dtype="bool")


@operator("Clip", any_layout=True)
def clip_attributes(node: Node, x: Any) -> Any:
    """x limited to [min, max], which are attributes before opset 11."""
    return _clip(x, node.attribute("min", None), node.attribute("max", None))


@operator("Clip", since=11, any_layout=True)
def clip(node: Node, x: Any, low: Any = None, high: Any = None) -> Any:
    """x limited to [low, high]. Where low is above high, the result is high."""
    return _clip(x, low, high)


def _clip(x: Any, low: Any, high: Any) -> Any:
    x = x if low is None else ops.maximum(x, low)
    return x if high is None else ops.minimum(x, high)


@operator("Where")
def where(node: Node, condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, else b."""
    return ops.where(condition, a, b)

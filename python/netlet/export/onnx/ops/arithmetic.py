"""Elementwise operators of one, two and three tensors, which broadcast."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet.config import is_float

from ..exporter import Exporter
from ..graph import onnx_type
from ..registry import op
from ..values import Value

_UNARY = {
    "abs": "Abs",
    "fabs": "Abs",
    "arccos": "Acos",
    "arccosh": "Acosh",
    "arcsin": "Asin",
    "arcsinh": "Asinh",
    "arctan": "Atan",
    "arctanh": "Atanh",
    "bitwise_not": "BitwiseNot",
    "ceil": "Ceil",
    "copy": "Identity",
    "cos": "Cos",
    "cosh": "Cosh",
    "erf": "Erf",
    "exp": "Exp",
    "exponential": "Exp",
    "floor": "Floor",
    "log": "Log",
    "mish": "Mish",
    "negative": "Neg",
    "reciprocal": "Reciprocal",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "sign": "Sign",
    "sin": "Sin",
    "sinh": "Sinh",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "sqrt": "Sqrt",
    "stop_gradient": "Identity",
    "tan": "Tan",
    "tanh": "Tanh",
}
_BINARY = {
    "add": "Add",
    "bitwise_and": "BitwiseAnd",
    "bitwise_or": "BitwiseOr",
    "bitwise_xor": "BitwiseXor",
    "divide": "Div",
    "maximum": "Max",
    "minimum": "Min",
    "multiply": "Mul",
    "power": "Pow",
    "subtract": "Sub",
}


def elementwise(e: Exporter, out: Any, make: Any, *operands: Any, dtype: str | None = None) -> Value:
    """The Value of elementwise operators, in the layout in which the operands exist.

    Args:
        e: the exporter.
        out: KerasTensor of the result.
        make: function of the operands' names that adds the operators and returns the result's name.
        *operands: Values, Variables, arrays or numbers, which broadcast.
        dtype: in which all are read; None: that of the result.
    """
    dtype = dtype or out.dtype
    rank = len(out.shape)
    values = [x for x in operands if isinstance(x, Value)]
    keeps_first = any(v.only_first for v in values) and all(len(v.shape) == rank for v in values)
    if not keeps_first:
        return Value(out, make(*(e.name(x, dtype) for x in operands)))
    names = []
    for x in operands:
        if isinstance(x, Value):
            names.append(e.first(x, dtype))
            continue
        array, hint = e.constant_of(x)
        if array.ndim:
            array = array.reshape(*(1,) * (rank - array.ndim), *array.shape)
            array = array.transpose([0, rank - 1, *range(1, rank - 1)])
        names.append(e.graph.constant(array, dtype, hint))
    return Value(out, first=make(*names))


def _unary(kind: str) -> Any:
    def convert(e: Exporter, out: Any, **given: Any) -> Value:
        (x,) = given.values()
        return elementwise(e, out, lambda name: e.graph.op(kind, name), x)

    return convert


def _binary(kind: str) -> Any:
    def convert(e: Exporter, out: Any, **given: Any) -> Value:
        a, b = given.values()
        return elementwise(e, out, lambda x, y: e.graph.op(kind, x, y), a, b)

    return convert


for _name, _kind in _UNARY.items():
    op(_name)(_unary(_kind))
for _name, _kind in _BINARY.items():
    op(_name)(_binary(_kind))


@op("cast", "cast_if_needed", "saturate_cast")
def _cast(e: Exporter, out: Any, x: Any, dtype: Any) -> Any:
    return e.cast(x, out.dtype) if isinstance(x, Value) else e.name(x, out.dtype)


@op("square")
def _square(e: Exporter, out: Any, x: Any) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("Mul", n, n), x)


@op("squared_difference")
def _squared_difference(e: Exporter, out: Any, x1: Any, x2: Any) -> Value:
    def make(a: str, b: str) -> str:
        d = e.graph.op("Sub", a, b)
        return e.graph.op("Mul", d, d)

    return elementwise(e, out, make, x1, x2)


def chain(e: Exporter, dtype: str, *steps: tuple[str, Any]) -> Any:
    """A function of a name that applies operators one after the other, each with a constant as second operand.

    Args:
        e: the exporter.
        dtype: of the constants.
        *steps: (operator, constant), or (operator, None) for one without.
    """

    def make(name: str) -> str:
        for kind, constant in steps:
            more = [] if constant is None else [e.graph.constant(constant, dtype)]
            name = e.graph.op(kind, name, *more)
        return name

    return make


_CHAINS: dict[str, tuple[tuple[str, Any], ...]] = {
    "rsqrt": (("Sqrt", None), ("Reciprocal", None)),
    "exp2": (("Mul", math.log(2)), ("Exp", None)),
    "log2": (("Log", None), ("Div", math.log(2))),
    "log10": (("Log", None), ("Div", math.log(10))),
    "log1p": (("Add", 1.0), ("Log", None)),
    "expm1": (("Exp", None), ("Sub", 1.0)),
    "deg2rad": (("Mul", math.pi / 180),),
    "rad2deg": (("Mul", 180 / math.pi),),
}


def _chained(steps: tuple[tuple[str, Any], ...]) -> Any:
    return lambda e, out, x: elementwise(e, out, chain(e, out.dtype, *steps), x)


for _name, _steps in _CHAINS.items():
    op(_name)(_chained(_steps))


@op("erfc")
def _erfc(e: Exporter, out: Any, x: Any) -> Value:
    one = e.graph.constant(1.0, out.dtype)
    return elementwise(e, out, lambda n: e.graph.op("Sub", one, e.graph.op("Erf", n)), x)


@op("mod")
def _mod(e: Exporter, out: Any, x1: Any, x2: Any) -> Value:
    """With the sign of the divisor, as in NumPy; ONNX's Mod of floats has that of the dividend."""

    def make(a: str, b: str) -> str:
        if not is_float(out.dtype):
            return e.graph.op("Mod", a, b)
        whole = e.graph.op("Floor", e.graph.op("Div", a, b))
        return e.graph.op("Sub", a, e.graph.op("Mul", whole, b))

    return elementwise(e, out, make, x1, x2)


@op("fmod")
def _fmod(e: Exporter, out: Any, x1: Any, x2: Any) -> Value:
    return elementwise(e, out, lambda a, b: e.graph.op("Mod", a, b, fmod=1), x1, x2)


@op("floor_divide")
def _floor_divide(e: Exporter, out: Any, x1: Any, x2: Any) -> Value:
    g = e.graph

    def make(a: str, b: str) -> str:
        if is_float(out.dtype):
            return g.op("Floor", g.op("Div", a, b))
        return g.op("Div", g.op("Sub", a, g.op("Mod", a, b)), b)

    return elementwise(e, out, make, x1, x2)


@op("divide_no_nan")
def _divide_no_nan(e: Exporter, out: Any, x1: Any, x2: Any) -> Value:
    g = e.graph

    def make(a: str, b: str) -> str:
        zero = g.constant(0, out.dtype)
        return g.op("Where", g.op("Equal", b, zero), zero, g.op("Div", a, b))

    return elementwise(e, out, make, x1, x2)


@op("clip")
def _clip(e: Exporter, out: Any, x: Any, x_min: Any, x_max: Any) -> Value:
    def make(a: str, low: str, high: str) -> str:
        return e.graph.op("Min", e.graph.op("Max", a, low), high)

    def limits(a: str) -> str:
        low = None if x_min is None else e.graph.constant(x_min, out.dtype)
        high = None if x_max is None else e.graph.constant(x_max, out.dtype)
        return e.graph.op("Clip", a, low, high)

    if all(n is None or (np.ndim(n) == 0 and not hasattr(n, "shape")) for n in (x_min, x_max)):
        return elementwise(e, out, limits, x)
    return elementwise(e, out, make, x, x_min, x_max)


@op("round")
def _round(e: Exporter, out: Any, x: Any, decimals: int = 0) -> Value:
    steps: list[tuple[str, Any]] = [("Round", None)]
    if decimals:
        steps = [("Mul", 10.0**decimals), ("Round", None), ("Div", 10.0**decimals)]
    return elementwise(e, out, chain(e, out.dtype, *steps), x)


@op("trunc")
def _trunc(e: Exporter, out: Any, x: Any) -> Value:
    g = e.graph
    return elementwise(e, out, lambda n: g.op("Mul", g.op("Sign", n), g.op("Floor", g.op("Abs", n))), x)


@op("hypot")
def _hypot(e: Exporter, out: Any, x1: Any, x2: Any) -> Value:
    g = e.graph
    return elementwise(e, out, lambda a, b: g.op("Sqrt", g.op("Add", g.op("Mul", a, a), g.op("Mul", b, b))), x1, x2)


@op("logaddexp")
def _logaddexp(e: Exporter, out: Any, x1: Any, x2: Any) -> Value:
    g = e.graph

    def make(a: str, b: str) -> str:
        distance = g.op("Neg", g.op("Abs", g.op("Sub", a, b)))
        return g.op("Add", g.op("Max", a, b), g.op("Softplus", distance))

    return elementwise(e, out, make, x1, x2)


def cast_to(e: Exporter, name: str, dtype: str) -> str:
    """Adds a Cast of a name."""
    cast: str = e.graph.op("Cast", name, to=onnx_type(dtype))
    return cast

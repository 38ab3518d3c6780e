"""Comparisons, logic, and the choice between two tensors."""

from __future__ import annotations

from typing import Any

from netlet.config import is_float

from ..exporter import Exporter
from ..registry import op
from ..values import Value
from .arithmetic import elementwise

_COMPARISONS = {
    "equal": ("Equal", False),
    "greater": ("Greater", False),
    "greater_equal": ("GreaterOrEqual", False),
    "less": ("Less", False),
    "less_equal": ("LessOrEqual", False),
    "not_equal": ("Equal", True),
}
_LOGICAL = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor"}


def common_dtype(e: Exporter, *operands: Any) -> str:
    """The dtype in which operands are compared: the widest of the tensors', floats before integers."""
    tensors = [x for x in operands if hasattr(x, "dtype")]
    names = [x.dtype if isinstance(x.dtype, str) else x.dtype.name for x in tensors]
    numbers = [x for x in operands if not hasattr(x, "dtype")]
    if not names:
        return "float32"
    best = max(names, key=lambda n: (is_float(n), n != "bool", int("".join(c for c in n if c.isdigit()) or 0)))
    if not is_float(best) and any(isinstance(n, float) for n in numbers):
        return "float32"
    return best if best != "bool" or not numbers else "int32"


def _comparison(kind: str, negated: bool) -> Any:
    def convert(e: Exporter, out: Any, **given: Any) -> Value:
        a, b = given.values()
        dtype = common_dtype(e, a, b)
        if dtype == "bool" and kind != "Equal":
            dtype = "int32"

        def make(x: str, y: str) -> str:
            found: str = e.graph.op(kind, x, y)
            return e.graph.op("Not", found) if negated else found

        return elementwise(e, out, make, a, b, dtype=dtype)

    return convert


def _logical(kind: str) -> Any:
    def convert(e: Exporter, out: Any, **given: Any) -> Value:
        return elementwise(e, out, lambda *names: e.graph.op(kind, *names), *given.values(), dtype="bool")

    return convert


for _name, (_kind, _negated) in _COMPARISONS.items():
    op(_name)(_comparison(_kind, _negated))
for _name, _kind in _LOGICAL.items():
    op(_name)(_logical(_kind))
op("logical_not")(_logical("Not"))


@op("isnan")
def _isnan(e: Exporter, out: Any, x: Any) -> Value:
    return elementwise(e, out, lambda n: e.graph.op("IsNaN", n), x, dtype=x.dtype)


def _infinite(**signs: int) -> Any:
    return lambda e, out, x: elementwise(e, out, lambda n: e.graph.op("IsInf", n, **signs), x, dtype=x.dtype)


op("isinf")(_infinite())
op("isposinf")(_infinite(detect_negative=0))
op("isneginf")(_infinite(detect_positive=0))


@op("isfinite")
def _isfinite(e: Exporter, out: Any, x: Any) -> Value:
    def make(n: str) -> str:
        bad = e.graph.op("Or", e.graph.op("IsNaN", n), e.graph.op("IsInf", n))
        return e.graph.op("Not", bad)

    return elementwise(e, out, make, x, dtype=x.dtype)


@op("where")
def _where(e: Exporter, out: Any, condition: Any, x1: Any, x2: Any) -> Value:
    def make(c: str, a: str, b: str) -> str:
        return e.graph.op("Where", c, a, b)

    operands = (condition, x1, x2)
    values = [x for x in operands if isinstance(x, Value)]
    alike = all(len(v.shape) == len(out.shape) for v in values)
    if isinstance(condition, Value) and alike and any(v.only_first for v in values):
        there = e.first(condition, "bool")
        rest = elementwise(e, out, lambda a, b: make(there, a, b), x1, x2)
        if rest.only_first:
            return rest
    return Value(out, make(e.name(condition, "bool"), e.name(x1, out.dtype), e.name(x2, out.dtype)))

"""_core.pyi says what the binding has: every name, and for every function the names of its parameters and which are
optional."""

from __future__ import annotations

import ast
import re

import pytest

from netlet import _core
from netlet.engine.operators import Operators, Values
from netlet.engine.tensor import ArrayMethods, Exchange
from support.repo import PACKAGE

STUB = ast.parse((PACKAGE / "_core.pyi").read_text(encoding="utf-8"))
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def stub_members(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    names: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, (*FUNCTION, ast.ClassDef)):
            names[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] = node
    return names


def bound_members(owner: object) -> set[str]:
    """What the binding itself defines; of the dunder methods those that object does not have."""
    plumbing = {
        "__module__",
        "__doc__",
        "__name__",
        "__file__",
        "__loader__",
        "__spec__",
        "__package__",
        "__cached__",
        "__dict__",
    }
    return {name for name in vars(owner) if name not in plumbing and not name.startswith("_pybind11")}


def signature(function: object) -> list[tuple[str, bool]] | None:
    """[(parameter, optional), ...] as pybind11 wrote them into the docstring; None where it wrote none."""
    first = (getattr(function, "__doc__", None) or "").split("\n")[0]
    match = re.match(r"\w+\((.*)\)(?: -> .*)?$", first)
    if not match:
        return None
    parameters, depth, start, text = [], 0, 0, match[1] + ","
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            parameters.append(text[start:i].strip())
            start = i + 1
    return [(p.split(":")[0].strip(), "=" in p) for p in parameters if p and p not in {"/", "*"}]


def stub_signature(node: ast.FunctionDef) -> list[tuple[str, bool]]:
    a = node.args
    positional = [*a.posonlyargs, *a.args]
    optional = [False] * (len(positional) - len(a.defaults)) + [True] * len(a.defaults)
    rest = [(arg.arg, default is not None) for arg, default in zip(a.kwonlyargs, a.kw_defaults, strict=True)]
    return [(arg.arg, opt) for arg, opt in zip(positional, optional, strict=True)] + rest


def test_the_module_has_the_names_of_the_stub():
    bound = {name for name in bound_members(_core) if not name.startswith("_")}
    stub = {name for name in stub_members(STUB.body) if not name.startswith("_")}
    assert bound - stub == set(), "bound in C++, missing from _core.pyi"
    assert stub - bound == set(), "in _core.pyi, not bound in C++"


CLASSES = {name: node for name, node in stub_members(STUB.body).items() if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_class_has_the_members_of_the_stub(name):
    mixins = (Operators, Values, ArrayMethods, Exchange) if name == "Tensor" else ()  # bases in the stub
    attached = {n for mixin in mixins for n in vars(mixin)}
    bound = {
        n
        for n in bound_members(getattr(_core, name))
        if (not n.startswith("_") or n in {"__enter__", "__array__", "__len__"}) and n not in attached
    }
    stub = {
        n
        for n in stub_members(CLASSES[name].body)
        if not n.startswith("_") or n in {"__enter__", "__array__", "__len__"}
    }
    if isinstance(getattr(_core, name), type) and issubclass(getattr(_core, name), BaseException):
        bound, stub = set(), set()
    assert bound == stub


def functions():
    for name, node in stub_members(STUB.body).items():
        if isinstance(node, FUNCTION):
            yield name, node, getattr(_core, name, None)
        elif isinstance(node, ast.ClassDef):
            for method, inner in stub_members(node.body).items():
                if isinstance(inner, FUNCTION) and not inner.decorator_list and not method.startswith("__"):
                    yield f"{name}.{method}", inner, getattr(getattr(_core, name, None), method, None)


@pytest.mark.parametrize(("name", "node", "function"), [pytest.param(*f, id=f[0]) for f in functions()])
def test_parameters_are_those_of_the_binding(name, node, function):
    bound = signature(function)
    if bound is None:  # overloaded: pybind11's docstring lists several signatures
        assert "Overloaded function" in (function.__doc__ or ""), f"{name} has no signature in its docstring"
        return
    assert stub_signature(node) == bound

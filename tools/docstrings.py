"""Lists what the docstrings of the public names lack.

    PYTHONPATH=python python tools/docstrings.py                       a line for each package, and what is missing
    PYTHONPATH=python python tools/docstrings.py netlet.layers.core    also each name with that prefix and its gaps

Public is what `__all__` of a public module lists (without `__all__`: what the module defines), with the public methods
and properties of those classes. A name in two packages counts once, under the module that defines it. An override
without a docstring of its own has that of the method it replaces. A docstring is whole if

- its first line is a sentence that stands alone,
- `Args:` describes each parameter; for a class it may be that of a base class that has the same parameter,
- `Returns:` or `Yields:` is there where a function returns something, or its first word is "Returns" or "Yields",
- `Raises:` is there where its own body (a class: `__init__`) raises,
- it has an example (`>>>`). Methods, properties and exceptions need none.
"""

from __future__ import annotations

import ast
import collections
import enum
import functools
import inspect
import itertools
import pathlib
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "docs" / "_ext"))

from public_names import names_of, public_modules

ROOT = "netlet"
PROPERTIES = (property, functools.cached_property)
NOT_LISTED = ("netlet.onnx.backend",)  # public, and in no `__all__`: onnx.backend.test's way in


def home(value: Any) -> str:
    """Where a function or a class is defined, with its name."""
    value = value if inspect.isclass(value) else inspect.unwrap(value)
    return f"{value.__module__}.{value.__qualname__}"


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """(where it is defined, it) of the public methods and properties of a class, each as netlet describes it first."""
    for name in dir(cls):
        owners = [(base, vars(base)[name]) for base in cls.__mro__ if name in vars(base)]
        base, value = next(((b, v) for b, v in reversed(owners) if v.__doc__), owners[-1])
        value = getattr(value, "__func__", value)
        function = getattr(value, "fget", getattr(value, "func", value))  # of a property, or a cached one
        if name.startswith("_") or not base.__module__.startswith(ROOT) or not hasattr(function, "__qualname__"):
            continue
        if inspect.isroutine(function):
            own = inspect.isfunction(function) and "<" not in function.__qualname__  # no lambda, no pybind11 method
            yield home(function) if own else f"{home(base)}.{name}", value


def public_names() -> dict[str, Any]:
    """{where it is defined: the function, class, method or property} of every public name."""
    found: dict[str, Any] = {}
    for module in itertools.chain(*map(public_modules, (ROOT, *NOT_LISTED))):
        for value in (getattr(module, name) for name in names_of(module)):
            if not callable(value) or not getattr(value, "__module__", "").startswith(ROOT):
                continue
            found.setdefault(home(value), value)
            if inspect.isclass(value):
                for where, member in members(value):
                    found.setdefault(where, member)
    return found


def parameters(value: Any) -> list[str]:
    """The parameters that a docstring describes."""
    function = value
    if inspect.isclass(value):
        if issubclass(value, (enum.Enum, BaseException)):
            return []
        function = value.__init__
        if function is object.__init__:
            function = value.__new__
        if not inspect.isfunction(function):  # a native class, or a list
            return []
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return []
    taken = [p.name for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    if inspect.isclass(value) or (taken and taken[0] in ("self", "cls")):
        taken = taken[1:]
    return [name for name in taken if not name.startswith("_")]


def described(text: str) -> set[str]:
    """The parameters that a docstring describes under `Args:` or, of a tuple with names, `Attributes:`."""
    found: set[str] = set()
    for section in re.findall(r"^(?:Args|Attributes):\n(.*?)(?=^\S|\Z)", inspect.cleandoc(text), re.M | re.S):
        for line in re.findall(r"^ {4}(\*{0,2}\w[^:]*):", section, re.M):
            found |= {part.strip().lstrip("*") for part in re.split(r",|\band\b", re.sub(r"\(.*?\)", "", line))}
    return found


@functools.cache
def statements(function: Any) -> list[ast.AST]:
    """The nodes of a function without those of functions inside it; none if its source is not Python's."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return []
    todo: list[ast.AST] = list(getattr(tree.body[0], "body", []))
    found = []
    while todo:
        found.append(todo.pop())
        if not isinstance(found[-1], (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            todo.extend(ast.iter_child_nodes(found[-1]))
    return found


def raises(nodes: Iterable[ast.AST]) -> bool:
    """Whether a function raises by itself: passing on what it caught does not count, nor does being abstract."""
    raised = [ast.unparse(n.exc) for n in nodes if isinstance(n, ast.Raise) and n.exc is not None]
    return any(not text.startswith("NotImplementedError") for text in raised)


def lacks(value: Any) -> list[str]:
    """What the docstring of a function, class, method or property lacks."""
    text = re.sub(r"\A\w+\(.*\) -> .*\n*", "", inspect.cleandoc(value.__doc__ or ""))  # without pybind11's signature
    if not text:
        return ["docstring"]
    missing = []
    first = text.split("\n\n")[0]
    if not first.rstrip("`\"'").endswith((".", ":", "!", "?")) or len(first.splitlines()) > 1:
        missing.append("first line")
    if isinstance(value, PROPERTIES):
        return missing
    is_class = inspect.isclass(value)
    known = set().union(*(described(base.__doc__ or "") for base in value.__mro__)) if is_class else described(text)
    if left := [p for p in parameters(value) if p not in known]:
        missing.append("Args " + ", ".join(left))
    function = vars(value).get("__init__") if is_class else inspect.unwrap(value)
    nodes = statements(function) if function else []
    if not is_class and not re.search(r"^(Returns|Yields):|\A(Returns|Yields) ", text, re.M):
        if any(isinstance(n, ast.Return) and n.value is not None and ast.unparse(n.value) != "None" for n in nodes):
            missing.append("Returns")
        elif any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in nodes):
            missing.append("Yields")
    if raises(nodes) and not re.search(r"^Raises:", text, re.M):
        missing.append("Raises")
    if not is_member(value) and not (is_class and issubclass(value, BaseException)) and ">>>" not in text:
        missing.append("example")
    return missing


def is_member(value: Any) -> bool:
    """Whether it is a method or property, and no function or class of a module."""
    return isinstance(value, PROPERTIES) or "." in value.__qualname__.rpartition("<locals>.")[2]


def incomplete() -> dict[str, list[str]]:
    """{name: what its docstring lacks} of every public name whose docstring is not whole."""
    return {name: gaps for name, value in public_names().items() if (gaps := lacks(value))}


def main(prefixes: list[str]) -> None:
    """Prints the report."""
    names, gaps = public_names(), incomplete()
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for name in names:
        count = counts[".".join(name.split(".")[:2])]
        count.update({"names": 1, "whole": name not in gaps})
        count.update(gap.split()[0] for gap in gaps.get(name, ()))
    for package, count in sorted(counts.items()):
        rest = ", ".join(f"{n} without {what}" for what, n in count.items() if what not in ("names", "whole"))
        print(f"{package:28} {count['whole']:4} of {count['names']:4}  {rest}")
    print(f"{len(names) - len(gaps)} of {len(names)} are whole")
    for name, missing in sorted(gaps.items()):
        if name.startswith(tuple(prefixes)):
            print(f"{name}: {'; '.join(missing)}")


if __name__ == "__main__":
    main(sys.argv[1:])

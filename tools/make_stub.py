"""Writes the type checkers' stubs.

- python/netlet/_core.pyi, from the signatures that pybind11 puts in the docstrings of the bindings;
- the `__init__.pyi` of packages that import their files when a name is first used, from their tables.

    PYTHONPATH=python python tools/make_stub.py

tests/structure/test_stubs.py fails when a stub is out of date.
"""

from __future__ import annotations

import importlib
import pathlib
import re
import subprocess
import sys

from netlet import _core
from netlet.engine.operators import Operators, Values
from netlet.engine.tensor import ArrayMethods, Exchange

# Packages with a table FILES (`netlet.base.lazy`).
PACKAGES = ("netlet.layers", "netlet.layers.quantized")
HEAD = '''"""netlet's native core. Written by tools/make_stub.py from the binding."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine.operators import Operators, Values
from .engine.tensor import ArrayMethods, Exchange

# What may come in: Tensors, Variables, arrays of any layout, DLPack producers, numbers, nested lists.
_ArrayLike = Any
'''
TYPES = [
    (r"typing\.SupportsFloat \| typing\.SupportsIndex", "float"),
    (r"typing\.SupportsInt \| typing\.SupportsIndex", "int"),
    (r"typing\.Annotated\[numpy\.typing\.ArrayLike, [\w.]+\]", "NDArray[Any]"),
    (r"\bArrayLike\b", "_ArrayLike"),
    (r"numpy\.typing\.NDArray\[numpy\.(\w+)\]", r"NDArray[np.\1]"),
    (r"numpy\.ndarray", "NDArray[Any]"),
    (r"numpy\.dtype", "np.dtype[Any]"),
    (r"netlet\._core\.|netlet::", ""),
    (r"collections\.abc\.Sequence", "Sequence"),
    (r"\bSequence(?!\[)", "Sequence[Any]"),
    (r"\btuple\b(?!\[)", "tuple[Any, ...]"),
    (r"\blist\b(?!\[)", "list[Any]"),
    (r"\bdict\b(?!\[)", "dict[str, Any]"),
    (r"\bobject\b", "Any"),
]


def translated(text: str) -> str:
    for pattern, replacement in TYPES:
        text = re.sub(pattern, replacement, text)
    return text


def function(name: str, doc: str, indent: str = "") -> str:
    match = re.match(r"\w*\((.*)\) -> (.*)$", doc.split("\n")[0])
    if not match:
        raise SystemExit(f"{name}: no signature in its docstring; overloaded?")
    parameters = re.sub(r"\bself: [\w.:]+", "self", match[1])
    return f"{indent}def {name}({translated(parameters)}) -> {translated(match[2])}: ..."


def stub_of_class(cls: type) -> list[str]:
    # engine/tensor.py attaches the methods of these classes to Tensor.
    mixins = (Operators, Values, ArrayMethods, Exchange) if cls is _core.Tensor else ()
    bases = f"({', '.join(mixin.__name__ for mixin in mixins)})" if mixins else ""
    lines = [f"class {cls.__name__}{bases}:"]
    for name, member in sorted(vars(cls).items()):
        if any(vars(mixin).get(name) is member for mixin in mixins):
            continue
        if isinstance(member, property):
            lines.append("    @property")
            kind = translated((member.fget.__doc__ or "-> Any").split("->")[-1].split("\n")[0].strip())
            kind = "tuple[int, ...]" if name == "shape" else kind
            lines.append(f"    def {name}(self) -> {kind}: ...")
            if member.fset:
                lines += [f"    @{name}.setter", f"    def {name}(self, value: {kind}) -> None: ..."]
        elif name == "__exit__":
            lines.append(
                "    def __exit__(\n        self, kind: type[BaseException] | None, error: BaseException | None, "
                "trace: TracebackType | None\n    ) -> None: ..."
            )
        elif callable(member) and not name.startswith("_pybind11") and " -> " in (member.__doc__ or ""):
            lines.append(function(name, member.__doc__, "    "))
    return [*lines, ""]


def stub() -> str:
    classes, functions = [], []
    for name, member in sorted(vars(_core).items()):
        if name.startswith("_"):
            continue
        if isinstance(member, type) and issubclass(member, BaseException):
            classes += [f"class {name}(RuntimeError): ...", ""]
        elif isinstance(member, type):
            classes += stub_of_class(member)
        elif callable(member):
            functions.append(function(name, member.__doc__))
    text = "\n".join([HEAD, *classes, *functions, ""])
    return text.replace("import numpy as np\n", "") if "np." not in text.replace(HEAD, "") else text


def stub_of_package(package: str) -> str:
    """The imports of a package's table FILES."""
    module = importlib.import_module(package)
    lines = [
        f'"""{module.__doc__}"""',
        "",
        "# Written by tools/make_stub.py from the table FILES of `__init__.py`.",
        "",
    ]
    for file in sorted(module.FILES):
        if "." not in file:
            lines.append(f"from . import {file} as {file}")
    for file, names in sorted(module.FILES.items()):
        if names:
            lines.append(f"from .{file} import {', '.join(sorted(names.split()))}")
    listed = ", ".join(f'"{name}"' for name in module.__all__)
    return "\n".join([*lines, "", "FILES: dict[str, str]", f"__all__ = [{listed}]", ""])


def stubs() -> dict[str, str]:
    """{file below python/: its text, which ruff has yet to format}."""
    packages = {f"{package.replace('.', '/')}/__init__.pyi": stub_of_package(package) for package in PACKAGES}
    return {"netlet/_core.pyi": stub(), **packages}


if __name__ == "__main__":
    for name, text in stubs().items():
        target = pathlib.Path(__file__).resolve().parents[1] / "python" / name
        target.write_text(text, encoding="utf-8")
        for command in (["check", "--fix-only"], ["format"]):
            subprocess.run([sys.executable, "-m", "ruff", *command, "--quiet", str(target)], check=True)

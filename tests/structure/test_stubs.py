"""The stubs match what they describe: mypy's stubtest compares the binding's names and kinds with _core.pyi,
tools/make_stub.py all signatures and the tables of packages. mypy itself follows the imports of the packages' stubs.
"""

from __future__ import annotations

import ast
import os
import site
import subprocess
import sys

import pytest

import netlet
from support.repo import PACKAGE, ROOT

# Allowed differences: pybind11's metaclass, and an `__init__` with any arguments for classes without a constructor.
PYBIND11 = r"""
netlet\._core\.\w+
netlet\._core\.\w+\.__init__
"""


def test_stubtest(tmp_path):
    pytest.importorskip("mypy")
    allowed = tmp_path / "allowlist"
    allowed.write_text(PYBIND11)
    command = [sys.executable, "-m", "mypy.stubtest", "--concise", "--allowlist", str(allowed), "netlet._core"]
    package = os.path.dirname(os.path.dirname(netlet.__file__))
    installed = package in site.getsitepackages()  # mypy finds it there, and rejects the folder in MYPYPATH
    where = {} if installed else {"MYPYPATH": package}
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **where})
    assert done.returncode == 0, done.stdout + done.stderr


def statements(text: str) -> set[str]:
    """The statements of a stub, with sorted names: ruff has sorted the imports and `__all__` of the files."""
    tree = ast.parse(text)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            node.names.sort(key=lambda alias: alias.name)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            node.value.elts.sort(key=ast.dump)
    return {ast.dump(node) for node in tree.body}


def test_the_stubs_are_what_the_tool_writes(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import make_stub

    for name, text in make_stub.stubs().items():
        found = (PACKAGE.parent / name).read_text(encoding="utf-8")
        assert statements(text) == statements(found), f"{name}: run tools/make_stub.py"

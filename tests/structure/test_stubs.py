"""_core.pyi says what the binding has: mypy's stubtest compares names and kinds, tools/make_stub.py all signatures."""

from __future__ import annotations

import ast
import os
import site
import subprocess
import sys

import pytest

import netlet
from support.repo import PACKAGE, ROOT

STUB = (PACKAGE / "_core.pyi").read_text(encoding="utf-8")
# pybind11's classes have a metaclass of its own, and an `__init__` that accepts anything where C++ has no constructor.
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
    installed = package in site.getsitepackages()  # mypy finds it there by itself, and refuses the folder in MYPYPATH
    where = {} if installed else {"MYPYPATH": package}
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **where})
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stub_is_what_the_tool_writes(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import make_stub

    assert ast.dump(ast.parse(make_stub.stub())) == ast.dump(ast.parse(STUB)), "run tools/make_stub.py"

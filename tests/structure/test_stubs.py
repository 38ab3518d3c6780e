"""_core.pyi matches the binding: mypy's stubtest compares names and kinds, tools/make_stub.py all signatures."""

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


def test_the_stub_is_what_the_tool_writes(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import make_stub

    assert ast.dump(ast.parse(make_stub.stub())) == ast.dump(ast.parse(STUB)), "run tools/make_stub.py"

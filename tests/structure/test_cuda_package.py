"""packaging/netlet-cuda13, which `netlet[cuda13]` adds. tools/nightly.sh builds its wheel where there is nvcc."""

from __future__ import annotations

import importlib
import pathlib
import sys
from typing import Any

import pytest

from support.repo import ROOT

PACKAGE = ROOT / "packaging" / "netlet-cuda13"


def project(folder: pathlib.Path) -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib") if sys.version_info < (3, 11) else importlib.import_module("tomllib")
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def test_its_entry_point_returns_the_path_of_the_library(monkeypatch):
    monkeypatch.syspath_prepend(str(PACKAGE))
    [entry] = project(PACKAGE)["project"]["entry-points"]["netlet.backends"].values()
    module, function = entry.split(":")
    path = getattr(importlib.import_module(module), function)()
    assert path == str(PACKAGE / "netlet_cuda13" / "_netlet_cuda.so")


def test_it_has_the_version_of_netlet_and_requires_it():
    tables = project(PACKAGE)["tool"]["scikit-build"]["metadata"]
    assert (PACKAGE / tables["version"]["input"]).resolve() == ROOT / "python" / "netlet" / "version.py"
    assert tables["dependencies"]["result"] == ["netlet=={project[version]}"]
    assert project(ROOT)["project"]["optional-dependencies"]["cuda13"] == ["netlet-cuda13"]

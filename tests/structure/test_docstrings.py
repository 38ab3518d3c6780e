"""The examples in docstrings run. They are collected from the installed package, so that its compiled core is there."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import netlet

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules() -> list[str]:
    found = pkgutil.walk_packages(netlet.__path__, "netlet.")
    return ["netlet", *(m.name for m in found if m.name not in {"netlet._core", "netlet.__main__"})]


@pytest.mark.parametrize("name", modules())
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # examples may write files
    module = importlib.import_module(name)
    finder, runner = doctest.DocTestFinder(exclude_empty=True), doctest.DocTestRunner(optionflags=FLAGS)
    output: list[str] = []
    for example in finder.find(module, name):
        runner.run(example, out=output.append)
    assert runner.summarize(verbose=False).failed == 0, "\n" + "".join(output)


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    count = sum(len(t.examples) for name in modules() for t in finder.find(importlib.import_module(name), name))
    assert count > 100

"""tools/planted_faults still finds the places of its faults."""

from __future__ import annotations

import importlib

from support.repo import ROOT


def test_each_fault_has_one_place(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    tool = importlib.import_module("planted_faults")
    assert len({fault.what for fault in tool.FAULTS}) == len(tool.FAULTS)
    assert {fault.promise for fault in tool.FAULTS} == set(range(21))
    for fault in tool.FAULTS:
        assert (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old) == 1, fault.what
        for path in fault.tests.split():
            assert (ROOT / path).exists(), path

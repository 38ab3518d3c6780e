"""ONNX's own node cases run on netlet. tools/onnx_operators.py lists those that do not pass, with reasons."""

from __future__ import annotations

import re

import pytest

from support.repo import ROOT

pytest.importorskip("onnx")

PASSED = 1870  # of 1884 in onnx 1.23; other versions have other cases
VERSION = "1.23"


@pytest.fixture(scope="module")
def tool():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        import onnx_operators

        yield onnx_operators


@pytest.fixture(scope="module")
def results(tool):
    return tool.run_cases()


def test_the_cases_pass(tool, results):
    lost = {r.name: r.error for r in results if r.error is not None and tool.reason_for(r.name) is None}
    assert lost == {}


def test_the_cases_that_are_listed_do_not_pass(tool, results):
    assert [r.name for r in results if r.error is None and tool.reason_for(r.name) is not None] == []


def test_every_row_of_the_list_is_about_a_case(tool, results):
    names = [r.name for r in results]
    patterns = [*tool.NOT_PASSED, *tool.RANDOM]
    assert [p for p in patterns if not any(re.fullmatch(p, name) for name in names)] == []


def test_as_many_cases_pass_as_is_said(results):
    import onnx

    if not onnx.__version__.startswith(VERSION):
        pytest.skip(f"the number is of onnx {VERSION}, {onnx.__version__} is installed")
    assert sum(r.error is None and not r.random for r in results) >= PASSED


def test_a_wrong_result_is_noticed(tool, monkeypatch):
    case = next(c for c in tool.load_cases() if c.name == "test_add")
    assert tool._error_of(case) is None
    monkeypatch.setattr(tool.backend, "_as_numpy", lambda value: 1 - value.numpy())
    assert "Not equal to tolerance" in tool._error_of(case)


def test_the_page_is_what_the_tool_writes(tool, results):
    import onnx

    written = tool.PAGE.read_text(encoding="utf-8")
    version = re.search(r"operators of onnx ([\d.]+)", written)[1]
    if version != onnx.__version__:
        pytest.skip(f"the page is of onnx {version}, {onnx.__version__} is installed")
    assert written == tool.page(results), "run tools/onnx_operators.py"


def test_every_row_of_left_out_is_about_an_operator_that_netlet_lacks(tool):
    known = tool.operators()
    assert [path for path in tool.LEFT_OUT if tool.computed_by(path, known[path]) is not None] == []

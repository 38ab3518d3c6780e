"""The code of docs/guides/scikit-learn.md runs."""

from __future__ import annotations

import re

import pytest

from support.repo import ROOT


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_code_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "guides" / "scikit-learn.md").read_text(encoding="utf-8")
    exec("\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL)), {"__name__": "page"})
    perceptron, model, frame = capsys.readouterr().out.splitlines()
    assert float(perceptron.split()[-1]) > 0.9 and float(model.split()[-1]) > 0.9
    assert "sklearntransformer1" in frame

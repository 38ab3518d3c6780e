"""Examples of docs/guides/quantization.md print what their comments say."""

from __future__ import annotations

import contextlib
import io
import re

import numpy as np
import pytest

from netlet import ops
from support.repo import ROOT

PAGE = (ROOT / "docs" / "guides" / "quantization.md").read_text(encoding="utf-8")
SECTIONS = ["A worked example", "As lecture notes write it", "Float formats"]


def example(section: str) -> str:
    [code] = re.findall(r"^```python\n(.*?)^```", PAGE.split(f"## {section}\n")[1].split("\n## ")[0], re.M | re.S)
    return code


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("section", SECTIONS)
def test_examples_print_what_they_say(section):
    """A comment beside a print, or the comment lines after it, are its output."""
    code = example(section)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "docs/guides/quantization.md", "exec"), {})
    said = re.findall(r"^print\(.*\)  # (.*)$|^# (?!.*[.:]$)(.*)$", code, re.M)
    assert words(printed.getvalue()) == words(" ".join(a or b for a, b in said))


@pytest.mark.parametrize("seed", range(5))
def test_the_notes_formulas_give_netlets_codes(seed):
    """With float64, so that the reciprocal's rounding does not matter."""
    x = np.random.default_rng(seed).normal(0.3, 1, 200)
    codes, scale = ops.quantize_absmax(x)
    s = 127 / np.abs(x).max()
    np.testing.assert_array_equal(codes, np.round(x * s))
    np.testing.assert_allclose(1 / np.asarray(scale), s)
    codes, scale, zero = ops.quantize_zeropoint(x)
    s = 255 / (x.max() - x.min())
    assert zero.item() == -np.round(s * x.min()) - 128
    np.testing.assert_array_equal(codes, np.clip(np.round(x * s) + zero.item(), -128, 127))

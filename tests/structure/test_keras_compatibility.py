"""docs/reference/keras-compatibility.md is what the tool writes, and base/left_out.py names what is missing."""

from __future__ import annotations

import fnmatch
import re

import pytest

from netlet.base.left_out import DIFFERENT, LEFT_OUT
from support.repo import ROOT


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import keras_compatibility

    return keras_compatibility


@pytest.fixture
def names(tool):
    """{path without "keras.": whether netlet has it}."""
    spaces = tool.public_names(tool.installed()[1])
    return {tool.path(space, name): tool.has(space, name) for space, names in spaces.items() for name in names}


def test_the_page_is_what_the_tool_writes(tool):
    written = tool.PAGE.read_text(encoding="utf-8")
    version = re.search(r"public names of Keras ([\d.]+\d)", written)[1]
    if version != tool.installed()[0]:
        pytest.skip(f"the page is of Keras {version}, {tool.installed()[0]} is installed")
    assert written == tool.page(), "run tools/keras_compatibility.py"
    assert tool.README.read_text(encoding="utf-8") == tool.readme(), "run tools/keras_compatibility.py"


def test_the_names_are_those_of_keras(tool, names):
    import keras

    assert {"Sequential", "layers.Dense", "ops.image.resize", "utils.to_categorical"} <= {
        n for n, has in names.items() if has
    }
    for name in ["layers", "losses", "utils"]:
        theirs = {n for n in dir(getattr(keras, name)) if not n.startswith("_")}
        assert {n.removeprefix(f"{name}.") for n in names if re.fullmatch(rf"{name}\.\w+", n)} == theirs


def test_every_row_of_left_out_is_about_a_missing_name(names):
    missing = [n for n, has in names.items() if not has]
    assert [row for row in LEFT_OUT if not fnmatch.filter(missing, row)] == []


def test_every_row_of_different_is_about_a_name_that_is_there(names):
    assert [row for row in DIFFERENT if not names[row]] == []

"""The parts of the site that need no Sphinx: pages of the reference, docstrings' markup, the gallery's order, links."""

from __future__ import annotations

import collections
import importlib
import inspect
import pathlib
import re

import pytest

from support.repo import ROOT

if not (ROOT / "docs" / "_ext").is_dir():
    pytest.skip("not a source tree", allow_module_level=True)


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    monkeypatch.syspath_prepend(ROOT / "tools")


def test_each_public_name_is_described_once_or_an_alias_of_one_that_is() -> None:
    public_names, api_pages = importlib.import_module("public_names"), importlib.import_module("api_pages")
    text = "\n".join(line for lines in api_pages.pages().values() for line in lines)
    described = collections.Counter(re.findall(r"^\.\. auto\w+:: (\S+)", text, re.M))
    assert set(described) == set(public_names.entries()) and max(described.values()) == 1
    known = set(described) | {alias for entry in public_names.entries().values() for alias in entry.aliases}
    for module in public_names.public_modules():
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if not inspect.ismodule(value) and not name.startswith("__"):
                assert f"{module.__name__}.{name}" in known


def test_the_docstrings_that_are_checked_are_those_of_the_reference() -> None:
    """docs/_ext/public_names.py and tools/docstrings.py find the same functions and classes."""
    pytest.importorskip("sklearn")
    docstrings, entries = importlib.import_module("docstrings"), importlib.import_module("public_names").entries()
    own = [e.value for e in entries.values() if callable(e.value) and e.value.__module__.startswith("netlet")]
    described = {docstrings.home(value) for value in own}
    names = docstrings.public_names().items()
    checked = {name for name, value in names if not docstrings.is_member(value)}
    assert described == {name for name in checked if not name.startswith(docstrings.NOT_LISTED)}


def test_what_is_described_under_which_name() -> None:
    entries = importlib.import_module("public_names").entries()
    assert entries["netlet.layers.Conv2D"].aliases == ["netlet.layers.Convolution2D"]
    assert "netlet.Layer" in entries["netlet.layers.Layer"].aliases
    assert "netlet.ops.numpy.add" in entries["netlet.ops.add"].aliases
    assert "netlet.activations.celu" in entries["netlet.ops.celu"].aliases
    assert {"netlet.Tensor", "netlet.activations.deserialize", "netlet.datasets.mnist.load_data"} <= set(entries)


def test_methods_of_a_class() -> None:
    members = importlib.import_module("public_names").members
    import netlet

    assert {"fit", "compile", "predict", "save"} <= set(members(netlet.Model))
    assert members(netlet.layers.Dense) == []  # build, call ... are described at Layer
    assert {"build", "add_weight"} <= set(members(netlet.layers.Layer))
    assert {"call", "get_config"} <= set(members(netlet.Operation))


@pytest.mark.parametrize(
    ("plain", "markup"),
    [
        ("1 / (1 + |x|) of `x_`", r"1 / (1 + \|x\|) of ``x_``"),
        ("e**-x and name_ here", r"e\*\*-x and name\_ here"),
        ("`a`s and `b`", r"``a``\ s and ``b``"),
        (">>> f(`x`)\n*y*", ">>> f(`x`)\n*y*"),
        ("Args:\n    a, b,\n        c: sums |x|.", "Args:\n    a, b, c: sums \\|x\\|."),
        ("The rule:\n\n    a = b\n      + *c", "The rule:\n\n::\n\n    a = b\n      + *c"),
        ("See docs/numerics.md.", "See :doc:`/numerics`."),
    ],
)
def test_markup_of_docstrings(plain: str, markup: str) -> None:
    convert = importlib.import_module("docstring_markup").convert
    assert "\n".join(convert(plain.split("\n"))) == markup


def test_each_script_of_the_gallery_has_a_theme(tmp_path: pathlib.Path) -> None:
    themes = importlib.import_module("gallery_themes")
    scripts = sorted(themes.SCRIPTS.glob("plot_*.py"))
    assert [script.name for script in scripts if themes.place(script)[0] == len(themes.THEMES)] == []
    folders = themes.arrange(themes.SCRIPTS, tmp_path / "arranged")
    copies = [path.name for folder in folders for path in pathlib.Path(folder).glob("plot_*.py")]
    assert sorted(copies) == [script.name for script in scripts]


def test_html_of_pages_that_are_no_more_goes(tmp_path: pathlib.Path) -> None:
    names = ["index.html", "genindex.html", "api/layers.core.html", "old.html", "_static/part.html"]
    for name in [*names, "docs/index.md", "docs/api/layers.core.rst"]:
        path = tmp_path / name if name.startswith("docs") else tmp_path / "html" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    importlib.import_module("build_docs").remove_stale(tmp_path / "html", tmp_path / "docs")
    left = {path.relative_to(tmp_path / "html").as_posix() for path in (tmp_path / "html").rglob("*.html")}
    assert left == set(names) - {"old.html"}


def test_broken_links_are_found(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.html").write_text('<p id="here"><a href="#here"></a><a href="b.html#there"></a><img src="c.png">')
    (tmp_path / "b.html").write_text('<a href="a.html#here"></a><a href="https://x.org"></a><a href="http://x y"></a>')
    build_docs = importlib.import_module("build_docs")
    assert build_docs.broken_links(tmp_path) == [
        "a.html: b.html#there (no such anchor)",
        "a.html: c.png (no such file)",
        "b.html: http://x y (not an address)",
    ]

"""Writes docs/api/: a page for each public package, and for each family of the large ones.

Autodoc reads the docstrings; this decides what stands where. A family is a folder of the package (netlet/layers/core),
a section is a file of it.
"""

from __future__ import annotations

import importlib
import inspect
import pathlib
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import public_names
from docstring_markup import inline
from public_names import Entry

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LARGE = 60  # names; packages with more are split into families
ORDER = """
    netlet layers models ops activations losses metrics optimizers callbacks initializers regularizers constraints data
    datasets preprocessing applications plots visualization utils random quantizers mixed_precision dtype_policies
    saving export onnx wrappers distribution distillation backend config tree compat
""".split()


def first_line(value: Any) -> str:
    """The first line of a docstring, as reStructuredText."""
    text = inspect.cleandoc(getattr(value, "__doc__", None) or "")
    return inline(" ".join(text.split("\n\n")[0].split()))


def package_of(entry: Entry) -> str:
    """`layers` of `netlet.layers.quantized.Dense`."""
    return entry.module.split(".")[1] if "." in entry.module else "netlet"


def family_of(entry: Entry) -> str:
    """The folder below the package in which an entry is defined."""
    module = f"netlet.{package_of(entry)}"
    if entry.module != module:  # a public module of its own, as netlet.ops.image
        return entry.module.removeprefix(f"{module}.").split(".")[0]
    parts = entry.file.removeprefix(f"{module}.").split(".") if entry.file.startswith(f"{module}.") else ["others"]
    return parts[0]


TITLES = {
    "base": "Base classes",
    "foreign": "Layers of other libraries",
    "linalg": "Linear algebra",
    "math": "Mathematics",
    "nn": "Neural networks",
    "numpy": "NumPy's functions",
    "quant": "Quantization",
    "rnn": "Recurrent",
    "serializing": "Saving",
    "ctc": "CTC",
}


def title_of(name: str) -> str:
    """`Einsum dense` of `einsum_dense`."""
    return TITLES.get(name, name.replace("_", " ").capitalize())


def heading(text: str, line: str) -> list[str]:
    """A title."""
    return [text, line * len(text), ""]


def table(rows: Iterable[tuple[str, str]]) -> list[str]:
    """A table of two columns."""
    lines = [".. list-table::", "   :class: api-table", "   :widths: 30 70", ""]
    for left, right in rows:
        lines += [f"   * - {left}", f"     - {right}"]
    return [*lines, ""]


def summary(entries: list[Entry]) -> list[str]:
    """The names of entries with their first lines."""
    return table((f":py:obj:`{e.name} <{e.full_name}>`", first_line(e.value)) for e in entries)


def described(entry: Entry) -> list[str]:
    """Autodoc's directive for an entry."""
    if inspect.isclass(entry.value):
        lines = [f".. autoclass:: {entry.full_name}"]
        if members := public_names.members(entry.value):
            lines.append(f"   :members: {', '.join(members)}")
    elif callable(entry.value):
        lines = [f".. autofunction:: {entry.full_name}"]
    else:
        lines = [f".. autodata:: {entry.full_name}", "   :no-value:"]
    return [*lines, ""]


def body(entries: list[Entry]) -> list[str]:
    """The entries below a table of them; by file if files have several."""
    files = defaultdict(list)
    for entry in entries:
        files[entry.file].append(entry)
    if len(files) == 1 or len(entries) < 2 * len(files) or len(entries) < 12:
        return [*summary(entries), *[line for entry in entries for line in described(entry)]]
    lines = []
    for file, inside in sorted(files.items()):
        module = importlib.import_module(file)
        lines += heading(title_of(file.rsplit(".", 1)[-1]), "-")
        lines += [first_line(module), "", *summary(inside), *[line for entry in inside for line in described(entry)]]
    return lines


def other_names(module: str) -> list[str]:
    """The names of a package that other entries have too."""
    elsewhere: dict[str, list[str]] = defaultdict(list)
    rows = []
    for entry in public_names.entries().values():
        for alias in entry.aliases:
            place, name = alias.rsplit(".", 1)
            if place != module and not (place.startswith(f"{module}.") and module != "netlet"):
                continue
            if name == entry.name:
                elsewhere[f"{place} {entry.module}"].append(f":py:obj:`{name} <{entry.full_name}>`")
            else:
                rows.append((f"``{alias.removeprefix(module + '.')}``", f":py:obj:`{entry.full_name}`"))
    lines = heading("Other names", "-") if rows or elsewhere else []
    for where, links in sorted(elsewhere.items()):
        place, home = where.split()
        lines += [f"``{place}`` has these names of ``{home}`` too: {', '.join(sorted(links))}.", ""]
    return [*lines, *(table(sorted(rows)) if rows else [])]


def pages() -> dict[str, list[str]]:
    """{path below docs/api, without suffix: lines}."""
    packages: dict[str, list[Entry]] = defaultdict(list)
    for entry in public_names.entries().values():
        packages[package_of(entry)].append(entry)
    result = {}
    overview = []
    for package in sorted(packages, key=lambda p: (ORDER.index(p) if p in ORDER else len(ORDER), p)):
        entries = packages[package]
        name = package if package == "netlet" else f"netlet.{package}"
        module = importlib.import_module(name)
        intro = [first_line(module), ""]
        overview.append((f":doc:`{name} <{package}>`", first_line(module)))
        if len(entries) <= LARGE:
            result[package] = [*heading(name, "="), *intro, *body(entries), *other_names(name)]
            continue
        families = defaultdict(list)
        for entry in entries:
            families[family_of(entry)].append(entry)
        contents = []
        for family, inside in sorted(families.items(), key=lambda pair: (pair[0] == "others", pair[0])):
            page = f"{package}.{family}"
            contents += [*heading(title_of(family), "-"), *family_intro(name, family)]
            contents += [f"Described in :doc:`{page}`.", "", *summary(inside)]
            result[page] = [*heading(f"{name}: {title_of(family)}", "=")]
            result[page] += [*family_intro(name, family), *body(inside)]
        toc = [".. toctree::", "   :hidden:", "", *[f"   {title_of(f)} <{package}.{f}>" for f in sorted(families)], ""]
        result[package] = [*heading(name, "="), *intro, *toc, *contents, *other_names(name)]
    top = [page for page in result if "." not in page]
    result["index"] = [
        *heading("API reference", "="),
        "Every public name. The names, arguments and defaults are Keras's where Keras has them;",
        ":doc:`/reference/keras-compatibility` lists each name of Keras, the :ref:`genindex` all names in one list.",
        "",
        ".. toctree::",
        "   :hidden:",
        "",
        *[f"   {page if page == 'netlet' else 'netlet.' + page} <{page}>" for page in top],
        "",
        *table(overview),
    ]
    return result


def family_intro(package: str, family: str) -> list[str]:
    """The first line of a family's module, if it is one."""
    try:
        return [first_line(importlib.import_module(f"{package}.{family}")), ""]
    except ModuleNotFoundError:
        return []


def write(folder: pathlib.Path) -> None:
    """Writes the pages that changed, and removes those that are no more.

    Args:
        folder: docs/api.
    """
    folder.mkdir(exist_ok=True)
    new = {folder / f"{page}.rst": "\n".join(lines) + "\n" for page, lines in pages().items()}
    for path in folder.glob("*.rst"):
        if path not in new:
            path.unlink()
    for path, text in new.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def add_facts(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Adds an entry's other names and its public base class to its description."""
    entry = public_names.entries().get(name)
    if entry is None:
        return
    facts = []
    if inspect.isclass(value):
        classes = public_names.public_classes()
        if base := next((b for b in value.__mro__[1:] if b in classes), None):
            names = {e.value: e.full_name for e in public_names.entries().values() if inspect.isclass(e.value)}
            facts.append(f"Base class: :py:obj:`{names[base]}`.")
    if others := [alias for alias in entry.aliases if not re.match(r"netlet\.ops\.(nn|numpy)\.", alias)]:
        facts.append("Also: " + ", ".join(f"``{alias}``" for alias in others) + ".")
    if facts:
        lines += ["", " ".join(facts), ""]


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("builder-inited", lambda app: write(pathlib.Path(app.srcdir, "api")), priority=100)
    app.connect("autodoc-process-docstring", add_facts, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Writes docs/reference/keras-compatibility.md and the README's table of Keras's names that netlet lacks.

    PYTHONPATH=python python tools/keras_compatibility.py

The reasons stand in python/netlet/base/left_out.py. tests/structure/test_keras_compatibility.py fails when the page or
the table is out of date.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pathlib
import re
import textwrap
from collections import defaultdict

from netlet.base.left_out import DIFFERENT, reason_for

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs" / "reference" / "keras-compatibility.md"
README = PAGE.parents[2] / "README.md"
MARKS = "<!-- left out -->", "<!-- end of left out -->"
NOT_YET = "not yet"
HEAD = """# Keras's names in netlet

netlet has {has} of the {all} public names of Keras {version}. For a script of your own,
`python -m netlet run --report train.py` lists the names that it uses and those that netlet lacks.

(`tools/keras_compatibility.py` writes this page from the installed Keras; do not edit it.)
"""
WHOLE = "## Left out as a whole"


def public_names(keras: pathlib.Path) -> dict[str, list[str]]:
    """{namespace without "keras.": its names}, read from the files of the installed Keras that list them."""
    found: dict[str, list[str]] = {}
    for file in sorted(keras.rglob("__init__.py")):
        parts = file.parent.relative_to(keras).parts
        if parts[:1] in (("src",), ("_tf_keras",), ("api",)):
            continue
        text = re.sub(r"\(\s*([^)]*?),?\s*\)", r"\1", file.read_text(encoding="utf-8"))  # imports on one line
        names = re.findall(r"^from keras\S* import \w+ as (\w+)", text, re.MULTILINE)
        found[".".join(parts)] = sorted({n for n in names if not n.startswith("_")}, key=lambda n: (n.lower(), n))
    return found


def installed() -> tuple[str, pathlib.Path]:
    """Version and folder of the installed Keras, without importing it."""
    spec = importlib.util.find_spec("keras")
    assert spec is not None and spec.origin is not None
    return importlib.metadata.version("keras"), pathlib.Path(spec.origin).parent


def has(space: str, name: str) -> bool:
    """Whether netlet has a name of one of Keras's namespaces."""
    try:
        module = importlib.import_module(f"netlet.{space}" if space else "netlet")
    except ModuleNotFoundError:
        return False
    return name in dir(module)


def path(space: str, name: str) -> str:
    """A name with its namespace, as base/left_out.py has it."""
    return f"{space}.{name}" if space else name


def reasons(space: str, names: list[str]) -> dict[str, list[str]]:
    """{why netlet lacks names of a namespace: those names}."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if not has(space, name):
            found[reason_for(path(space, name)) or NOT_YET].append(name)
    return found


def section(space: str, names: list[str], no: dict[str, list[str]]) -> str:
    """The part of the page about one namespace."""
    missing = {n for group in no.values() for n in group}
    yes = [n for n in names if n not in missing]
    lines = [f"## {'keras.' + space if space else 'keras'}: {len(yes)} of {len(names)}", ""]
    if yes:
        lines += _list("Yes: ", yes)
    for name in yes:
        if path(space, name) in DIFFERENT:
            lines += _wrapped(f"- Yes, but `{name}` {DIFFERENT[path(space, name)]}.")
    for why, group in no.items():
        lines += _list(f"No ({why}): ", group)
    return "\n".join(lines)


def page() -> str:
    """The text of docs/reference/keras-compatibility.md."""
    version, folder = installed()
    parts, whole, lacks, total = [], [WHOLE, ""], 0, 0
    for space, names in sorted(public_names(folder).items()):
        no = reasons(space, names)
        total, lacks = total + len(names), lacks + sum(map(len, no.values()))
        if len(no) == 1 and NOT_YET not in no and len(next(iter(no.values()))) == len(names):
            whole += _list(f"`keras.{space}` ({next(iter(no))}): ", names)
        elif names:
            parts.append(section(space, names, no))
    head = HEAD.format(version=version, has=total - lacks, all=total).strip()
    return "\n\n".join([head, *parts, "\n".join(whole)]) + "\n"


def left_out() -> str:
    """The README's table: the names that netlet lacks, by reason. Names of one beginning are counted."""
    lacks: dict[str, list[str]] = defaultdict(list)
    for space, names in sorted(public_names(installed()[1]).items()):
        for why, group in reasons(space, names).items():
            if len(group) > 3:
                lacks[why].append(f"{len(group)} of `keras.{space}`")
            else:
                lacks[why] += [f"`{path(space, name)}`" for name in group]
    rows = [f"| {', '.join(names)} | {why} |" for why, names in sorted(lacks.items(), key=lambda row: len(row[1]))]
    return "\n".join(["| Keras's names | why not |", "|---|---|", *rows])


def readme() -> str:
    """The text of the README with today's table."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    return before + MARKS[0] + "\n\n" + left_out() + "\n\n" + MARKS[1] + rest.split(MARKS[1])[1]


def _list(start: str, names: list[str]) -> list[str]:
    return _wrapped(f"- {start}" + ", ".join(f"`{n}`" for n in names) + ".")


def _wrapped(text: str) -> list[str]:
    indent = "  " if text.startswith(("-", " ")) else ""
    return textwrap.wrap(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")

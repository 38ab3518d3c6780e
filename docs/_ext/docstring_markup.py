"""Docstrings are plain text with `code` in backticks; this makes reStructuredText of them before napoleon reads them.

Single backticks become literals. Stars, bars and underscores outside of code stand for themselves, as in 1 / (1 + |x|).
Examples (`>>>`) stay as they are, and a formula over several indented lines is a block of code.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CODE = re.compile(r"(`+)(.+?)\1(?!`)", re.S)
# `name:` or `name, **other:` at the start of a line in a section such as Args; napoleon takes care of its stars.
FIELD = re.compile(r"^\s+\*{0,2}[A-Za-z_][\w.]*(?:(?:, | and |/)\*{0,2}[A-Za-z_][\w.]*)*:(?= |$)")
# Names of a field that continue on the next line.
NAMES = re.compile(r"^ {4}\*{0,2}[A-Za-z_]\w*(?:, \*{0,2}[A-Za-z_]\w*)*,$")
PAGE = re.compile(r"\bdocs/([\w/-]+)\.md\b")
DOCS = pathlib.Path(__file__).resolve().parents[1]
SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises|Warns|Notes?|References|See Also|Examples?|Source):$")


def inline(text: str) -> str:
    """One line of a docstring as reStructuredText.

    Args:
        text: plain text with `code`.
    """
    parts, end = [], 0
    for match in CODE.finditer(text):
        parts += [_escape(text[end : match.start()]), f"\x00{match[2].strip()}\x01"]
        end = match.end()
    result = "".join([*parts, _escape(text[end:])])
    # A literal needs a space or punctuation on both sides; an escaped space is one that nobody sees.
    result = re.sub(r"(?<=\w)\x00", r"\\ ``", result).replace("\x00", "``")
    return re.sub(r"\x01(?=\w)", r"``\\ ", result).replace("\x01", "``")


def _escape(text: str) -> str:
    pages = [match for match in PAGE.finditer(text) if (DOCS / f"{match[1]}.md").exists()]
    if pages:
        (first, *_) = pages
        link = f":doc:`/{first[1]}`"
        return _escape(text[: first.start()]) + link + _escape(text[first.end() :])
    text = re.sub(r"([\\*|`])", r"\\\1", text)
    return re.sub(r"(?<=\w)_(?!\w)", r"\\_", text)


def convert(lines: list[str]) -> list[str]:
    """A docstring's lines as reStructuredText.

    Args:
        lines: the docstring's lines without its indentation.
    """
    result: list[str] = []
    section = ""  # the heading of the section that a line is in, such as "Args:"
    for paragraph in _paragraphs(lines):
        if not paragraph[0].strip():
            result.append("")
            continue
        if not paragraph[0].startswith(" "):
            section = paragraph[0] if SECTION.match(paragraph[0]) else ""
        if paragraph[0].lstrip().startswith(">>>"):
            result += paragraph
        elif not section and all(line.startswith("    ") for line in paragraph):
            result += ["::", "", *paragraph]  # a formula over several lines
        else:
            result += _text(paragraph)
    return result


def _paragraphs(lines: list[str]) -> Iterator[list[str]]:
    """The lines between blank ones, each blank line alone; an example begins a paragraph."""
    paragraph: list[str] = []
    for line in lines:
        starts = line.lstrip().startswith(">>>") and not (paragraph and paragraph[0].lstrip().startswith(">>>"))
        if paragraph and (not line.strip() or starts):
            yield paragraph
            paragraph = []
        if line.strip():
            paragraph.append(line)
        else:
            yield [line]
    if paragraph:
        yield paragraph


def _text(lines: list[str]) -> list[str]:
    """A paragraph, which may be a list of fields. Code and the names of a field may be broken over two lines."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    names = ""
    for line in lines:
        line = names + line.lstrip() if names else line
        names = ""
        if NAMES.match(line):
            names = line + " "
        elif field := FIELD.match(line):
            parts.append((field[0], [line[field.end() :]]))
        else:
            parts[-1][1].append(line)
    if names:
        parts[-1][1].append(names.rstrip())
    return [line for head, text in parts if head or text for line in (head + inline("\n".join(text))).split("\n")]


def _process(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    if what != "module":
        lines[:] = convert(lines)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", _process, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

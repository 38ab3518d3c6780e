"""Runs the Python of a Markdown page and compares what it prints with what the page says.

A comment beside `print(...)`, and the comment lines directly below it, are the output. Numbers with a decimal point may
differ by one unit in the last digit that the page shows; spaces and line breaks do not count. "..." is any text.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
from typing import Any

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.I)


def blocks(page: str) -> list[tuple[int, str]]:
    """The blocks of Python of a page with the number of the line before their code."""
    found = re.finditer(r"^```python\n(.*?)^```", page, re.M | re.S)
    return [(page[: match.start()].count("\n") + 1, match[1]) for match in found]


def split(text: str) -> tuple[list[str], list[str]]:
    """A text without its spaces as the parts between numbers, and the numbers."""
    return ["".join(part.split()) for part in NUMBER.split(text)], NUMBER.findall(text)


def step(number: str) -> float:
    """One unit in the last digit of a number as it is written: 0.01 for "0.25", 0 for "25" and "25."."""
    digits, _, exponent = number.lower().partition("e")
    decimals = len(digits.partition(".")[2])
    return float(f"1e{int(exponent or 0) - decimals}") if decimals else 0.0


def same(said: str, printed: str) -> bool:
    """Whether a printed text is what the page says.

    Args:
        said: the page's text.
        printed: the output.
    """
    if "..." in said:
        pattern = ".*".join(re.escape("".join(part.split())) for part in said.split("..."))
        return re.fullmatch(pattern, "".join(printed.split())) is not None
    (words, numbers), (printed_words, printed_numbers) = split(said), split(printed)
    if words != printed_words:
        return False
    return all(abs(float(a) - float(b)) <= 1.001 * step(a) for a, b in zip(numbers, printed_numbers, strict=True))


def output_of(code: str, statement: ast.stmt) -> str:
    """What the comments beside and below a `print` say; "" without any."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return ""
    if getattr(statement.value.func, "id", "") != "print":
        return ""
    lines = code.splitlines()
    last = lines[statement.end_lineno - 1][statement.end_col_offset :]
    said = [last.split("#", 1)[1].strip()] if "#" in last else []
    for line in lines[statement.end_lineno :]:
        if not line.startswith("#"):
            break
        said.append(line[1:].strip())
    return "\n".join(said)


def run(code: str, namespace: dict[str, Any], name: str, line: int = 0) -> None:
    """Runs a block of a page statement by statement.

    Args:
        code: the block.
        namespace: the globals of the page's blocks.
        name: the page, for tracebacks.
        line: number of the line before the code.

    Raises:
        AssertionError: a `print` writes something else than the page says.
    """
    for statement in ast.parse(code).body:
        said = output_of(code, statement)
        ast.increment_lineno(statement, line)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(ast.Module([statement], []), name, "exec"), namespace)
        if said:
            assert same(said, printed.getvalue()), (
                f"{name}, line {statement.lineno}: the page says\n{said}\nbut it prints\n{printed.getvalue()}"
            )


def rows(page: str) -> list[tuple[int, list[str]]]:
    """The rows of a page's tables, without heads, as (number of the line, cells)."""
    found = []
    lines = page.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith("|") or re.fullmatch(r"[|\-: ]+", line):
            continue
        if number < len(lines) and re.fullmatch(r"[|\-: ]+", lines[number]):
            continue  # the head
        cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
        found.append((number, [cell.strip().replace("\\|", "|") for cell in cells]))
    return found


def code_in(cell: str) -> list[str]:
    """The pieces of code of a table's cell."""
    return [code for _, code in re.findall(r"(`+)(.+?)\1(?!`)", cell)]

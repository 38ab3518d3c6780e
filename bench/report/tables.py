"""Numbers as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def number(x: float | None) -> str:
    """Three digits, thousands parted by commas; empty for None.

    >>> number(12345.6), number(3.14159), number(None)
    ('12,300', '3.14', '')
    """
    if x is None:
        return ""
    if x == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(x))))
    return f"{round(x, 2 - math.floor(math.log10(abs(x)))):,.{digits}f}"


def ratio(x: float | None) -> str:
    """A ratio with its sign: 5.2×."""
    return "" if x is None else f"{x:.0f}×" if x >= 20 else f"{x:.1f}×" if x >= 3 else f"{x:.2f}×"


def mean(ratios: Iterable[float | None]) -> float:
    """The geometric mean of those that are numbers."""
    logs = [math.log(r) for r in ratios if r]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])

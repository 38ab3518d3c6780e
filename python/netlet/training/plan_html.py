"""What a notebook shows of a recorded step: a table of its records, with bars."""

from __future__ import annotations

from typing import Any

from netlet.utils.html import html_table
from netlet.utils.svg import PHASES, escape


def plan_html(title: str, records: list[dict[str, Any]], timed: bool) -> str:
    """A table of the records of a step. Bars compare the records' times, or their bytes if not timed.

    Args:
        title: the line above the table.
        records: as from `PlanView.records`.
        timed: whether their "seconds" are times of one step.

    Returns:
        HTML.

    Example:

    >>> record = {"layer": "out", "phase": "forward", "kernel": "gemm", "bytes": 64, "flops": 32.0, "seconds": 0.0}
    >>> plan_html("predict step", [record], False).count("<tr>")
    2
    """
    what = "seconds" if timed else "bytes"
    total = sum(r[what] for r in records) or 1
    head = [
        "layer",
        "kernel",
        "bytes",
        "FLOPs",
        *(["µs"] if timed else []),
        f"part of the {'time' if timed else 'bytes'}",
    ]
    rows, bars = [], []
    for r in records:
        row = [r["layer"], r["kernel"], f"{r['bytes']:,}", f"{int(r['flops']):,}"]
        rows.append([*row, *([f"{r['seconds'] * 1e6:.2f}"] if timed else []), f"{r[what] / total:.1%}"])
        bars.append((r[what] / total, PHASES[r["phase"]]))
    names = " ".join(
        f'<span style="color:{PHASES[phase]}">■</span> {phase}' for phase in dict.fromkeys(r["phase"] for r in records)
    )
    sums = f"{len(records)} records, {sum(r['bytes'] for r in records):,} bytes"
    sums += f", {sum(r['seconds'] for r in records) * 1e6:.1f} µs" if timed else ""
    longest = max((length for length, _ in bars), default=0) or 1
    table = html_table(head, rows, range(2, len(head)), [(length / longest, colour) for length, colour in bars])
    return f"<div><b>{escape(title)}</b><div>{sums}. {names}</div>{table}</div>"

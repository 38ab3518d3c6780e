"""Prints the table of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from netlet.commands.bench.timing import microseconds

from .measure import Measured

SIDES = ("plan", "call", "numpy", "torch", "onnxruntime")  # other peers follow these


def number(x: float) -> str:
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def print_header() -> None:
    print(
        f"{'':38}{'us':>9}"
        + "".join(f"{side[:8]:>9}" for side in (*SIDES, "floor"))
        + "   of floor  plan/best  call/best"
    )


def print_line(m: Measured) -> None:
    """Prints the rates of all sides in the row's unit, netlet's rate as a fraction of the floor, and the best peer's
    time divided by netlet's (above 1 netlet is faster)."""
    rates, best = m.rates, m.best_peer
    ours = m.seconds.get("plan", m.seconds.get("call", math.nan))
    line = f"{m.row.name[:37]:38}{microseconds(ours):>9}"
    line += "".join(f"{number(rates[side]) if side in rates else '-':>9}" for side in (*SIDES, "floor"))
    line += f"{m.amount / ours / m.floor:11.2f}" if m.floor else f"{'-':>11}"
    for side in ("plan", "call"):
        line += f"{best / m.seconds[side]:11.2f}" if best and side in m.seconds else f"{'-':>11}"
    more = [f"{side} {number(rate)}" for side, rate in rates.items() if side not in (*SIDES, "floor")]
    print(line + f" {m.unit}" + "".join(f", {part}" for part in more), flush=True)


def print_summary(results: Iterable[Measured]) -> None:
    ratios = {
        m.row.name: m.best_peer / min(m.seconds.get("plan", math.inf), m.seconds.get("call", math.inf))
        for m in results
        if m.best_peer
    }
    if ratios:
        mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
        behind = ", ".join(f"{name} ({ratio:.2f})" for name, ratio in ratios.items() if ratio < 1)
        print(f"Geometric mean {mean:.2f}x the best peer over {len(ratios)} rows. Behind it: {behind or 'none'}.")


def as_tables(groups: Mapping[str, Sequence[Measured]]) -> dict[str, Any]:
    """The rates of every side as `results.write_results` stores them: {group: {row: {"unit": ..., side: rate}}}."""
    return {group: {m.row.name: {"unit": m.unit, **m.rates} for m in rows} for group, rows in groups.items()}

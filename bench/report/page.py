"""Writes docs/benchmarks/<machine>.md and its charts from the numbers of one machine."""

from __future__ import annotations

from typing import Any

from .runs import PAGES, command
from .sections import SECTIONS

TITLES = {
    "zen3": "Zen 3: AVX2, at most 95 GFLOP/s a core",
    "zen4": "Zen 4: AVX-512 at AVX2's rate, at most 115 GFLOP/s a core",
    "zen5": "Zen 5: AVX-512, at most 254 GFLOP/s a core",
}


def write_page(machine: str, results: dict[str, Any]) -> None:
    """Draws the charts and writes the page.

    Args:
        machine: the name of the page.
        results: {group: the document that its program wrote}.
    """
    parts = [
        f"# {TITLES.get(machine, machine)}",
        "(`python -m bench.report` writes this page from the numbers of docs/benchmarks/results; do not edit it.)",
    ]
    for group, make in SECTIONS.items():
        if group not in results:
            continue
        picture = f"images/{machine}-{group}.svg"
        section = make(results[group]["tables"], PAGES / picture)
        facts = results[group]["machine"]
        peers = ", ".join(f"{name} {version}" for name, version in results[group]["peers"].items())
        source = (
            f"`python {command(machine, group)}`: {facts['processor']}, {facts['instruction_set']}, "
            f"{facts['usable_cpus']} CPUs, Python {facts['python']}; {peers}."
        )
        chart = [f"![{section.alt}]({picture})"] if section.alt and (PAGES / picture).exists() else []
        parts += [f"## {section.heading}", section.intro, *chart, section.body, source]
    page = PAGES / f"{machine}.md"
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"wrote {page.relative_to(PAGES.parents[1])}")

"""Fuzzes readers of files and the native binding, each in a process with limited memory.

    python -m tools.fuzz [TARGET ...] [--runs N] [--seconds S] [--seed K] [--engine atheris|plain]
    python -m tools.fuzz [TARGET ...] --total N --table FILE
    python -m tools.fuzz TARGET --input FILE [FILE ...]

Without targets it runs all, without limits each for 60 seconds. Inputs that fail are written to build/fuzz/TARGET/; the
exit status is 1 if there are any. `--input` reads such files again. The engine atheris needs the package of that name,
which takes libFuzzer to Python and prefers inputs that reach new branches; plain changes inputs at random.
`--table` counts executions in a file, over all runs; with `--total` each target goes on, in steps of `--runs` (100,000)
with another seed each, until the file has N executions of it.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import pathlib
import sys
from collections.abc import Iterator

from .executions import Table
from .report import Report
from .running import Options, fuzz
from .targets import NAMES


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--runs", type=int, help="executions of each target")
    parser.add_argument("--seconds", type=float, help="seconds for each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=("atheris", "plain"))
    parser.add_argument("--total", type=int, help="executions of each target in the table")
    parser.add_argument("--table", type=pathlib.Path, metavar="FILE", help="counts the executions")
    parser.add_argument("--input", nargs="+", default=[], metavar="FILE")
    given = parser.parse_args()
    if unknown := set(given.targets) - set(NAMES):
        parser.error(f"no target is called {sorted(unknown)}; there are {', '.join(NAMES)}")
    if given.input and len(given.targets) != 1:
        parser.error("--input needs one target")
    if given.total and not given.table:
        parser.error("--total needs --table")
    engine = given.engine or ("atheris" if importlib.util.find_spec("atheris") else "plain")
    seconds = 60.0 if given.runs is None and given.seconds is None and given.total is None else given.seconds
    options = Options(engine, given.runs, seconds, given.seed)
    table = Table(given.table) if given.table else None
    failed = False
    for name in given.targets or NAMES:
        for step in steps(name, options, table, given.total):
            report = fuzz(name, step, tuple(given.input))
            print(describe(report, engine), flush=True)
            failed = failed or bool(report.failures)
            if table is not None:
                table.add(report, engine, step.seed)
    return int(failed)


def steps(name: str, options: Options, table: Table | None, total: int | None) -> Iterator[Options]:
    """The runs of a target: one, or as many as are missing in the table."""
    if table is None or total is None:
        yield options
        return
    longest = options.runs if isinstance(options.runs, int) else 100_000
    while (left := total - table.executions(name, options.engine)) > 0:
        seed = table.next_seed(name, options.engine)
        yield dataclasses.replace(options, runs=min(left, longest), seed=seed)


def describe(report: Report, engine: str) -> str:
    """The report in words."""
    reached = "branches reached" if engine == "atheris" else "kinds and places of outcomes"
    lines = [
        f"{report.target}: {report.executions:,} executions in {report.seconds:.0f} s ({report.cpu:.0f} s of a core), "
        f"{report.coverage:,} {reached}, corpus of {report.corpus}, slowest {report.slowest:.2f} s, "
        f"{report.megabytes} MB",
        "  " + ", ".join(f"{kind} {count:,}" for kind, count in report.outcomes.items()),
    ]
    lines += [f"  FAILED: {what}\n    {path}" for what, path in report.failures.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

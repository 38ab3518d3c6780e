"""Fuzzes readers of files and the native binding, each in a process with limited memory.

    python -m tools.fuzz [TARGET ...] [--runs N] [--seconds S] [--seed K] [--engine atheris|plain]
    python -m tools.fuzz TARGET --input FILE [FILE ...]

Without targets it runs all, without limits each for 60 seconds. Inputs that fail are written to build/fuzz/TARGET/; the
exit status is 1 if there are any. `--input` reads such files again. The engine atheris needs the package of that name,
which takes libFuzzer to Python and prefers inputs that reach new branches; plain changes inputs at random.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys

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
    parser.add_argument("--input", nargs="+", default=[], metavar="FILE")
    given = parser.parse_args()
    if unknown := set(given.targets) - set(NAMES):
        parser.error(f"no target is called {sorted(unknown)}; there are {', '.join(NAMES)}")
    if given.input and len(given.targets) != 1:
        parser.error("--input needs one target")
    engine = given.engine or ("atheris" if importlib.util.find_spec("atheris") else "plain")
    seconds = 60.0 if given.runs is None and given.seconds is None else given.seconds
    options = Options(engine, given.runs, seconds, given.seed)
    failed = False
    for name in given.targets or NAMES:
        report = fuzz(name, options, tuple(given.input))
        print(describe(report, engine), flush=True)
        failed = failed or bool(report.failures)
    return int(failed)


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

"""The command line; the package's docstring explains it."""

from __future__ import annotations

import argparse

import bench.report

from .page import write_page
from .runs import GROUPS, machines, results, run, this_machine


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m bench.report",
        description=bench.report.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default=",".join(GROUPS), help="groups: " + ", ".join(GROUPS) + "; or none")
    parser.add_argument("--machine", default=this_machine(), help="the name of the results' folder and the page")
    options = parser.parse_args()
    chosen = [group for group in options.only.split(",") if group != "none"]
    if unknown := set(chosen) - set(GROUPS):
        parser.error(f"--only: expected some of {', '.join(GROUPS)}, received {', '.join(sorted(unknown))}")
    for group in chosen:
        run(options.machine, group)
    for machine in machines():
        write_page(machine, results(machine))


if __name__ == "__main__":
    main()

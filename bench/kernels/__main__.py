"""The command line; the package's docstring explains it."""

from __future__ import annotations

import argparse
import re
import time

import bench.kernels
import netlet
from bench.harness.floors import Floors
from bench.harness.measure import Measured, measure
from bench.harness.peers import limit_threads
from bench.harness.plot import plot
from bench.harness.results import write_results
from bench.harness.table import as_tables, print_header, print_line, print_summary
from netlet import _core
from netlet.commands.info import cpu_name, describe_machine


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m bench.kernels",
        description=bench.kernels.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("groups", nargs="*", default=bench.kernels.groups(), help=" ".join(bench.kernels.groups()))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="a regular expression that a row's name must hold")
    parser.add_argument("--isa", help="one of " + ", ".join(_core.supported_isas()))
    parser.add_argument("--seconds", type=float, default=0.05, help="spent on each side of each row, at least")
    parser.add_argument("--samples", type=int, default=7, help="of each side of each row, at least; the median counts")
    parser.add_argument("--cpu", action="store_true", help="processor time, for a busy machine; one thread only")
    parser.add_argument("--json", help="a file for the numbers")
    parser.add_argument("--plot", help="a file for the picture (svg, png); only rows that are points of it are run")
    options = parser.parse_args()
    if options.cpu and options.threads > 1:
        parser.error("--cpu counts the processor time of one thread")

    if options.isa:
        _core.force_isa(options.isa)
    netlet.set_num_threads(options.threads)
    clock = time.thread_time if options.cpu else time.perf_counter
    peers = limit_threads(options.threads)
    floors = Floors(options.threads)
    print(describe_machine())
    print("peers:            " + ", ".join(peers))
    print("floors:           " + floors.describe())
    print(f"{options.threads} thread(s) for every side; warm; answers checked; medians of alternating samples.")

    results: dict[str, list[Measured]] = {}
    for group in options.groups:
        print(f"\n{group}")
        print_header()
        chosen = [
            r for r in bench.kernels.rows(group) if re.search(options.only, r.name) and (r.line or not options.plot)
        ]
        for row in chosen:
            results.setdefault(group, []).append(measure(row, floors, options.seconds, options.samples, clock))
            print_line(results[group][-1])
        print_summary(results.get(group, []))

    about = (
        f"{cpu_name()}, {options.threads} thread(s), {_core.active_isa()}; netlet {netlet.__version__}, "
        + ", ".join(peers)
    )
    if options.json:
        write_results(options.json, as_tables(results), threads=options.threads)
    if options.plot:
        plot(options.plot, [m for rows in results.values() for m in rows], about)


if __name__ == "__main__":
    main()

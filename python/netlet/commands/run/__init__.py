"""`python -m netlet run train.py`: runs a Keras script as it is, on netlet."""

from __future__ import annotations

import argparse
import sys

from netlet import compat

from .report import report
from .script import Script

EXAMPLE = """example:
  netlet run train.py --epochs 3        as `python train.py --epochs 3`, on netlet
  netlet run --report train.py          first lists the names of Keras that the script uses"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `netlet run`."""
    parser.add_argument(
        "--report", action="store_true", help="first list the Keras names it uses, and which are missing"
    )
    parser.add_argument("script", help="path of the script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the script")


def run(options: argparse.Namespace) -> int:
    """Runs the script of the command line."""
    return main(options.script, options.arguments, options.report)


def main(path: str, arguments: list[str], with_report: bool = False) -> int:
    """Runs a script as `python path arguments...` does, except that imports of Keras give netlet.

    Processes that the script starts, as those of multiprocessing's "spawn", import the real Keras; forked ones do not.

    Args:
        path: path of the script.
        arguments: those of the script.
        with_report: first lists on standard error which of Keras's names the script uses, and which netlet lacks.

    Returns:
        0; 2 if the script cannot be read. An exception of the script, SystemExit too, leaves this function.
    """
    try:
        script = Script(path)
    except OSError as e:
        print(f"netlet run: can't open file {path!r}: [Errno {e.errno}] {e.strerror}", file=sys.stderr)
        return 2
    if with_report:
        print(report(path, script.source), file=sys.stderr, flush=True)
    compat.install()
    script.run(arguments)
    return 0

"""`netlet bench`: measures netlet's speed relative to NumPy on this machine.

Only NumPy is needed. All results are checked before the timing. netlet and NumPy are timed alternately, after a
warm-up, and the medians are compared. For PyTorch, Keras and ONNX Runtime see bench/ in the source tree.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable

from ..info import describe_machine
from .cases import Case, elementwise, matrix_products, networks
from .timing import alternate, microseconds

EXAMPLE = """example:
  netlet bench --seconds 1              more time for each row, less noise"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `netlet bench`."""
    parser.add_argument(
        "--seconds", type=float, default=0.2, help="time for netlet and for NumPy per row (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> None:
    """Prints the measurements."""
    main(options.seconds)


def print_group(title: str, cases: Iterable[Case], seconds: float) -> list[float]:
    """Prints a table.

    Args:
        title: its title.
        cases: its rows.
        seconds: time for netlet and for NumPy per row.

    Returns:
        The speedups: NumPy's time divided by netlet's.
    """
    print(f"\n{title}")
    print(f"{'':44s}{'netlet us':>12s}{'NumPy us':>12s}{'ratio':>8s}{'GFLOP/s':>9s}")
    ratios = []
    for case in cases:
        ours, numpy = (t / case.calls for t in alternate(case.ours, case.numpy, seconds=seconds))
        ratios.append(numpy / ours)
        rate = f"{case.gflop / case.calls / ours:9.1f}" if case.gflop else " " * 9
        print(f"{case.name:44s}{microseconds(ours):>12s}{microseconds(numpy):>12s}{ratios[-1]:7.1f}x{rate}", flush=True)
    return ratios


def main(seconds: float = 0.2) -> None:
    """Prints all tables.

    Args:
        seconds: time for netlet and for NumPy per row; default 0.2.
    """
    print(describe_machine())
    print(
        "float32, after a warm-up, results checked, medians of alternating runs; NumPy with its own BLAS and threads."
    )
    ratios = print_group("Matrix products (rows x inner x columns)", matrix_products(), seconds)
    ratios += print_group("Elementwise and reductions", elementwise(), seconds)
    ratios += print_group("Networks (ours inside fit, verbose=0)", networks(), seconds)
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    behind = sum(r < 1 for r in ratios)
    print(f"\nGeometric mean {mean:.1f}x NumPy over {len(ratios)} rows; slower than NumPy in {behind}.")

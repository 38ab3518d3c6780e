"""`netlet verify`: checks the guarantees of docs/numerics.md on this machine.

For every instruction set that the processor supports, it checks the errors of the float32 vector functions against
float64, that products of integer matrices are exact, and that 1, 2, 3 and 8 threads give the same bits. Only NumPy is
needed.
"""

from __future__ import annotations

import argparse
import sys

from netlet import _core

from ..info import describe_machine
from .exact import integer_products, same_bits_on_any_threads
from .functions import FUNCTIONS, check_function

EXAMPLE = """example:
  netlet verify --functions exp,log     checks two functions only"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `netlet verify`."""
    parser.add_argument("--exhaustive", action="store_true", help="all 2^32 values of float32; minutes per function")
    parser.add_argument("--functions", default="", metavar="NAME,...", help="check only these vector functions")


def run(options: argparse.Namespace) -> int:
    """Checks; returns 1 if something fails, 2 for an unknown function."""
    try:
        return 1 if main(options.exhaustive, options.functions) else 0
    except ValueError as e:
        print(f"netlet verify: error: {e}", file=sys.stderr)
        return 2


def levels_with_own_functions() -> list[str]:
    """Returns this machine's instruction sets, best first, without those that only add low-precision products."""
    first = {
        _core.kernel_addresses(isa)[0]: isa for isa in _core.supported_isas()
    }  # an instruction set comes before the one that it extends, so the latter remains
    return list(first.values())


def main(exhaustive: bool = False, functions: str = "") -> int:
    """Prints the results of all checks.

    Args:
        exhaustive: whether to test all 2**32 float32 values instead of a sample of each binade, which takes minutes per
            function; default False.
        functions: names of the functions to test, separated by commas; default all functions and the other checks.

    Returns:
        The number of failed checks.

    Raises:
        ValueError: an unknown function.
    """
    chosen = [name.strip() for name in functions.split(",")] if functions else list(FUNCTIONS)
    if unknown := [name for name in chosen if name not in FUNCTIONS]:
        raise ValueError(f"verify: expected functions among {', '.join(FUNCTIONS)}, received {', '.join(unknown)}")
    isas = levels_with_own_functions()
    before = _core.active_isa()
    broken = 0
    print(describe_machine())
    extent = "all 2^32 values" if exhaustive else "a sample of every binade"
    print(f"\nLargest error in ULP of float32, over {extent}, including infinities, NaN and the signs of zeros.")
    print(f"{'':14s}{'bound':>8s}" + "".join(f"{isa:>10s}" for isa in isas) + "   where")
    try:
        for name in chosen:
            results = check_function(name, isas, exhaustive)
            bound = FUNCTIONS[name].bound
            failed = [isa for isa in isas if not results[isa].error <= bound]
            broken += len(failed)
            worst = max(results.values(), key=lambda r: r.error)
            row = f"{name:14s}{bound:8.3f}" + "".join(f"{results[isa].error:10.4f}" for isa in isas)
            print(f"{row}   {worst.at!r}" + (f"   BROKEN on {', '.join(failed)}" if failed else ""), flush=True)
        if not functions:
            print(f"\n{'':38s}" + "".join(f"{isa:>10s}" for isa in isas))
            for title, check in (
                ("integer products, all transposes", integer_products),
                ("same bits on 1, 2, 3, 8 threads", same_bits_on_any_threads),
            ):
                row = f"{title:38s}"
                for isa in isas:
                    _core.force_isa(isa)
                    wrong = check()
                    broken += wrong > 0
                    row += f"{'exact' if not wrong else f'{wrong} WRONG':>10s}"
                print(row, flush=True)
    finally:
        _core.force_isa(before)
    print(
        f"\n{broken} promises broken." if broken else "\nAll promises kept.", file=sys.stderr if broken else sys.stdout
    )
    return broken

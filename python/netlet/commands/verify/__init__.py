"""`netlet verify`: checks what netlet promises on this machine.

For every instruction set that the processor supports, it checks the errors of the float32 vector functions against
float64, that products of integer matrices are exact, and that 1, 2, 3 and 8 threads give the same bits. `--all` checks
each promise of docs/reliability.md that a user's machine can show. Only NumPy is needed.
"""

from __future__ import annotations

import argparse
import sys

from netlet import _core

from ..info import describe_machine
from .functions import FUNCTIONS, check_function
from .integers import integer_products
from .isas import levels_with_own_functions
from .promises import check_promises, numbers
from .threads import same_bits_on_any_threads

EXAMPLE = """examples:
  netlet verify --functions exp,log     checks two functions only
  netlet verify --all                   checks all promises of docs/reliability.md, in minutes
  netlet verify --only 6,16             checks two of them"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `netlet verify`."""
    parser.add_argument("--exhaustive", action="store_true", help="all 2^32 values of float32; minutes per function")
    parser.add_argument("--functions", default="", metavar="NAME,...", help="check only these vector functions")
    parser.add_argument("--all", action="store_true", help="check all promises of docs/reliability.md; minutes")
    parser.add_argument("--only", default="", metavar="NUMBER,...", help="check only these of them")


def run(options: argparse.Namespace) -> int:
    """Checks; returns 1 if something fails, 2 for an unknown function or promise."""
    try:
        if options.all or options.only:
            chosen = numbers(options.only) if options.only else []
            print(describe_machine() + "\n")
            return 1 if said(check_promises(chosen)) else 0
        return 1 if main(options.exhaustive, options.functions) else 0
    except ValueError as e:
        print(f"netlet verify: error: {e}", file=sys.stderr)
        return 2


def said(broken: int) -> int:
    """Prints how many promises are broken, and returns the number."""
    text = f"\n{broken} promises broken." if broken else "\nAll promises kept."
    print(text, file=sys.stderr if broken else sys.stdout)
    return broken


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
    return said(broken)

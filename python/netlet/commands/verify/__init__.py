"""`python -m netlet verify`: does this machine compute what docs/numerics.md promises?

Every instruction set that the processor runs is checked: the vector functions in float32 against float64, products of
integer matrices to the last digit, and that 1, 2, 3 and 8 threads give the same bits. Only NumPy is needed.
"""

from __future__ import annotations

import sys

from netlet import _core

from ..info import describe_machine
from .exact import integer_products, same_bits_on_any_threads
from .functions import FUNCTIONS, check_function


def levels_with_own_functions() -> list[str]:
    """This machine's instruction sets, best first, without those that differ in products of narrow numbers only."""
    first = {_core.kernel_addresses(isa)[0]: isa for isa in _core.supported_isas()}  # a level's base comes after it
    return list(first.values())


def main(exhaustive: bool = False, functions: str = "") -> int:
    """Prints the tables and returns the number of broken promises.

    Args:
        exhaustive: every one of the 2**32 float32 values instead of a sample of each binade; minutes a function.
        functions: only these, separated by commas.

    Raises:
        ValueError: a function that is not known.
    """
    chosen = [name.strip() for name in functions.split(",")] if functions else list(FUNCTIONS)
    if unknown := [name for name in chosen if name not in FUNCTIONS]:
        raise ValueError(f"verify: no function {', '.join(unknown)}; there are {', '.join(FUNCTIONS)}")
    isas = levels_with_own_functions()
    before = _core.active_isa()
    broken = 0
    print(describe_machine())
    extent = "all 2^32 values" if exhaustive else "a sample of every binade"
    print(f"\nLargest error in ULP of float32, over {extent}; infinities, NaN and the signs of zeros included.")
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

"""Promise 3: the vector functions in float32 keep their error bounds."""

from __future__ import annotations

from .functions import FUNCTIONS, check_function
from .isas import forced, levels_with_own_functions


def check() -> list[str]:
    isas = levels_with_own_functions()
    broken = []
    for _ in forced(isas[:1]):  # for the instruction set from before
        for name, function in FUNCTIONS.items():
            for isa, worst in check_function(name, isas).items():
                if not worst.error <= function.bound:
                    broken.append(f"{isa}: {name}({worst.at!r}) errs by {worst.error:.3g} ULP")
    return broken

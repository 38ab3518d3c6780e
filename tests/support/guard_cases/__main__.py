"""Runs the cases with and without guarded launches: `python -m support.guard_cases [first words of names]`.

Prints `case NAME` before each, `wrong NAME: reason` where one fails, and at the end `ran KERNEL` for each kernel that
ran guarded on the instruction set in force. An access outside of the operands ends the process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from netlet import _core
from support.guard_cases import CASES, flat


def values(call: Callable[[], Any]) -> list[tuple[Any, ...]]:
    _core.reset_eager_streams()
    arrays = [np.asarray(_core.as_tensor(result)) for result in flat(call())]
    return [(a.dtype, a.shape, a.tobytes()) for a in arrays]


def complaints(call: Callable[[], Any]) -> Iterator[str]:
    expected = values(call)
    _core.guard_launches(True)
    try:
        found = values(call)
    except RuntimeError as error:
        yield str(error)
        return
    finally:
        _core.guard_launches(False)
    if not expected:
        yield "expected results, received none"
    if len(found) != len(expected):
        yield f"expected {len(expected)} results, received {len(found)}"
    for i, (a, b) in enumerate(zip(found, expected, strict=False)):
        if a != b:
            yield f"result {i}, of shape {b[1]}, is another one than without guards"


def main(chosen: tuple[str, ...]) -> None:
    for name, call in CASES.items():
        if chosen and not name.startswith(chosen):
            continue
        print("case", name, flush=True)
        for complaint in complaints(call):
            print(f"wrong {name}: {complaint}", flush=True)
    for kernel, isa in sorted(_core.guarded_kernels()):
        if isa == _core.active_isa():
            print("ran", kernel)


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))

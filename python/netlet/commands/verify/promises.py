"""The twenty promises of docs/reliability.md, and the checks of those that a user's machine can show."""

from __future__ import annotations

import importlib
import time
from collections.abc import Collection
from typing import NamedTuple

from .child import NotHereError


class Promise(NamedTuple):
    """A promise: its number in docs/reliability.md, the domain that is checked, and the module with the check.

    Without a module it cannot be checked on a user's machine, and `domain` says where it is.
    """

    number: int
    what: str
    domain: str
    module: str = ""


PROMISES = (
    Promise(1, "integers are exact", "products, int8 products, convolutions, pools; every instruction set", "integers"),
    Promise(2, "error of matrix products", "k·u·|A||B|, k = 64 to 8192, float32", "gemm_bound"),
    Promise(3, "error of vector functions", "float32, a sample of every binade", "functions"),
    Promise(4, "stable softmax", "softmax, log-softmax, cross-entropy at ±88, ±1e4, −inf", "softmax"),
    Promise(5, "right gradients", "24 layers and 15 losses, float64, a random direction each", "gradients"),
    Promise(6, "same bits", "7 ops and a training on 1, 2, 3, 8 threads, and twice", "threads"),
    Promise(7, "quantizers", "rounding, saturation, round trips, zero; 1e-42 to 1e30", "quantizers"),
    Promise(8, "no byte outside operands", "15 ops next to inaccessible pages", "guard_pages"),
    Promise(9, "no sanitizer report", "by developers: tools/nightly.sh asan tsan"),
    Promise(10, "fork and Ctrl-C", "5 forks while a thread predicts; Ctrl-C in an epoch", "processes"),
    Promise(11, "bad inputs", "12 ops with 7 layouts and 14 other arrays", "bad_inputs"),
    Promise(12, "64-bit indices", "by developers: tests/runtime/test_huge_arrays.py"),
    Promise(13, "out of memory", "fit, predict, call with 64 MB", "memory"),
    Promise(14, "NaN stops training", "recorded and eager steps", "nonfinite"),
    Promise(15, "killed saves", "10 kills of a process that saves", "saving"),
    Promise(16, "a model file is data", "12 hostile .netlet files, Python's audit events, 64 MB", "files"),
    Promise(17, "the process's modes", "subnormals, rounding, signal handlers, affinity", "host_mode"),
    Promise(18, "accuracy of int8", "the digits, 4 seeds: at most 0.3 points lost in the mean", "int8_accuracy"),
    Promise(19, "CUDA equals the CPU", "by developers: tests/devices, tools/gpu_check.sh"),
    Promise(20, "no flaky test", "by developers: tools/nightly.sh random"),
)


def numbers(text: str) -> list[int]:
    """Reads "3,6".

    Raises:
        ValueError: not numbers of promises.

    >>> numbers("3, 6")
    [3, 6]
    """
    parts = [part.strip() for part in text.split(",")]
    known = {str(promise.number) for promise in PROMISES}
    if unknown := [part for part in parts if part not in known]:
        raise ValueError(
            f"verify: expected numbers of promises from 1 to {len(PROMISES)}, received {', '.join(unknown)}"
        )
    return [int(part) for part in parts]


def check_promises(chosen: Collection[int] = ()) -> int:
    """Checks promises and prints a table.

    Args:
        chosen: their numbers; default all.

    Returns:
        The number of broken promises.
    """
    count = 0
    print(f"{'':3s}{'promise':27s}{'result':9s}{'s':>6s}  checked", flush=True)
    for promise in PROMISES:
        if chosen and promise.number not in chosen:
            continue
        start = time.monotonic()
        result, domain, broken = "kept", promise.domain, []
        try:
            if promise.module:
                broken = importlib.import_module(f".{promise.module}", __package__).check()
            else:
                result = "-"
        except NotHereError as error:
            result, domain = "-", str(error)
        except Exception as error:  # a broken installation may raise anything
            broken = [f"{type(error).__name__}: {error}"]
        if broken:
            result = "BROKEN"
            count += 1
        seconds = f"{time.monotonic() - start:.1f}" if result != "-" else ""
        print(f"{promise.number:2d} {promise.what:27s}{result:9s}{seconds:>6s}  {domain}", flush=True)
        for line in broken[:10]:
            print(f"{'':3s}{line}", flush=True)
    return count

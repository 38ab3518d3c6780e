"""A measurement beside the machine's limit.

On a virtual machine two CPUs are at times the two hardware threads of one core. Two threads then reach the multiply-add
rate of one, for seconds or minutes, and the operating system does not show it. A ruler measures that rate before and
after each measurement, and repeats the measurement while the rate is low.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .floors import Floors

T = TypeVar("T")
LOW = 0.85  # of the best rate seen: below it the machine was not whole


class Ruler:
    """The float32 multiply-add rate of `threads` threads together, measured beside each measurement.

    Args:
        threads: number of threads of every side.
        tries: how often a measurement is taken at most.
        pause: seconds to wait before a measurement is repeated.
    """

    def __init__(self, threads: int, tries: int = 3, pause: float = 2.0) -> None:
        self.floors = Floors(threads)
        self.tries, self.pause = tries, pause
        self.best = max(self._rate() for _ in range(5))

    def _rate(self) -> float:
        return self.floors.rate("float32") or 0.0

    def beside(self, measure: Callable[[], T]) -> tuple[T, float]:
        """Measures, and repeats while the floor was low.

        Returns:
            The measurement with the highest floor beside it, and that floor in GFLOP/s; 0 without a C compiler.
        """
        found: list[tuple[T, float]] = []
        for attempt in range(self.tries):
            if attempt:
                time.sleep(self.pause)
            before = self._rate()
            value = measure()
            rate = min(before, self._rate())
            self.best = max(self.best, rate)
            found.append((value, rate))
            if rate >= LOW * self.best:
                break
        return max(found, key=lambda pair: pair[1])

"""Timing several ways of doing the same thing fairly: alternately, warm, and by the median."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

Work = Callable[[], object]
Clock = Callable[[], float]
SETTLE_SECONDS = 0.03


def calls_per_sample(work: Work, sample_seconds: float, clock: Clock = time.perf_counter) -> int:
    """How many calls make one sample at least `sample_seconds` long, so that the clock's own cost and grain vanish."""
    calls = 1
    while True:
        start = clock()
        for _ in range(calls):
            work()
        elapsed = clock() - start
        if elapsed >= sample_seconds:
            return calls
        calls = max(calls + 1, min(calls * 10, int(calls * 1.2 * sample_seconds / max(elapsed, 1e-9))))


def alternate(
    *works: Work,
    seconds: float = 0.5,
    samples: int = 7,
    sample_seconds: float = 5e-4,
    settle: float = SETTLE_SECONDS,
    clock: Clock = time.perf_counter,
) -> list[float]:
    """Seconds a call of each work, warm: the median of samples that are taken in turn, so that a busy moment of the
    machine meets all of them alike. Takes `samples` samples of each at least, and more until about `seconds` a work
    have passed. `settle`: how long to sleep, and then to run the work untimed, before each sample; 0 will do where no
    side has threads of its own. `clock`: `time.thread_time` counts the processor's time on one thread, for a machine
    that others use too.

    >>> slow, fast = alternate(lambda: sum(range(20000)), lambda: sum(range(200)), seconds=0.01)
    >>> slow > fast
    True
    """
    calls = [calls_per_sample(work, sample_seconds, clock) for work in works]  # also warms up
    taken: list[list[float]] = [[] for _ in works]
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        end = time.perf_counter() + seconds * len(works)
        while len(taken[0]) < samples or time.perf_counter() < end:
            for work, n, times in zip(works, calls, taken, strict=True):
                # Thread pools of the work before spin on for milliseconds and would take this one's processor; and a
                # worker that slept starts on its waker's processor until the system moves it.
                time.sleep(settle)
                settled = time.perf_counter() + max(settle, sample_seconds / 2)
                while time.perf_counter() < settled:
                    work()
                start = clock()
                for _ in range(n):
                    work()
                times.append((clock() - start) / n)
    finally:
        if was_enabled:
            gc.enable()
    return [statistics.median(times) for times in taken]


def microseconds(seconds: float) -> str:
    """
    >>> microseconds(1.5e-6), microseconds(0.0123)
    ('1.50', '12,300')
    """
    us = seconds * 1e6
    return f"{us:,.0f}" if us >= 100 else f"{us:.1f}" if us >= 10 else f"{us:.2f}"

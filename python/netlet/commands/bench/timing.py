"""Timing: of several functions alternately, by the median; of one function, by its shortest call."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

Work = Callable[[], object]
Clock = Callable[[], float]
SETTLE_SECONDS = 0.03
NAP_SECONDS = 5e-3
SPIN_SECONDS = 0.5  # the longest wait for threads that spin


def calls_per_sample(work: Work, sample_seconds: float, clock: Clock = time.perf_counter) -> int:
    """Returns the number of calls that take at least `sample_seconds`, so that the clock's error is negligible.

    Args:
        work: the function.
        sample_seconds: minimum time of a sample.
        clock: function that returns a time in seconds.
    """
    calls = 1
    while True:
        start = clock()
        for _ in range(calls):
            work()
        elapsed = clock() - start
        if elapsed >= sample_seconds:
            return calls
        calls = max(calls + 1, min(calls * 10, int(calls * 1.2 * sample_seconds / max(elapsed, 1e-9))))


def wait_until_idle(limit: float = SPIN_SECONDS) -> None:
    """Sleeps until no other thread of this process computes.

    The threads of a pool spin after their work, and take a CPU from whoever is measured next: those of ONNX Runtime
    1.32 spin for 60 ms, as long as they have a CPU of their own.

    Args:
        limit: seconds to wait at most; default 0.5.

    >>> wait_until_idle()
    """
    end = time.perf_counter() + limit
    while time.perf_counter() < end:
        before = time.process_time()
        time.sleep(NAP_SECONDS)
        if time.process_time() - before < 0.2 * NAP_SECONDS:
            break


def alternate(
    *works: Work,
    seconds: float = 0.5,
    samples: int = 7,
    sample_seconds: float = 5e-4,
    settle: float = SETTLE_SECONDS,
    clock: Clock = time.perf_counter,
) -> list[float]:
    """Measures the time per call of several functions.

    Samples of the functions are taken alternately, so that other load on the machine affects all of them equally.

    Args:
        works: the functions.
        seconds: approximate time per function; default 0.5.
        samples: minimum number of samples per function; default 7.
        sample_seconds: minimum time of a sample, which consists of several calls if they are short; default 0.0005.
        settle: seconds to run the function untimed before each sample, once no thread of the process spins any more. 0,
            without that wait, is sufficient if no function uses threads. Default 0.03.
        clock: function that returns a time in seconds; default `time.perf_counter`. `time.thread_time` measures the CPU
            time of one thread, for machines with other load.

    Returns:
        The median time per call of each function, in seconds.

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
                # Untimed calls first: a function's threads wake up on the CPU of the calling thread, and the system
                # moves them.
                if settle:
                    wait_until_idle()
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


def shortest(work: Work, repeats: int = 1, seconds: float = 0.0, clock: Clock = time.perf_counter) -> float:
    """Measures the shortest time of a call, in seconds: other load on the machine only adds to it.

    Args:
        work: the function. One call before the others is not timed.
        repeats: minimum number of timed calls; default 1.
        seconds: minimum time that they take together; default 0.
        clock: as of `alternate`.

    >>> shortest(lambda: sum(range(20000)), repeats=3) > 0
    True
    """
    work()
    best, calls, end = float("inf"), 0, time.perf_counter() + seconds
    while calls < repeats or time.perf_counter() < end:
        start = clock()
        work()
        best = min(best, clock() - start)
        calls += 1
    return best


def microseconds(seconds: float) -> str:
    """Formats a time in microseconds.

    >>> microseconds(1.5e-6), microseconds(0.0123)
    ('1.50', '12,300')
    """
    us = seconds * 1e6
    return f"{us:,.0f}" if us >= 100 else f"{us:.1f}" if us >= 10 else f"{us:.2f}"

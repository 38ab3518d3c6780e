"""The pool of csrc/base/thread_pool.cpp in simulated time: record after record, their chunks on several threads."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Costs:
    """What threads cost beside the chunks, in seconds.

    Args:
        wake: from the start of a record to the first chunk of its first helper.
        next_wake: the same from helper to helper.
        claim: taking a chunk.
        finish: from the end of the last chunk to the next record.
    """

    wake: float = 1.0e-6
    next_wake: float = 0.1e-6
    claim: float = 0.1e-6
    finish: float = 0.3e-6


def record_seconds(chunks: Sequence[float], threads: int, costs: Costs) -> float:
    """The time of one record.

    Args:
        chunks: the time of each chunk on one thread.
        threads: of the pool, with the calling one.
        costs: of threads.
    """
    helpers = min(len(chunks), threads) - 1
    if helpers <= 0:
        return sum(chunks)
    # When each thread is free: the calling one at once, the helpers as they wake.
    free = [0.0, *(costs.wake + i * costs.next_wake for i in range(helpers))]
    end = 0.0
    for chunk in chunks:
        done = heapq.heappop(free) + costs.claim + chunk
        end = max(end, done)
        heapq.heappush(free, done)
    return end + costs.finish


def step_seconds(records: Sequence[Sequence[float]], threads: int, costs: Costs) -> float:
    """The time of a step: its records in order, each on all threads."""
    return sum(record_seconds(chunks, threads, costs) for chunks in records)


def lost_seconds(chunks: Sequence[float], threads: int, costs: Costs) -> float:
    """What a record takes beyond its share of the work on so many threads."""
    return record_seconds(chunks, threads, costs) - sum(chunks) / threads

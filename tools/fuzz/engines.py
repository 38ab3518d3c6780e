"""The two ways to choose inputs: atheris (libFuzzer), led by the branches that they reach, and a plain loop."""

from __future__ import annotations

import pathlib
import random
import time
from collections.abc import Callable

from .judge import Judge
from .report import LONGEST_INPUT


class Budget:
    """How long to go on: executions, seconds, or whichever ends first."""

    def __init__(self, runs: int | None, seconds: float | None) -> None:
        self._left = runs
        self._end = None if seconds is None else time.monotonic() + seconds

    def spent(self) -> bool:
        """Whether no execution is left; counts one otherwise."""
        if self._left == 0 or (self._end is not None and time.monotonic() > self._end):
            return True
        if self._left is not None:
            self._left -= 1
        return False


def plain(judge: Judge, seeds: list[bytes], budget: Budget, seed: int) -> None:
    """Changes random inputs of a corpus; one that ends in a new exception, or at another line, joins the corpus.

    Half of the changes are to seeds: most of the corpus ends early, and so do changes of it.
    """
    rng = random.Random(seed)
    corpus, known = list(seeds), set()
    waiting = list(dict.fromkeys(seeds))
    while not budget.spent():
        if waiting:
            data = waiting.pop()
        else:
            data = judge.target.change(rng.choice(corpus if rng.randrange(2) else seeds), rng)[:LONGEST_INPUT]
        outcome = judge(data)
        if outcome not in known:
            known.add(outcome)
            corpus.append(data)
    judge.report.corpus, judge.report.coverage = len(corpus), len(known)


def guided(
    judge: Judge, seeds: list[bytes], budget: Budget, seed: int, corpus: pathlib.Path, stop: Callable[[], None]
) -> None:
    """libFuzzer by atheris, with the target's changes for three mutants of four. It never returns but calls `stop`.

    Args:
        judge: runs the inputs.
        seeds: the inputs to begin with.
        budget: when to stop.
        seed: of libFuzzer's random numbers.
        corpus: folder for the inputs that reached something new.
        stop: ends the process.
    """
    import atheris

    corpus.mkdir()
    for number, data in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(data)

    def change(data: bytes, longest: int, number: int) -> bytes:
        rng = random.Random(number)
        if not rng.randrange(4):
            return bytes(atheris.Mutate(data, longest))
        return judge.target.change(data, rng)[:longest]

    def run(data: bytes) -> None:
        if budget.spent():
            judge.write()
            stop()
        judge(data)

    options = [
        f"-seed={seed + 1}",
        f"-max_len={LONGEST_INPUT}",
        "-rss_limit_mb=0",
        "-timeout=1000000",
        "-len_control=0",
    ]
    atheris.Setup(["fuzz", *options, str(corpus)], run, custom_mutator=change)
    atheris.Fuzz()

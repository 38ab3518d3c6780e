"""One row: the answers checked, then all sides and the floor timed in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

import numpy as np

from netlet import _core
from netlet.commands.bench.timing import Clock, Work, alternate

from .floors import Floors
from .row import Case, Row


@dataclass(frozen=True)
class Measured:
    row: Row
    unit: str  # "GFLOP/s" or "GB/s"
    amount: float  # operations or bytes of the row
    seconds: dict[str, float]  # of each side: "plan" and "call" are ours
    floor: float | None  # operations or bytes a second

    @property
    def rates(self) -> dict[str, float]:
        """Of each side and the floor, in `unit`."""
        rates = {side: self.amount / t * 1e-9 for side, t in self.seconds.items()}
        return rates | ({"floor": self.floor * 1e-9} if self.floor else {})

    @property
    def best_peer(self) -> float | None:
        return min((t for side, t in self.seconds.items() if side not in ("plan", "call")), default=None)


def recorded(case: Case, copies: int, *, outputs: bool = False) -> Work:
    """`copies` times ours in one plan. Without outputs a run hands no array over, and times nothing but the kernels."""
    tape = _core.Tape(record=True, grad=case.grad)
    with tape:
        inputs = [
            tape.input(a.shape, str(a.dtype), f"x{i}") if isinstance(a, np.ndarray) else a
            for i, a in enumerate(case.on)
        ]
        if case.grad:
            inputs[0].requires_grad = True
        for _ in range(copies):
            result = case.ours(*inputs)
        results = list(result) if isinstance(result, (tuple, list)) else [result]
        plan = tape.compile(results if outputs else [])
    arrays = [a for a in case.on if isinstance(a, np.ndarray)]
    return lambda: plan.run(arrays)[0]


def check(name: str, side: str, result: Any, case: Case) -> None:
    truths = case.truth if isinstance(case.truth, tuple) else (case.truth,)
    results = result if isinstance(result, (tuple, list)) else (result,)
    for got, truth in zip(results, truths):
        np.testing.assert_allclose(
            np.asarray(got), truth, rtol=case.rtol, atol=case.atol, err_msg=f"{name}: {side} gives another answer"
        )


def sides_of(
    name: str, case: Case, only: Container[str] | None = None, plan_seconds: float = 1e-3
) -> dict[str, tuple[Work, int]]:
    """{side: (call, how often it does the row's work)}; each has been seen to give the right answer. `only`: which.
    plan_seconds: how long a plan may run, as many times as the work goes into it, and at least once."""

    def wanted(side: str) -> bool:
        return only is None or side in only

    sides: dict[str, tuple[Work, int]] = {}

    def call() -> Any:
        return case.ours(*case.on)

    if case.eager and wanted("call"):
        check(name, "netlet", call(), case)
        sides["call"] = call, 1
    if case.recorded and wanted("plan"):
        once = recorded(case, 1, outputs=not case.in_place)
        if not case.in_place:
            check(name, "netlet's plan", once(), case)
        start = time.perf_counter()
        once()
        copies = int(min(max(plan_seconds / (time.perf_counter() - start), 1), 500))
        sides = {"plan": (recorded(case, copies), copies)} | sides
    for side, work in case.peers.items():
        if not wanted(side):
            continue
        check(name, side, work(), case)
        sides[side] = work, 1
    return sides


def measure(row: Row, floors: Floors, seconds: float, samples: int, clock: Clock) -> Measured:
    case = row.make()
    sides = sides_of(row.name, case)
    amount, unit = (case.flops, "GFLOP/s") if case.flops else (case.bytes, "GB/s")
    floor = floors.work(case.floor or ("float32" if case.flops else "copy"), case.bytes)
    works: list[Callable[[], object]] = [work for work, _ in sides.values()]
    times = alternate(
        *works,
        *([floor[0]] if floor else []),
        seconds=seconds,
        samples=samples,
        sample_seconds=2e-3,
        clock=clock,
        **({} if floors.threads > 1 else {"settle": 0.0}),  # nobody has a pool that spins
    )
    return Measured(
        row,
        unit,
        amount,
        {side: t / calls for (side, (_, calls)), t in zip(sides.items(), times)},
        floor[1] / times[-1] if floor else None,
    )

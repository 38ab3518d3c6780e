"""Measures one row: checks the answers, then times all sides and the floor in turns."""

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
    seconds: dict[str, float]  # per side; "plan" and "call" are netlet's
    floor: float | None  # operations or bytes per second

    @property
    def rates(self) -> dict[str, float]:
        """The rate of each side and of the floor, in `unit`."""
        rates = {side: self.amount / t * 1e-9 for side, t in self.seconds.items()}
        return rates | ({"floor": self.floor * 1e-9} if self.floor else {})

    @property
    def best_peer(self) -> float | None:
        return min((t for side, t in self.seconds.items() if side not in ("plan", "call")), default=None)


def recorded(case: Case, copies: int, *, outputs: bool = False) -> Work:
    """A plan that runs `case.ours` `copies` times. Without `outputs` a run returns no arrays, only runs the kernels."""
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
    """Builds the sides of a row and checks each answer. A peer that is wrong is left out, with a line in the output.

    Args:
        name: the row's name, for error messages.
        case: the row's work.
        only: the sides to build; None: all.
        plan_seconds: target duration of one run of the plan. The plan repeats the work until it takes that long; at
            least once.

    Returns:
        {side: (call, how many times one call does the row's work)}.

    Raises:
        AssertionError: netlet gives another answer.
    """

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
        try:
            check(name, side, work(), case)
        except AssertionError as wrong:  # ONNX Runtime's 8-bit products saturate on CPUs without VNNI
            print(f"{side} is left out: {' '.join(str(wrong).split())[:200]}")
            continue
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
        **({} if floors.threads > 1 else {"settle": 0.0}),  # one thread: no side has a pool that spins
    )
    return Measured(
        row,
        unit,
        amount,
        {side: t / calls for (side, (_, calls)), t in zip(sides.items(), times)},
        floor[1] / times[-1] if floor else None,
    )

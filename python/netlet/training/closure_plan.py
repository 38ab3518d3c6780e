"""ClosurePlan: a recorded step of an optimizer that computes the loss several times for one update (LBFGS)."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet import _core
from netlet.optimizers.base.finite import NotFinite

from .own_fields import step_state
from .state import write_scalars

_ALL = 1e9  # seconds


class ClosurePlan:
    """Has the methods of `_core.Plan`; one step runs the plan as often as the optimizer asks for the loss.

    Metrics and logs are those of the first run. All runs of one step have the same step count, so random ops draw the
    same numbers and the loss is a function of the weights.

    Args:
        plan: the plan. It writes the loss and the gradients and changes no weight.
        batch: rows of a batch.
        model: the Trainer.
        optimizers: the optimizers of the step.
        logs: what an overridden step returns, by name, or None.

    Raises:
        ValueError: there is more than one optimizer.
    """

    def __init__(self, plan: _core.Plan, batch: int, model: Any, optimizers: Sequence[Any], logs: Any) -> None:
        if len(optimizers) != 1:
            names = ", ".join(f"'{o.name}'" for o in optimizers)
            raise ValueError(f"Model '{model.name}': expected LBFGS as the only optimizer of a step, received {names}.")
        self._plan, self._batch, self._optimizer = plan, batch, optimizers[0]
        self._count = step_state(model).cell
        logged = [value for value in (logs or {}).values() if isinstance(value, _core.Tensor)]
        self._reported = [*(v._tensor for metric in model.metrics for v in metric.variables), *logged]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plan, name)

    def run_batches(
        self,
        arrays: Any,
        rows: Any = None,
        first: int = 0,
        count: int = 1,
        seconds: float = _ALL,
        outputs: Any = (),
        scalars: Any = (),
    ) -> tuple[int, int]:
        """Makes up to `count` steps; see `_core.Plan.run_batches`.

        Returns:
            (number of steps made, index of the record that stopped the last one or -1).
        """
        end = time.perf_counter() + seconds
        for i in range(count):
            write_scalars(scalars, i)
            record = self._step(functools.partial(self._one, arrays, rows, first + i * self._batch))
            if record >= 0:
                return i, record
            if time.perf_counter() > end:
                return i + 1, -1
        return count, -1

    def _one(self, arrays: Any, rows: Any, first: int) -> int:
        return int(self._plan.run_batches(arrays, rows, first, 1, _ALL, (), ())[1])

    def run(self, arrays: Any, profiled: bool = False) -> tuple[Any, ...]:
        """Makes one step with arrays as they are; with `profiled`, one run of the plan, which changes no weight.

        Returns:
            (no outputs, index of the record that stopped the step or -1).
        """
        if profiled:
            return self._plan.run(arrays, True)
        return (), self._step(lambda: int(self._plan.run(arrays)[1]))

    def _step(self, run: Callable[[], int]) -> int:
        """Makes one step with a function that runs the plan; returns the record that stopped it, or -1."""
        before = np.array(self._count.numpy())
        reported: list[np.ndarray] = []
        stopped = -1

        def loss() -> float:
            nonlocal stopped
            self._count.copy_from(before)
            record = int(run())
            if not reported:
                reported.extend(np.array(t.numpy()) for t in self._reported)
            if record >= 0:
                stopped = record
                return float("inf")
            return float(self._optimizer._loss)

        try:
            self._optimizer.step(loss)
        except NotFinite:
            return stopped
        for tensor, value in zip(self._reported, reported, strict=True):
            tensor.copy_from(value)
        return -1

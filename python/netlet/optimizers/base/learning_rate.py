"""The learning rate of an optimizer: a scalar cell that kernels read, and the values that are written to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.engine.variable import Variable
from netlet.optimizers.schedules.learning_rate_schedule import LearningRateSchedule


class LearningRate:
    """The learning rate of one optimizer.

    Args:
        value: a number, a schedule, or a function without arguments.
        iterations: the optimizer's step count, at which a schedule is evaluated.

    Raises:
        ValueError: value is none of these.
    """

    def __init__(self, value: Any, iterations: Variable) -> None:
        self.cell = Variable(0.0, dtype="float64", trainable=False, name="learning_rate")
        self.source: Any = None  # the schedule or function, if there is one
        self._iterations = iterations
        self.set(value)

    def set(self, value: Any) -> None:
        if callable(value) and not isinstance(value, Variable):
            self.source = value
            return
        number = isinstance(value, (int, float, np.number, np.ndarray, Variable, _core.Tensor))
        if isinstance(value, bool) or not number:
            raise ValueError(
                "Argument `learning_rate` should be float, or an instance of LearningRateSchedule, or a callable. "
                f"Received instead: learning_rate={value!r}"
            )
        self.cell.assign(np.float64(value))

    def times(self, factor: float) -> _core.Tensor:
        """Returns a cell with the current rate times `factor`; the kernels of an update read it."""
        return self.cell._tensor if factor == 1 else _core.multiply(self.cell._tensor, factor)

    def next(self, count: int) -> np.ndarray:
        """Returns the rates of the next `count` steps, (count,) float64, from the schedule or function."""
        if not isinstance(self.source, LearningRateSchedule):
            return np.full(count, float(self.source()))
        first = int(self._iterations)
        steps = np.arange(first, first + count)
        try:
            rates = np.asarray(self.source(steps), dtype=np.float64)
        except (TypeError, ValueError):
            rates = np.empty(0)
        if rates.shape != (count,):  # a user's own schedule may accept only one step at a time
            rates = np.array([float(self.source(int(step))) for step in steps])
        return rates

    def refresh(self) -> None:
        """Writes the current value of the schedule or function to the cell; must be called before an eager step."""
        if self.source is not None:
            self.cell.assign(np.float64(self.next(1)[0]))

    def scalars(self, count: int) -> list[tuple[_core.Tensor, list[float]]]:
        """Returns (cell, its values before each of the next `count` recorded steps); empty for a constant rate."""
        return [] if self.source is None else [(self.cell._tensor, self.next(count).tolist())]

"""Training state outside of layers and optimizers: step count and shuffle order. Also how it is written and reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import _core, random
from netlet.base.device import is_cpu

_FIRST_DRAW = 1 << 40  # beyond the number of any training step


class ShuffleOrder:
    """The order of the rows in each pass, computed from a seed and the number of orders drawn before.

    Both numbers are saved with the model, so that a resumed training shuffles as an uninterrupted one.
    """

    def __init__(self) -> None:
        self._seed: int | None = None
        self._count = 0

    def next(self, count: int, block: int | None = None) -> np.ndarray:
        """Draws the next order.

        Args:
            count: number of rows.
            block: None, or the number of consecutive rows that are permuted among themselves.

        Returns:
            Permutation of range(count), int64.
        """
        if self._seed is None:
            self._seed = random.make_seed()
        order: np.ndarray = _core.permutation(count, self._seed, self._count, block or 0)
        self._count += 1
        return order

    def family(self) -> Callable[[int, int], np.ndarray]:
        """Draws one number for several orders, whose lengths may be unknown yet.

        Returns:
            Function of (number of rows, number of the order in this family) that returns a permutation.
        """
        if self._seed is None:
            self._seed = random.make_seed()
        seed, first = self._seed, (self._count + 1) << 32  # beyond the orders that `next` draws
        self._count += 1
        return lambda count, number: _core.permutation(count, seed, first + number, 0)

    def get(self) -> list[int] | None:
        """[seed, number of orders drawn], for saving; None before the first order."""
        return None if self._seed is None else [self._seed, self._count]

    @property
    def drawn(self) -> int:
        """Number of orders drawn."""
        return self._count

    def set(self, state: Any) -> None:
        """Restores what `get` returned."""
        self._seed, self._count = (None, 0) if state is None else (int(state[0]), int(state[1]))


class StepState:
    """State that all steps of one model share.

    Attributes:
        cell: scalar int64 Tensor, the number of training steps made. Random ops read it; a recorded step increments it.
        draws: the same for evaluation and prediction steps with random ops, e.g. a dropout that is always active. So
            they draw other numbers for each batch, and training does not depend on them.
        shuffle: the order of the rows.
        tried: trial calls that made weights: "call", or the mode of an overridden step with the optimizer that it
            was tried with.
    """

    def __init__(self) -> None:
        self.cell = _core.tensor(0, dtype="int64")
        self.draws = _core.tensor(_FIRST_DRAW, dtype="int64")
        self.shuffle = ShuffleOrder()
        self.tried: dict[str, Any] = {}

    @property
    def step(self) -> int:
        """Number of training steps made."""
        return int(self.cell.numpy().item())

    @step.setter
    def step(self, value: int) -> None:
        self.cell.copy_from(np.asarray(value, np.int64))

    def get(self) -> dict[str, Any]:
        """The state for saving: {"step", "shuffle"}."""
        return {"step": self.step, "shuffle": self.shuffle.get()}

    def set(self, state: dict[str, Any]) -> None:
        """Restores what `get` returned."""
        self.step = int(state["step"])
        self.shuffle.set(state["shuffle"])


def write_scalars(scalars: Any, index: int) -> None:
    """Writes what a step reads from scalar cells, such as the learning rate.

    Args:
        scalars: [(cell, values of several steps), ...].
        index: the step among these.
    """
    for cell, values in scalars:
        cell.copy_from(np.asarray(values[index], np.float64))


class MetricReset:
    """Resets a fixed list of metrics many times with little work.

    It fills the variables of netlet's metrics with zeros, and calls `reset_state` of metrics from other classes and of
    those on a GPU.

    Args:
        metrics: the metrics.
    """

    def __init__(self, metrics: list[Any]) -> None:
        self._cells: list[np.ndarray] = []
        self._others: list[Any] = []
        for metric in metrics:
            if self._is_plain(metric) and all(is_cpu(v._tensor.device) for v in metric.variables):
                self._cells += [v._tensor.writable() for v in metric.variables]
            else:
                self._others.append(metric)

    def __call__(self) -> None:
        for cell in self._cells:
            cell[...] = 0
        for metric in self._others:
            metric.reset_state()

    @classmethod
    def _is_plain(cls, metric: Any) -> bool:
        """Whether `reset_state` of the metric and its inner metrics is netlet's, which fills variables with zeros."""
        # The variables of all of netlet's metrics start at zero.
        own = getattr(type(metric).reset_state, "__module__", "").startswith("netlet.metrics.")
        return own and all(cls._is_plain(inner) for inner in metric._metrics)

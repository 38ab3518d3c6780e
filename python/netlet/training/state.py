"""The state of training that belongs to no layer and no optimizer: step count, order of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, random


class ShuffleOrder:
    """The order of the rows in each pass: a pure function of (seed, how many orders came before).

    Both numbers are saved with the model, so a resumed training shuffles as the unbroken one would have.
    """

    def __init__(self) -> None:
        self._seed: int | None = None
        self._count = 0

    def next(self, count: int, block: int | None = None) -> np.ndarray:
        """A permutation of range(count); with `block`, each run of so many numbers is permuted by itself."""
        if self._seed is None:
            self._seed = random.make_seed()
        rng = np.random.Generator(np.random.Philox(key=self._seed, counter=[0, 0, 0, self._count]))
        self._count += 1
        if block is None:
            return rng.permutation(count)
        return np.concatenate([first + rng.permutation(min(block, count - first)) for first in range(0, count, block)])

    def get(self) -> list[int] | None:
        return None if self._seed is None else [self._seed, self._count]

    def set(self, state: Any) -> None:
        self._seed, self._count = (None, 0) if state is None else (int(state[0]), int(state[1]))


class StepState:
    """What the steps of one model share.

    Attributes:
        cell: an int64 Tensor, the number of training steps made. Random ops read it; a recorded step advances it.
        shuffle: the order of the rows.
        tried: what has been tried to make the weights: "call", or the mode of a step of the model's own with the
            optimizer that it was tried with.
    """

    def __init__(self) -> None:
        self.cell = _core.tensor(0, dtype="int64")
        self.shuffle = ShuffleOrder()
        self.tried: dict[str, Any] = {}

    @property
    def step(self) -> int:
        return int(self.cell.numpy().item())

    @step.setter
    def step(self, value: int) -> None:
        self.cell.copy_from(np.asarray(value, np.int64))

    def get(self) -> dict[str, Any]:
        """What a file keeps."""
        return {"step": self.step, "shuffle": self.shuffle.get()}

    def set(self, state: dict[str, Any]) -> None:
        self.step = int(state["step"])
        self.shuffle.set(state["shuffle"])


class MetricReset:
    """Resets a fixed list of metrics again and again, at the cost of a few assignments.

    A metric whose own class says how it is reset is asked to do so; the others are cells to fill with zeros.
    """

    def __init__(self, metrics: list[Any]) -> None:
        self._cells: list[np.ndarray] = []
        self._others: list[Any] = []
        for metric in metrics:
            if self._is_plain(metric):
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
        # All of netlet's own metrics begin with zeros.
        own = getattr(type(metric).reset_state, "__module__", "").startswith("netlet.metrics.")
        return own and all(cls._is_plain(inner) for inner in metric._metrics)

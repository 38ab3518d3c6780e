"""Rows of training data, and native calls that run recorded steps over them."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from .steps import dense

_SLICE = 0.1  # seconds of one native call; Python handles signals in between


class Rows:
    """Training data: X and what belongs to its rows.

    Args:
        x: (rows, features), contiguous, or a sparse matrix whose batches become dense one at a time.
        others: y, then the sample weights if there are any, then the offset of a Poisson loss.
        dtype: that of a batch of X.
    """

    def __init__(self, x: Any, others: list[np.ndarray], dtype: Any) -> None:
        self.sparse = hasattr(x, "toarray")
        self.x = x.tocsr() if self.sparse else x
        self.others, self.dtype = others, dtype
        self.count = int(x.shape[0])

    @property
    def weighted(self) -> int:
        """Number of arrays beside X and y: plans differ by it."""
        return len(self.others) - 1

    def example(self) -> list[np.ndarray]:
        """Arrays with the columns and dtypes of a batch."""
        return [dense(self.x[:1], self.dtype) if self.sparse else self.x, *self.others]

    def taken(self, rows: np.ndarray) -> Rows:
        """Some of the rows."""
        return Rows(self.x[rows], [array[rows] for array in self.others], self.dtype)

    def run(
        self, plan: _core.Plan, order: np.ndarray | None, first: int, batch: int, count: int, scalars: Any
    ) -> np.ndarray:
        """Runs `count` steps over rows [first, first + count * batch) of an order; returns the loss of each.

        Args:
            plan: a step of `batch` rows.
            order: row numbers; None for the rows as they are.
            first: place in the order of the first row.
            batch: rows of a step.
            count: number of steps.
            scalars: [(cell, value for each step), ...].
        """
        losses = np.empty((first + count * batch, 1))
        if self.sparse:
            for i in range(count):
                begin = first + i * batch
                rows = slice(begin, begin + batch) if order is None else order[begin : begin + batch]
                arrays = [dense(self.x[rows], self.dtype), *(array[rows] for array in self.others)]
                values = [(cell, [all_values[i]]) for cell, all_values in scalars]
                plan.run_batches(arrays, None, 0, 1, 1e9, [losses[begin : begin + batch]], values)
        else:
            _in_slices(plan, [self.x, *self.others], order, first, batch, count, losses, scalars)
        return losses[first::batch, 0]


def _in_slices(
    plan: _core.Plan,
    arrays: list[np.ndarray],
    order: np.ndarray | None,
    first: int,
    batch: int,
    count: int,
    losses: np.ndarray,
    scalars: Any,
) -> None:
    """Native calls of about `_SLICE` seconds."""
    done = 0
    while done < count:
        values = [(cell, all_values[done:]) for cell, all_values in scalars]
        ran, _ = plan.run_batches(arrays, order, first + done * batch, count - done, _SLICE, [losses], values)
        done += ran


class Order:
    """The order of the rows in each epoch, drawn as scikit-learn draws it: each shuffles the one before.

    Args:
        count: number of rows.
        random_state: a RandomState; None leaves the rows as they are.
    """

    def __init__(self, count: int, random_state: np.random.RandomState | None) -> None:
        self._rows, self._random_state = np.arange(count), random_state

    def next(self, epochs: int) -> np.ndarray | None:
        """(epochs * rows,) the row numbers of the next epochs; None for one epoch of the rows as they are."""
        if self._random_state is None:
            return None if epochs == 1 else np.tile(self._rows, epochs)
        drawn = []
        for _ in range(epochs):
            places = np.arange(len(self._rows))
            self._random_state.shuffle(places)
            self._rows = self._rows[places]
            drawn.append(self._rows)
        return np.concatenate(drawn)

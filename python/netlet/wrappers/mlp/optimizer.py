"""The optimizers of a perceptron: Adam, and SGD with scikit-learn's schedules of the learning rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from .weights import Weights

_LEAST_RATE = 1e-6  # below it, "adaptive" stops instead of dividing


class StochasticOptimizer:
    """The state of an optimizer between two calls of `partial_fit`. It pickles as arrays.

    Args:
        estimator: the perceptron whose arguments it follows.
        weights: what it will update.

    Attributes:
        learning_rate: the current rate.
    """

    def __init__(self, estimator: Any, weights: Weights) -> None:
        self.solver, self.schedule, self.power_t = estimator.solver, estimator.learning_rate, estimator.power_t
        self.learning_rate_init = float(estimator.learning_rate_init)
        self.learning_rate = self.learning_rate_init
        adam = self.solver == "adam"
        momentum = (float(estimator.momentum), bool(estimator.nesterovs_momentum))
        self._own = (estimator.beta_1, estimator.beta_2, estimator.epsilon) if adam else momentum
        self._slots = [weights.zeros() for _ in range(2 if adam else int(estimator.momentum > 0))]
        self._rate, self._iteration = _core.tensor(np.array(0.0)), _core.tensor(np.array(0, np.int64))

    def __getstate__(self) -> dict[str, Any]:
        tensors = [*self._slots, self._rate, self._iteration]
        return {**vars(self), "_slots": [np.array(t.numpy()) for t in tensors], "_rate": None, "_iteration": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        *self._slots, self._rate, self._iteration = map(_core.tensor, state["_slots"])

    def fits(self, weights: Weights) -> bool:
        """Whether its state is that of weights of this size and dtype."""
        return all(slot.size == weights.params.size and slot.dtype == weights.dtype for slot in self._slots)

    def emit(self, weights: Weights) -> None:
        """Emits the update of all weights; see `netlet.optimizers.Adam` and `SGD` for the formulas."""
        params, grads, cells = weights.params, weights.grads, (self._rate, self._iteration)
        if self.solver == "adam":
            m, v = self._slots
            _core.adam_update(params, grads, m, v, None, *cells, *self._own)
        else:
            _core.sgd_update(params, grads, self._slots[0] if self._slots else None, *cells, *self._own)
        _core.increment(self._iteration)

    def scalars(self, seen: int, rows: int, epochs: int, steps: int) -> list[tuple[_core.Tensor, list[float]]]:
        """What each of the next steps reads: the learning rate.

        Args:
            seen: training rows seen before.
            rows: rows of an epoch.
            epochs: number of epochs.
            steps: steps of an epoch.
        """
        rates = [self.learning_rate, *(self._rate_after(seen + e * rows) for e in range(1, epochs))]
        return [(self._rate, list(np.repeat(rates, steps)))]

    def epochs_end(self, seen: int) -> None:
        """Sets the rate of the next epoch, after `seen` training rows."""
        self.learning_rate = self._rate_after(seen)

    def _rate_after(self, seen: int) -> float:
        if self.solver == "sgd" and self.schedule == "invscaling":
            return float(self.learning_rate_init / (seen + 1) ** self.power_t)
        return self.learning_rate

    def stops(self, message: str, verbose: Any) -> bool:
        """Whether training stops, since it did not improve; else the rate has been divided by 5.

        Args:
            message: what did not improve.
            verbose: whether to print what is done.
        """
        adaptive = self.solver == "sgd" and self.schedule == "adaptive"
        stops = not adaptive or self.learning_rate <= _LEAST_RATE
        if not stops:
            self.learning_rate /= 5.0
        if verbose:
            small = " Learning rate too small." if adaptive else ""
            print(
                f"{message}{small} Stopping." if stops else f"{message} Setting learning rate to {self.learning_rate:f}"
            )
        return stops

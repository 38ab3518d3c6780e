"""Training by SGD or Adam: epochs, and when they stop."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from netlet import _core

from .batches import Order, Rows
from .optimizer import StochasticOptimizer
from .steps import Network, record_step
from .weights import Weights

_AHEAD = 1 << 16  # most rows of the epochs that one native call runs


class Training:
    """The weights of a perceptron in training and its recorded steps. It is never pickled.

    Args:
        network: what a step computes.
        units: sizes of the layers.
        dtype: that of the weights.
    """

    def __init__(self, network: Network, units: tuple[int, ...], dtype: str) -> None:
        self.key = (network, units, dtype)
        self.network, self.weights = network, Weights(units, dtype)
        self.optimizer: StochasticOptimizer | None = None
        self._plans: dict[tuple[int, int], _core.Plan] = {}

    def use(self, optimizer: StochasticOptimizer) -> None:
        """Makes the next steps update the weights by this optimizer."""
        if optimizer is not self.optimizer:
            self.optimizer = optimizer
            self._plans.clear()

    def plan(self, rows: Rows, batch: int) -> _core.Plan:
        """The step of a number of rows."""
        key = (batch, rows.weighted)
        if key not in self._plans:
            self._plans[key] = record_step(self.network, self.weights, rows.example(), batch, self.optimizer)
        return self._plans[key]

    def __reduce__(self) -> Any:
        return type(self), self.key


class Validation(NamedTuple):
    """The rows that early stopping set aside: X, y as given to `fit`, and weights or None."""

    x: Any
    y: np.ndarray
    weight: np.ndarray | None


def run_epochs(
    estimator: Any, training: Training, rows: Rows, validation: Validation | None, incremental: bool
) -> None:
    """Trains until the loss or the validation score stops improving, as scikit-learn decides it.

    Args:
        estimator: the perceptron: its arguments, and the attributes that describe the training.
        training: the weights.
        rows: the training data.
        validation: for early stopping, or None.
        incremental: whether to train one epoch only.
    """
    batch = _batch_size(estimator, rows.count)
    order = Order(rows.count, estimator._random_state if estimator.shuffle else None)
    estimator.n_iter_ = 0
    left = 1 if incremental else estimator.max_iter
    try:
        while left > 0:
            one_by_one = validation is not None or estimator.verbose or rows.count % batch
            epochs = 1 if one_by_one else _epochs_ahead(estimator, left, rows.count)
            for loss in _losses(training, rows, order, batch, epochs, estimator.t_):
                _note(estimator, training, loss, rows.count, validation)
            left -= epochs
            training.optimizer.epochs_end(estimator.t_)  # type: ignore[union-attr]
            if estimator._no_improvement_count > estimator.n_iter_no_change and _stops(estimator, training):
                return
        if not incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization "
                "hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=4)


def _batch_size(estimator: Any, count: int) -> int:
    if estimator.batch_size == "auto":
        return min(200, count)
    if estimator.batch_size > count:
        warnings.warn(
            f"Argument `batch_size` of {type(estimator).__name__}: expected at most the {count} training rows, "
            f"received {estimator.batch_size}. It is going to be clipped.",
            stacklevel=5,
        )
    return min(int(estimator.batch_size), count)


def _epochs_ahead(estimator: Any, left: int, count: int) -> int:
    """Epochs of which only the last can end the training: each adds at most 1 to the epochs without improvement."""
    until = estimator.n_iter_no_change - estimator._no_improvement_count + 1
    return int(max(1, min(left, until, _AHEAD // max(count, 1))))


def _losses(training: Training, rows: Rows, order: Order, batch: int, epochs: int, seen: int) -> np.ndarray:
    """Trains some epochs in one native call, or one in two if its last batch is short; returns the loss of each."""
    optimizer = training.optimizer
    assert optimizer is not None
    count, steps = rows.count, rows.count // batch
    scalars = optimizer.scalars(seen, count, epochs, steps)
    drawn = order.next(epochs)
    losses = rows.run(training.plan(rows, batch), drawn, 0, batch, epochs * steps, scalars)
    sums = losses.reshape(epochs, steps).sum(axis=1) * batch
    if rest := count - steps * batch:
        last = rows.run(training.plan(rows, rest), drawn, steps * batch, rest, 1, scalars)
        sums += last[0] * rest
    return np.asarray(sums / count)


def _note(estimator: Any, training: Training, loss: float, count: int, validation: Validation | None) -> None:
    """Sets the attributes that describe an epoch."""
    estimator.n_iter_ += 1
    estimator.t_ += count
    estimator.loss_ = float(loss)
    estimator.loss_curve_.append(estimator.loss_)
    if estimator.verbose:
        print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
    if validation is None:
        improved = not estimator.loss_ > estimator.best_loss_ - estimator.tol
        estimator.best_loss_ = min(estimator.best_loss_, estimator.loss_)
    else:
        improved = _validate(estimator, training, validation)
    estimator._no_improvement_count = 0 if improved else estimator._no_improvement_count + 1


def _validate(estimator: Any, training: Training, validation: Validation) -> bool:
    """Scores the epoch, saves the best weights, and returns whether it improved."""
    score = estimator._validation_score(training, validation)
    estimator.validation_scores_.append(score)
    if estimator.verbose:
        print(f"Validation score: {score:f}")
    improved = not score < estimator.best_validation_score_ + estimator.tol
    if score > estimator.best_validation_score_:
        estimator.best_validation_score_ = score
        estimator._best_weights = training.weights.read()
    return improved


def _stops(estimator: Any, training: Training) -> bool:
    """Whether training ends after `n_iter_no_change` epochs without improvement."""
    what = "Validation score" if estimator.early_stopping else "Training loss"
    message = (
        f"{what} did not improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} consecutive epochs."
    )
    assert training.optimizer is not None
    if training.optimizer.stops(message, estimator.verbose):
        return True
    estimator._no_improvement_count = 0
    return False

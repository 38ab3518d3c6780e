"""LearningRateFinder."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from .callback import Callback, Logs


class LearningRateFinder(Callback):
    """Tries a larger learning rate in each batch, to find the one to train with (Smith, 2017, section 3.3).

    From `min_learning_rate` on, each rate is a constant factor times the one before. The sweep ends with
    `max_learning_rate`, or when the loss has become `divergence` times the smallest one; `fit` then stops. At its end
    the model, its optimizer and the order of the next shuffles are what they were before `fit`.

    A loss here is an average of the losses of the batches so far, with weights that fall by `smoothing` from batch to
    batch, divided by the sum of the weights (as in Adam).

    Args:
        min_learning_rate: the first rate; default 1e-7.
        max_learning_rate: the last rate; default 10.
        steps: number of batches of a whole sweep; default 100. `fit` must run as many: `epochs` times the batches of an
            epoch.
        smoothing: decay rate of the average, in [0, 1); default 0.9.
        divergence: the factor that ends the sweep; default 4. None for a sweep to the last rate.

    Attributes:
        learning_rates: list of the rates that were tried.
        losses: list of their losses.

    Raises:
        ValueError: a value outside its range; when training begins, the optimizer has a schedule or no learning rate.

    Example:

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> finder = LearningRateFinder(1e-4, 1e3, steps=50)
    >>> history = model.fit(np.ones((32, 3)), np.ones(32), batch_size=2, epochs=4, verbose=0, callbacks=[finder])
    >>> 1e-4 < finder.suggestion() < 1.0
    True
    """

    handles_nan = True  # a loss that is not finite ends the sweep

    def __init__(
        self,
        min_learning_rate: float = 1e-7,
        max_learning_rate: float = 10.0,
        steps: int = 100,
        smoothing: float = 0.9,
        divergence: float | None = 4.0,
    ) -> None:
        super().__init__()
        if not 0 < min_learning_rate < max_learning_rate:
            raise ValueError(
                "Arguments `min_learning_rate` and `max_learning_rate`: expected 0 < min < max, received "
                f"{min_learning_rate} and {max_learning_rate}."
            )
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 2:
            raise ValueError(f"Argument `steps` must be an integer >= 2. Received: steps={steps}")
        if not 0 <= smoothing < 1:
            raise ValueError(f"Argument `smoothing` must be in [0, 1). Received: smoothing={smoothing}")
        if divergence is not None and not divergence > 1:
            raise ValueError(f"Argument `divergence` must be above 1 or None. Received: divergence={divergence}")
        self.min_learning_rate, self.max_learning_rate, self.steps = min_learning_rate, max_learning_rate, steps
        self.smoothing, self.divergence = smoothing, divergence
        self.learning_rates: list[float] = []
        self.losses: list[float] = []
        self._average = 0.0
        self._done = False
        self._before: Any = None

    def on_train_begin(self, logs: Logs = None) -> None:
        model = self.model
        optimizer = model.optimizer
        if not hasattr(optimizer, "learning_rate") or callable(getattr(optimizer._rate, "source", None)):
            raise ValueError(
                f"LearningRateFinder: expected an optimizer with a number as its learning rate, received {optimizer}, "
                "which has a schedule or several learning rates."
            )
        optimizer.build(model.trainable_variables)
        self.learning_rates, self.losses, self._average, self._done = [], [], 0.0, False
        variables = [*model.variables, *optimizer.variables]
        self._before = [(v, v.numpy()) for v in variables], model.get_training_state()

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        if self._done:
            return
        fraction = len(self.learning_rates) / (self.steps - 1)
        rate = self.min_learning_rate * (self.max_learning_rate / self.min_learning_rate) ** fraction
        self.model.optimizer.learning_rate = rate
        self.learning_rates.append(rate)
        self.model.reset_metrics()  # so that the logs have the loss of this batch alone

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._done:
            return
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            self.learning_rates.pop()
            return self._stop()
        count = len(self.learning_rates)
        self._average = self.smoothing * self._average + (1 - self.smoothing) * loss
        self.losses.append(self._average / (1 - self.smoothing**count))
        if self._diverged() or count == self.steps:
            self._stop()

    def _diverged(self) -> bool:
        """Whether the loss is far above its minimum, without the first tenth of the steps: averages of few batches."""
        losses = self.losses[self.steps // 10 :]
        return self.divergence is not None and bool(losses) and losses[-1] > self.divergence * min(losses)

    def _stop(self) -> None:
        self._done = self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        variables, state = self._before
        for variable, value in variables:
            variable.assign(value)
        drawn = self.model.get_training_state()["shuffle"]
        if state["shuffle"] is None and drawn is not None:
            state["shuffle"] = [drawn[0], 0]  # `fit` has drawn the seed of the shuffles: the next one uses it too
        self.model.set_training_state(state)
        self.model.reset_metrics()
        self._before = None

    def suggestion(self) -> float:
        """The rate at which the loss falls fastest over the logarithm of the rate, before its minimum.

        The slope is that of a line through the losses of a fifth of the rates. The first losses, at most a third, are
        left out, because they are averages of few batches.

        Returns:
            float, one of `learning_rates`.

        Raises:
            ValueError: fewer than three rates were tried with a finite loss.
        """
        count = len(self.losses)
        if count < 3:
            raise ValueError(
                f"LearningRateFinder: expected at least 3 finite losses for a suggestion, received {count}. Train with "
                "it first, with a smaller `min_learning_rate`."
            )
        losses = np.asarray(self.losses)
        half = max(1, count // 10)
        around = np.arange(-half, half + 1)
        # The least-squares slopes but for a factor, since the logarithms of the rates are evenly spaced.
        slopes = np.convolve(losses, around[::-1], "valid")
        first = max(half, count // 10, min(count // 3, round(2 / (1 - self.smoothing))))
        last = max(int(np.argmin(losses[first:])) + first, first + 1)
        middle = np.arange(first, min(last, count - half))
        return float(self.learning_rates[int(middle[np.argmin(slopes[middle - half])])])

    def plot(self, ax: Any = None) -> Any:
        """Draws the losses over the rates and marks the suggestion; needs `netlet[plot]`.

        Args:
            ax: matplotlib axes to draw into; None (the default): new ones.

        Returns:
            The axes.
        """
        # Plots are above callbacks, so they are imported when they are used.
        return importlib.import_module("netlet.plots").learning_rate_sweep(self, ax)

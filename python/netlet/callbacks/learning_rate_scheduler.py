"""LearningRateScheduler."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from netlet.base.messages import print_msg

from .callback import Callback, Logs
from .learning_rates import log_learning_rates, optimizers_by_suffix


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch to the result of a function.

    Adds "learning_rate", the rate of the epoch, to the logs. It sets the rate of each optimizer in a MultiOptimizer,
    and then adds "learning_rate_" and the optimizer's name.

    Args:
        schedule: function of the epoch (from 0) and the current rate, or of the epoch alone. It returns a float.
        verbose: 1 prints each new rate; default 0.

    Raises:
        ValueError: the function does not return a float, or the optimizer has no learning rate.

    Source: Keras 3 `keras.callbacks.LearningRateScheduler`.

    Example:

    >>> callback = LearningRateScheduler(lambda epoch, rate: rate if epoch < 10 else rate * 0.9)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        for suffix, optimizer in optimizers_by_suffix(self.model).items():
            try:
                rate = self.schedule(epoch, float(optimizer.learning_rate))
            except TypeError:
                rate = self.schedule(epoch)
            if not isinstance(rate, (float, np.float32, np.float64)):
                raise ValueError(f"The output of the `schedule` function should be a float. Got: {rate}")
            optimizer.learning_rate = rate
            if self.verbose > 0:
                name = f"{optimizer.name} " if suffix else ""
                print_msg(f"\nEpoch {epoch + 1}: LearningRateScheduler setting {name}learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if logs is not None:
            log_learning_rates(self.model, logs)

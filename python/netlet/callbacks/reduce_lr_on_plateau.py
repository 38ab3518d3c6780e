"""ReduceLROnPlateau."""

from __future__ import annotations

import warnings

from netlet.base.messages import print_msg

from .callback import Logs
from .learning_rates import log_learning_rates, optimizers_by_suffix
from .monitor import MonitorCallback, available


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` when a quantity has not improved for `patience` epochs.

    Adds "learning_rate", the rate of the epoch, to the logs. It reduces the rate of each optimizer in a MultiOptimizer,
    and then adds "learning_rate_" and the optimizer's name.

    Args:
        monitor: name of the quantity in the logs; default "val_loss".
        factor: factor of the learning rate, in (0, 1); default 0.1.
        patience: number of epochs without improvement after which the rate is reduced; default 10.
        verbose: 1 prints each new rate; default 0.
        mode: "min" if smaller values are better, "max" if larger values are; default "auto", see `MonitorCallback`.
        min_delta: smallest absolute change that counts as an improvement; default 1e-4.
        cooldown: number of epochs after a reduction that are ignored; default 0.
        min_lr: the smallest rate; default 0.

    Raises:
        ValueError: factor >= 1.
        TypeError: an unknown argument, such as `epsilon`, the old name of `min_delta`.

    Source: Keras 3 `keras.callbacks.ReduceLROnPlateau`.

    Example:

    >>> callback = ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=5, min_lr=0.001)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: object,
    ) -> None:
        if kwargs:  # Keras accepts them for old names and ignores them
            raise TypeError(f"ReduceLROnPlateau: expected Keras 3's arguments, received also {sorted(kwargs)}.")
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau does not support a factor >= 1.0. Received factor={factor}")
        self.factor = factor
        self.min_lr = min_lr
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.monitor_op is None:
            self._set_monitor_op()
        logs = {} if logs is None else logs
        log_learning_rates(self.model, logs)
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"Learning rate reduction is conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {available(logs)}.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        reduced = False
        for suffix, optimizer in optimizers_by_suffix(self.model).items():
            old = float(optimizer.learning_rate)
            if old <= self.min_lr:
                continue
            new = max(old * self.factor, self.min_lr)
            optimizer.learning_rate = new
            reduced = True
            if self.verbose > 0:
                name = f"{optimizer.name} " if suffix else ""
                print_msg(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing {name}learning rate to {new}.")
        if reduced:
            self.cooldown_counter = self.cooldown
            self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether epochs are ignored after a reduction.

        Returns:
            bool.
        """
        return self.cooldown_counter > 0

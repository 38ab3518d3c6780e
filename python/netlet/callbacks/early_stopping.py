"""EarlyStopping."""

from __future__ import annotations

import warnings
from typing import Any

from netlet.base.messages import print_msg

from .callback import Logs
from .monitor import MonitorCallback, available


class EarlyStopping(MonitorCallback):
    """Stops training when a quantity has not improved for `patience` epochs.

    Args:
        monitor: name of the quantity in the logs; default "val_loss".
        min_delta: smallest absolute change that counts as an improvement; default 0.
        patience: number of epochs without improvement after which training stops; default 0.
        verbose: 1 prints a message when training stops; default 0.
        mode: "min" if smaller values are better, "max" if larger values are; default "auto", see `MonitorCallback`.
        baseline: only improvements to a value better than this restart the count of epochs; None (the default) for all.
        restore_best_weights: whether to restore the weights of the best epoch at the end, also if all epochs were run;
            False by default.
        start_from_epoch: number of epochs at the beginning that are ignored; default 0.

    Source: Keras 3 `keras.callbacks.EarlyStopping`; Prechelt, "Early Stopping - But When?", 1998.

    Example:

    >>> callback = EarlyStopping(monitor="loss", patience=3, restore_best_weights=True)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.wait = 0
        self.stopped_epoch = 0
        self.restore_best_weights = restore_best_weights
        self.best_weights: Any = None
        self.best_epoch = 0
        self.start_from_epoch = start_from_epoch

    def on_train_begin(self, logs: Logs = None) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_weights = None
        self.best_epoch = 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.monitor_op is None:
            self._set_monitor_op()
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)  # nothing saved yet: these are the best so far, even if they are NaN
        self.wait += 1
        if self._is_improvement(current, self.best):
            self.best = current
            self.best_epoch = epoch
            if self.restore_best_weights:
                self._keep(epoch)
            if self.baseline is None or self._is_improvement(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_weights = self.model.get_weights()
        self.best_epoch = epoch

    def on_train_end(self, logs: Logs = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print_msg(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print_msg(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: Logs) -> Any:
        """The monitored value; warns if the logs do not have it.

        Args:
            logs: the logs of an epoch.

        Returns:
            float, or None if the logs do not have it.
        """
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"Early stopping conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {available(logs)}",
                stacklevel=2,
            )
        return value

"""History: the logs of all epochs, which `fit` returns."""

from __future__ import annotations

from typing import Any

from .callback import Callback, Logs


class History(Callback):
    """Stores the logs of every epoch. `fit` adds one and returns it.

    Attributes:
        history: dict of name to a list with one value for each epoch ("loss", "val_loss", ...).
        epoch: list of the epochs' numbers, from 0.

    Source: Keras 3 `keras.callbacks.History`.

    Example:

    >>> history = History()
    >>> history.on_epoch_end(0, {"loss": 0.5})
    >>> history.history
    {'loss': [0.5]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []
        self._logged: dict[str, list[int]] = {}  # the epochs of each value: validation may run in few of them

    def on_train_begin(self, logs: Logs = None) -> None:
        self.epoch, self._logged = [], {}

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
            self._logged.setdefault(name, []).append(epoch)
        if self.model is not None:
            self.model.history = self

    def _repr_html_(self) -> str:
        """The learning curves and the values of the last and the best epoch, for notebooks."""
        from .history_html import history_html  # only notebooks need these modules

        return history_html(self.history, self.epoch, self._logged)

"""ProgbarLogger: the progress line of fit, evaluate and predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet.base.messages import print_msg
from netlet.utils.progbar import Progbar

from .callback import Callback, Logs


class ProgbarLogger(Callback):
    """Prints "Epoch 1/5" and a progress line with the metrics. `fit` adds one unless `verbose=0`.

    `verbose=1` redraws the line at most ten times a second on a terminal; elsewhere it prints one plain line per epoch.
    `verbose=2` prints one plain line per epoch, 0 prints nothing. "auto" is 1.

    Source: Keras 3, `keras.callbacks.ProgbarLogger`.

    >>> callback = ProgbarLogger()
    >>> callback.set_params({"verbose": 0, "epochs": 1, "steps": 10})
    >>> callback.on_epoch_begin(0)
    >>> callback.on_progress("train", 5, lambda: {"loss": 0.5})
    >>> callback.seen
    5
    """

    only_writes = True

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.progbar: Progbar | None = None
        self.target: int | None = None
        self.verbose: int = 1
        self.epochs: int = 1
        self._called_in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        verbose = params["verbose"]
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params["epochs"]
        self.target = params["steps"]

    def _wants_batches(self, phase: str) -> bool:
        return False  # `on_progress` is enough; the native loop runs the batches

    def on_progress(self, mode: str, step: int, logs: Callable[[], Logs]) -> None:
        """Redraws the line if it is due.

        Args:
            mode: "train", "test" or "predict".
            step: number of batches of this pass so far.
            logs: function that returns the logs. It is called only to redraw, because metrics cost time.
        """
        if mode == "test" and self._called_in_fit:
            return
        self.seen = step
        bar = self.progbar or self._start_line()
        if bar.due():
            self._update(step, logs() if mode != "predict" else None)

    def on_train_begin(self, logs: Logs = None) -> None:
        self._called_in_fit = True  # validation inside `fit` is silent

    def on_train_end(self, logs: Logs = None) -> None:
        self._called_in_fit = False

    def on_test_begin(self, logs: Logs = None) -> None:
        if not self._called_in_fit:
            self._start_line()

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._start_line()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._start_line()
        if self.verbose and self.epochs > 1:
            print_msg(f"Epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._update(batch + 1, logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        if not self._called_in_fit:
            self._update(batch + 1, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._update(batch + 1, None)  # the outputs are not metrics

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._finish_line(logs)

    def on_test_end(self, logs: Logs = None) -> None:
        if not self._called_in_fit:
            self._finish_line(logs)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._finish_line(None)

    def _start_line(self) -> Progbar:
        self.seen = 0
        self.progbar = Progbar(self.target, verbose=self.verbose, stateless_metrics=())
        return self.progbar

    def _update(self, seen: int, logs: Logs) -> None:
        bar = self.progbar or self._start_line()
        self.seen = seen
        if self.verbose == 1:
            bar.update(seen, list((logs or {}).items()), finalize=False)

    def _finish_line(self, logs: Logs) -> None:
        bar = self.progbar or self._start_line()
        if self.target is None and self.seen:
            self.target = bar.target = self.seen
        bar.update(self.target or self.seen, list((logs or {}).items()), finalize=True)

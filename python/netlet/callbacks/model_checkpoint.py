"""ModelCheckpoint."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from netlet.base.messages import print_msg
from netlet.distribution.last_checkpoint import note_checkpoint
from netlet.saving.paths import MODEL_ENDINGS, WEIGHTS_ENDINGS

from .callback import Logs
from .monitor import MonitorCallback
from .save_frequency import SaveFrequency


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, after each epoch or after a number of batches.

    Args:
        filepath: path of the file, ending in ".netlet" or ".keras" (".weights.netlet" or ".weights.h5" with
            `save_weights_only`). It may contain format fields for the epoch (from 1), the batch, and the logs:
            "{epoch:02d}-{val_loss:.2f}.netlet".
        monitor: name of a quantity in the logs, for `save_best_only`; default "val_loss".
        verbose: 1 prints a message when it saves; default 0.
        save_best_only: whether to save only if `monitor` has improved; False by default.
        save_weights_only: whether to save with `model.save_weights` instead of `model.save`; False by default.
        mode: "min" if smaller values are better, "max" if larger values are; default "auto", see `MonitorCallback`.
        save_freq: "epoch", or a number of batches. With a number, `fit` returns to Python after every batch. "epoch" by
            default.
        initial_value_threshold: with `save_best_only`, the first file is saved for a value better than this; None (the
            default) for any value.

    Raises:
        ValueError: filepath has another ending, or save_freq is neither "epoch" nor an integer.
        OSError: the file cannot be written. An existing file is unchanged then.

    Source: Keras 3 `keras.callbacks.ModelCheckpoint`.

    Example:

    >>> callback = ModelCheckpoint("best.netlet", monitor="val_accuracy", mode="max", save_best_only=True)
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._current_epoch = 0
        if save_freq != "epoch" and (isinstance(save_freq, bool) or not isinstance(save_freq, int)):
            raise ValueError(f"Unrecognized save_freq: {save_freq}. Expected save_freq are 'epoch' or integer values")
        self._frequency = SaveFrequency(save_freq)
        endings = WEIGHTS_ENDINGS if save_weights_only else MODEL_ENDINGS
        if not self.filepath.endswith(endings):
            what = "when using `save_weights_only=True` in `ModelCheckpoint`" if save_weights_only else "a saved model"
            raise ValueError(
                f"The filepath provided must end in `{endings[0]}` or `{endings[1]}` ({what}). "
                f"Received: filepath={self.filepath}"
            )

    def _wants_batches(self, phase: str) -> bool:
        if type(self) is ModelCheckpoint:
            return phase == "train" and self._frequency.by_batches
        return super()._wants_batches(phase)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._current_epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._frequency.due(batch):
            self._save(self._current_epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.monitor_op is None:
            self._set_monitor_op()
        if self._frequency.by_epoch:
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._file_path(epoch, batch, logs or {})
        if not self._should_save(epoch, logs or {}, path):
            return
        if os.path.isdir(path):
            raise OSError(
                "Please specify a non-directory filepath for ModelCheckpoint. "
                f"Filepath used is an existing directory: {path}"
            )
        if directory := os.path.dirname(path):
            os.makedirs(directory, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        note_checkpoint(os.path.abspath(path), *((epoch + 1, 0) if batch is None else (epoch, batch + 1)))
        if self.verbose > 0:
            print_msg(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _should_save(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        if not self.save_best_only:
            if self.verbose > 0:
                print_msg(f"\nEpoch {epoch + 1}: saving model to {path}")
            return True
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(f"Can save best model only with {self.monitor} available.", stacklevel=2)
            return True
        if np.ndim(current) > 0:
            warnings.warn(
                f"Can save best model only when `monitor` is a scalar value. Received: {current}. "
                "Falling back to `save_best_only=False`.",
                stacklevel=2,
            )
            return True
        best = "None" if self.best is None else f"{self.best:.5f}"
        better = self._is_improvement(current, self.best)
        if self.verbose > 0:
            change = (
                f"improved from {best} to {current:.5f}, saving model to {path}"
                if better
                else f"did not improve from {best}"
            )
            print_msg(f"\nEpoch {epoch + 1}: {self.monitor} {change}")
        if better:
            self.best = current
        return better

    def _file_path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        fields = {"epoch": epoch + 1, **logs}
        if batch is not None:
            fields.setdefault("batch", batch + 1)
        try:
            return self.filepath.format(**fields)
        except KeyError as error:
            raise KeyError(f'Failed to format this callback filepath: "{self.filepath}". Reason: {error}') from error

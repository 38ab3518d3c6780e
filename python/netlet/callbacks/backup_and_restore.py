"""BackupAndRestore."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from typing import Any

import numpy as np

from netlet.distribution.last_checkpoint import note_checkpoint
from netlet.distribution.same import check_same
from netlet.distribution.writing import write_once
from netlet.saving.atomic import replace_file

from .callback import Callback, Logs
from .save_frequency import SaveFrequency

_POSITION = "training_metadata.json"


class BackupAndRestore(Callback):
    """Lets a training that was interrupted go on when the same script is started again.

    It saves the weights, the optimizer's state, the counters of dropout and shuffling, the metrics and the position in
    the epoch. `fit` loads them when it begins, and goes on at that batch: the weights have the same bits at the end as
    those of a training that was not interrupted. A process that is killed while it saves leaves the backup before.

    A generator cannot be rewound: it goes on with the batches that it yields. Other callbacks, such as EarlyStopping,
    begin anew. With `run_eagerly`, the metrics of the first epoch are those of its remaining batches, and dropout draws
    other numbers than it would have drawn.

    Args:
        backup_dir: path of a folder for the files of this training alone.
        save_freq: "epoch", or a number of batches. With a number, `fit` returns to Python after every batch. "epoch" by
            default.
        double_checkpoint: whether to keep the backup before the last one, which is loaded if the last one is damaged;
            False by default.
        delete_checkpoint: whether to delete the folder when `fit` has ended; default True.

    Raises:
        ValueError: `backup_dir` is empty, `save_freq` is neither "epoch" nor an integer, or the model is not built.
        OSError: the files cannot be written or read.

    Source: Keras 3 `keras.callbacks.BackupAndRestore`.

    Example:

    >>> callback = BackupAndRestore("backup", save_freq=1000)
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError("Empty `backup_dir` argument passed")
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 0):
            raise ValueError(
                f"Invalid value for argument `save_freq`. Received: save_freq={save_freq}. Expected either 'epoch' or "
                "an integer value."
            )
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._frequency = SaveFrequency(save_freq or None)
        self._epoch = 0
        self._metrics: list[Any] | None = None  # values of the metrics in the middle of an epoch, to restore

    def on_train_begin(self, logs: Logs = None) -> None:
        if not self.model.built:
            raise ValueError(
                "To use the BackupAndRestore callback, your model must be built before you call `fit()`. Model "
                f"{self.model} is unbuilt. You can build it beforehand by calling it on a batch of data."
            )
        found = [path for path in (self._path(_POSITION), self._path(_POSITION + ".bkp")) if os.path.exists(path)]
        check_same("BackupAndRestore", {"backup (`backup_dir` is a folder that all machines share)": _positions(found)})
        for path in found:
            try:
                return self._restore(path)
            except (OSError, ValueError):
                if path is found[-1]:
                    raise

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch
        variables, values = self._metric_variables(), self._metrics
        if values is not None and len(values) == len(variables):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(np.asarray(value, variable.dtype))
        self._metrics = None

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._frequency.due(batch):
            self._save(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self._frequency.by_epoch:
            self._save(epoch + 1, 0)

    def on_train_end(self, logs: Logs = None) -> None:
        if self.delete_checkpoint:
            write_once(self._delete)

    def _wants_batches(self, phase: str) -> bool:
        return phase == "train" and self._frequency.by_batches

    # ---- the files ---------------------------------------------------------------------------------------------------
    def _path(self, name: str) -> str:
        return os.path.join(self.backup_dir, name)

    def _save(self, epoch: int, batch: int) -> None:
        """Writes the weights to a file of a new name, then the position, which names it; then old files go."""
        weights = f"epoch-{epoch}-batch-{batch}.weights.netlet"
        self.model.save_weights(self._path(weights))
        position = {"epoch": epoch, "batch": batch, "weights": weights, "data": self.model.get_data_position()}
        if batch:
            position["metrics"] = [v.numpy().tolist() for v in self._metric_variables()]
        write_once(lambda: self._write(position))
        note_checkpoint(os.path.abspath(self.backup_dir), epoch, batch)

    def _delete(self) -> None:
        if os.path.exists(self.backup_dir):
            shutil.rmtree(self.backup_dir)

    def _write(self, position: dict[str, Any]) -> None:
        last, before = self._path(_POSITION), self._path(_POSITION + ".bkp")
        if self.double_checkpoint and os.path.exists(last):
            os.replace(last, before)
        replace_file(last, [json.dumps(position).encode()])
        kept = {position["weights"], *(_read(path)["weights"] for path in (last, before) if os.path.exists(path))}
        for name in os.listdir(self.backup_dir):
            if name.endswith(".weights.netlet") and name not in kept:
                with contextlib.suppress(OSError):
                    os.unlink(self._path(name))

    def _restore(self, path: str) -> None:
        position = _read(path)
        self.model.load_weights(self._path(os.path.basename(position["weights"])))
        self.model.resume_fit(int(position["epoch"]), int(position["batch"]), position["data"])
        self._metrics = position.get("metrics")

    def _metric_variables(self) -> list[Any]:
        return [v for metric in self.model.metrics for v in metric.variables]


def _positions(paths: list[str]) -> list[str]:
    """Where training goes on from each of these files, in words."""
    found = []
    for path in paths:
        try:
            position = _read(path)
            found.append(f"epoch {position['epoch']}, batch {position['batch']}")
        except (OSError, ValueError):
            found.append("damaged")
    return found


def _read(path: str) -> dict[str, Any]:
    """The position in a file that `_save` wrote.

    Raises:
        ValueError: the file is damaged.
    """
    with open(path, encoding="utf-8") as file:
        position = json.load(file)
    if not isinstance(position, dict) or not isinstance(position.get("weights"), str):
        raise ValueError(f"'{path}' is damaged: expected the position of a backup.")
    return position

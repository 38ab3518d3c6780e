"""CSVLogger."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any, TextIO

import numpy as np

from netlet.saving.atomic import naming

from .callback import Callback, Logs


class CSVLogger(Callback):
    """Writes the logs of each epoch as a line of a CSV file.

    The columns are "epoch" and the names of the logs, sorted. If the first epoch has no validation, columns for it are
    added and hold "NA" in epochs without validation.

    Args:
        filename: path of the file.
        separator: the character between fields; default ",".
        append: whether to append to an existing file instead of replacing it; False by default.

    Raises:
        OSError: the file cannot be written. The lines of earlier epochs are whole.

    Source: Keras 3 `keras.callbacks.CSVLogger`.

    Example:

    >>> callback = CSVLogger("training.csv", append=True)
    """

    only_writes = True

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.append_header = True
        self.keys: list[str] | None = None
        self.writer: csv.DictWriter[str] | None = None
        self.csv_file: TextIO | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        if self.append and os.path.exists(self.filename):
            with open(self.filename) as file:
                self.append_header = not file.readline()
        self._release()
        self.csv_file = open(self.filename, "a" if self.append else "w")  # noqa: SIM115 closed when training ends
        self.writer = None
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = logs or {}
        assert self.csv_file is not None
        if self.keys is None:
            self.keys = sorted(key for key, value in logs.items() if np.ndim(value) < 2)  # no matrices
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        if self.writer is None:
            self.writer = csv.DictWriter(self.csv_file, ["epoch", *self.keys], delimiter=self.sep)
            if self.append_header:
                self.writer.writeheader()
        self.writer.writerow({"epoch": epoch, **{key: _field(logs.get(key, "NA")) for key in self.keys}})
        with naming(self.filename):
            self.csv_file.flush()

    def on_train_end(self, logs: Logs = None) -> None:
        self._release()
        self.writer = None

    def _release(self) -> None:
        if self.csv_file is not None and not self.csv_file.closed:
            with naming(self.filename):
                self.csv_file.close()


def _field(value: Any) -> Any:
    if isinstance(value, str) or np.ndim(value) == 0 or not isinstance(value, Iterable):
        return value
    return f'"[{", ".join(map(str, value))}]"'

"""Callback: hooks into training, evaluation and prediction."""

from __future__ import annotations

from typing import Any

Logs = dict[str, Any] | None


class Callback:
    """Base class: override the hooks you need and pass an instance to `fit`, `evaluate` or `predict`.

    `logs` holds Python floats, sorted by name: the loss and metrics of the epoch so far ("loss", "accuracy"), and at
    the end of an epoch those of validation too ("val_loss"). A hook may add entries; callbacks after it see them.

    Overriding a batch hook makes `fit` return to Python after every batch. Callbacks that override none let it run
    many batches natively.

    Attributes:
        params: dict with "verbose", "epochs", "steps".
        model: the model being trained.

    Source: Keras 3 `keras.callbacks.Callback`.

    Example:

    >>> class LossBelow(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         if logs["loss"] < 0.1:
    ...             self.model.stop_training = True
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def set_model(self, model: Any) -> None:
        self._model = model

    @property
    def model(self) -> Any:
        return self._model

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Before an epoch of training; `epoch` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """After an epoch of training and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of training; `batch` counts from 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of training; `logs` are the metrics of the epoch up to here."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of `evaluate`, or of validation inside `fit`."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of `evaluate`, or of validation inside `fit`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of `predict`; `logs["outputs"]` is what the model gave."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Once, at the beginning of `fit`."""

    def on_train_end(self, logs: Logs = None) -> None:
        """Once, at the end of `fit`; `logs` are those of the last epoch."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """At the beginning of `evaluate` or of a validation."""

    def on_test_end(self, logs: Logs = None) -> None:
        """At the end of `evaluate` or of a validation."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """At the beginning of `predict`."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """At the end of `predict`."""

    def _wants_batches(self, phase: str) -> bool:
        """Whether the batch hooks of "train", "test" or "predict" must be called: whether one is overridden."""
        names = [f"on_{phase}_batch_begin", f"on_{phase}_batch_end"]
        if phase == "train":
            names += ["on_batch_begin", "on_batch_end"]
        return any(getattr(getattr(self, name), "__func__", None) is not getattr(Callback, name) for name in names)

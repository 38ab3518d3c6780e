"""Callback: base of all callbacks, with the hooks that training, evaluation and prediction call."""

from __future__ import annotations

from typing import Any

Logs = dict[str, Any] | None


class Callback:
    """Base of all callbacks: override the hooks you need and pass an instance to `fit`, `evaluate` or `predict`.

    `logs` holds Python floats, sorted by name: the loss and metrics of the epoch so far ("loss", "accuracy"), and at
    the end of an epoch also those of the validation ("val_loss"). A hook may add entries; later callbacks see them.

    If a callback overrides a batch hook, `fit` returns to Python after every batch. Otherwise `fit` runs many batches
    in one native call.

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

    only_writes = False  # whether it only writes files or messages: of several processes, the first one calls it
    handles_nan = False  # whether it stops training itself when the loss is not finite, so that `fit` need not raise

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Sets `params`; called before the first hook.

        Args:
            params: dict with "verbose" (0, 1, 2 or "auto"), "epochs" (int) and "steps" (batches of an epoch, or None if
                unknown).
        """
        self.params = params

    def set_model(self, model: Any) -> None:
        """Sets `model`; called before the first hook.

        Args:
            model: the model that is trained, evaluated or predicts.
        """
        self._model = model

    @property
    def model(self) -> Any:
        """The model that is trained, evaluated or predicts."""
        return self._model

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_begin`.

        Args:
            batch: number of the batch in the epoch, from 0.
            logs: empty; a hook may add entries.
        """

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_end`.

        Args:
            batch: number of the batch in the epoch, from 0.
            logs: loss and metrics of the epoch so far.
        """

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Called before an epoch of training.

        Args:
            epoch: number of the epoch, from 0.
            logs: empty; a hook may add entries.
        """

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Called after an epoch of training and its validation.

        Args:
            epoch: number of the epoch, from 0.
            logs: loss and metrics of the epoch, with "val_" before the names of those of the validation.
        """

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before a batch of training.

        Args:
            batch: number of the batch in the epoch, from 0.
            logs: empty; a hook may add entries.
        """
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after a batch of training.

        Args:
            batch: number of the batch in the epoch, from 0.
            logs: loss and metrics of the epoch so far.
        """
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before a batch of `evaluate`, or of a validation in `fit`.

        Args:
            batch: number of the batch in this pass, from 0.
            logs: empty; a hook may add entries.
        """

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after a batch of `evaluate`, or of a validation in `fit`.

        Args:
            batch: number of the batch in this pass, from 0.
            logs: loss and metrics of the pass so far.
        """

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before a batch of `predict`.

        Args:
            batch: number of the batch in this pass, from 0.
            logs: empty; a hook may add entries.
        """

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after a batch of `predict`.

        Args:
            batch: number of the batch in this pass, from 0.
            logs: {"outputs": the model's outputs for the batch}.
        """

    def on_train_begin(self, logs: Logs = None) -> None:
        """Called once, at the beginning of `fit`.

        Args:
            logs: empty; a hook may add entries.
        """

    def on_train_end(self, logs: Logs = None) -> None:
        """Called once, at the end of `fit`.

        Args:
            logs: those of the last epoch.
        """

    def on_test_begin(self, logs: Logs = None) -> None:
        """Called at the beginning of `evaluate` or of a validation.

        Args:
            logs: empty; a hook may add entries.
        """

    def on_test_end(self, logs: Logs = None) -> None:
        """Called at the end of `evaluate` or of a validation.

        Args:
            logs: loss and metrics of the pass.
        """

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Called at the beginning of `predict`.

        Args:
            logs: empty; a hook may add entries.
        """

    def on_predict_end(self, logs: Logs = None) -> None:
        """Called at the end of `predict`.

        Args:
            logs: empty.
        """

    def _release(self) -> None:
        """Closes what the callback holds open, when `fit` ends with an exception instead of with `on_train_end`."""

    def _wants_batches(self, phase: str) -> bool:
        """Whether a batch hook of `phase` ("train", "test" or "predict") is overridden, so it must be called."""
        names = [f"on_{phase}_batch_begin", f"on_{phase}_batch_end"]
        if phase == "train":
            names += ["on_batch_begin", "on_batch_end"]
        return any(defines(self, name) for name in names)


def defines(callback: Any, hook: str) -> bool:
    """Whether a callback defines this hook itself; True for callbacks of other libraries."""
    return getattr(getattr(callback, hook), "__func__", None) is not getattr(Callback, hook)

"""TerminateOnNaN."""

from __future__ import annotations

import math
from typing import Any

from netlet.base.messages import print_msg

from .callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Stops training when the loss is NaN or infinite.

    It checks the loss after every batch, so `fit` returns to Python after every batch.

    Args:
        raise_error: whether to raise instead of setting `model.stop_training`; False by default.

    Raises:
        RuntimeError: with raise_error, the loss is not finite.

    Source: Keras 3 `keras.callbacks.TerminateOnNaN`.

    Example:

    >>> callback = TerminateOnNaN()
    """

    handles_nan = True

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. Terminating training immediately."
            )
        print_msg(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True


def handles_nan(callbacks: Any) -> bool:
    """Whether a callback stops training itself when the loss is not finite, so that `fit` need not raise.

    Args:
        callbacks: a CallbackList.

    Returns:
        bool.

    >>> from netlet.callbacks import CallbackList
    >>> handles_nan(CallbackList([TerminateOnNaN()])), handles_nan(CallbackList([]))
    (True, False)
    """
    return any(getattr(callback, "handles_nan", False) for callback in getattr(callbacks, "callbacks", ()))

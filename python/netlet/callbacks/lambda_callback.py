"""LambdaCallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .callback import Callback

Hook = Callable[..., Any] | None


class LambdaCallback(Callback):
    """A callback whose hooks are functions that are passed by name.

    Args:
        on_epoch_begin: called with (epoch, logs); None (the default): not called.
        on_epoch_end: called with (epoch, logs); None (the default): not called.
        on_train_begin: called with (logs); None (the default): not called.
        on_train_end: called with (logs); None (the default): not called.
        on_train_batch_begin: called with (batch, logs=logs); None (the default): not called.
        on_train_batch_end: called with (batch, logs=logs); None (the default): not called.
        **kwargs: functions for other hooks of Callback.

    Source: Keras 3 `keras.callbacks.LambdaCallback`.

    Example:

    >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    """

    def __init__(
        self,
        on_epoch_begin: Hook = None,
        on_epoch_end: Hook = None,
        on_train_begin: Hook = None,
        on_train_end: Hook = None,
        on_train_batch_begin: Hook = None,
        on_train_batch_end: Hook = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        self.__dict__.update({name: hook for name, hook in hooks.items() if hook is not None})

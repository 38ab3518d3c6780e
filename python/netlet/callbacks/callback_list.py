"""CallbackList: calls several callbacks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from netlet.distribution.data_parallel import writes_files

from .callback import Callback, Logs, defines
from .history import History
from .progbar_logger import ProgbarLogger

Hook = Callable[[int, Logs], None]


def python_logs(logs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Converts logs for callbacks: nested dicts are flattened, keys sorted, values converted to float where possible.

    >>> python_logs({"loss": 1, "acc": {"b": 2, "a": "x"}})
    {'a': 'x', 'b': 2.0, 'loss': 1.0}
    """
    flat: dict[str, Any] = {}
    for key, value in sorted((logs or {}).items()):
        if type(value) is float:
            flat[key] = value
        elif isinstance(value, Mapping):
            flat.update(python_logs(value))
        else:
            flat[key] = _as_float(value)
    return flat


def _as_float(value: Any) -> Any:
    """The value as a float if it is a number; arrays with axes and other values unchanged."""
    if getattr(value, "shape", ()) != ():
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _flatten(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    if isinstance(callbacks, (list, tuple)):
        return [callback for item in callbacks for callback in _flatten(item)]
    return [callbacks]


class CallbackList(Callback):
    """Calls every hook of every callback, in order.

    The training loop runs many batches in one native call unless `needs_batch_hooks(mode)` is true. Between native
    calls it calls `on_progress(mode, step, logs)` instead of the batch hooks.

    Args:
        callbacks: a Callback, or a nested list of them; None (the default): none.
        add_history: whether to append a History if there is none; False by default.
        add_progbar: whether to append a ProgbarLogger if there is none; False by default.
        model: passed to `set_model` of each callback; None (the default) to call `set_model` later.
        **params: "verbose", "epochs", "steps"; passed to `set_params` of each callback.

    Raises:
        ValueError: an end hook is called without its begin hook.

    Source: Keras 3, `keras.callbacks.CallbackList`.

    Example, for a training loop of your own:

    >>> import netlet
    >>> callbacks = CallbackList([], add_history=True, model=netlet.Sequential([netlet.Input((3,))]))
    >>> callbacks.on_train_begin()
    >>> callbacks.on_epoch_end(0, {"loss": 0.5})
    >>> callbacks.on_train_end()
    >>> callbacks.history.history
    {'loss': [0.5]}
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = [
            c for c in _flatten(callbacks) if writes_files() or not getattr(c, "only_writes", False)
        ]
        self._open_blocks = 0
        self._progbar = next((c for c in self.callbacks if isinstance(c, ProgbarLogger)), None)
        self._history = next((c for c in self.callbacks if isinstance(c, History)), None)
        if self._history is None and add_history:
            self._history = History()
            self.callbacks.append(self._history)
        if self._progbar is None and add_progbar:
            self._progbar = ProgbarLogger()
            self.callbacks.append(self._progbar)
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    @property
    def history(self) -> History | None:
        """The History among the callbacks, or None."""
        return self._history

    def append(self, callback: Any) -> None:
        """Adds a callback at the end.

        Args:
            callback: a Callback. `set_model` and `set_params` are not called for it.
        """
        self.callbacks.append(callback)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    # ---- what a native loop calls ----------------------------------------------------------------------------------
    def needs_batch_hooks(self, mode: str) -> bool:
        """Whether a callback must be called for each batch.

        Args:
            mode: "train", "test" or "predict".

        Returns:
            bool; True if a callback overrides a batch hook of this mode, or is of another library.
        """
        # Callbacks of other classes (Keras's own) have no `_wants_batches`; they are called for every batch.
        return any(getattr(callback, "_wants_batches", lambda _: True)(mode) for callback in self.callbacks)

    def batch_hooks(self, mode: str) -> tuple[Hook | None, Hook | None]:
        """The functions that call the begin hooks and the end hooks for a batch.

        Args:
            mode: "train", "test" or "predict".

        Returns:
            Two functions of (batch, logs), which skip callbacks that do not define the hook; None where none does.
        """
        return self._batch_hook(mode, "begin"), self._batch_hook(mode, "end")

    def _batch_hook(self, mode: str, end: str) -> Hook | None:
        name = f"on_{mode}_batch_{end}"
        if getattr(type(self), name) is not getattr(CallbackList, name):
            own: Hook = getattr(self, name)
            return own
        names = [name, f"on_batch_{end}"] if mode == "train" else [name]
        hooks = [getattr(c, name) for c in self.callbacks if any(defines(c, n) for n in names)]

        def call(batch: int, logs: Logs) -> None:
            flat = python_logs(logs)
            for hook in hooks:
                hook(batch, logs=flat)

        return call if hooks else None

    def on_progress(self, mode: str, step: int, logs: Logs | Callable[[], Logs] = None) -> None:
        """Reports progress to the callbacks that have a hook `on_progress`.

        Args:
            mode: "train", "test" or "predict".
            step: number of batches of this pass so far.
            logs: the logs, or a function that returns them; default None.
        """
        for callback in self.callbacks:
            if (hook := getattr(callback, "on_progress", None)) is not None:
                hook(mode, step, (lambda: python_logs(logs() if callable(logs) else logs)))

    # ---- the hooks -------------------------------------------------------------------------------------------------
    def _each(self, call: Callable[[Any, dict[str, Any]], None], logs: Logs) -> None:
        flat = python_logs(logs)
        for callback in self.callbacks:
            call(callback, flat)

    @contextlib.contextmanager
    def _releasing(self) -> Iterator[None]:
        """Context manager: after an exception no callback keeps a file open."""
        try:
            yield
        except BaseException:
            for callback in self.callbacks:
                with contextlib.suppress(OSError):  # the exception that is raised says more
                    getattr(callback, "_release", lambda: None)()
            raise

    def _begin(self) -> None:
        self._open_blocks += 1

    def _end(self) -> None:
        self._open_blocks -= 1
        if self._open_blocks < 0:
            raise ValueError("`on_xxx_end` called without corresponding `on_xxx_begin`")

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_batch_begin(batch, logs=flat), logs)

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_batch_end(batch, logs=flat), logs)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_epoch_begin(epoch, flat), logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_epoch_end(epoch, flat), logs)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_train_batch_begin(batch, logs=flat), logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_train_batch_end(batch, logs=flat), logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_test_batch_begin(batch, logs=flat), logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_test_batch_end(batch, logs=flat), logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_predict_batch_begin(batch, logs=flat), logs)

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_predict_batch_end(batch, logs=flat), logs)

    def on_train_begin(self, logs: Logs = None) -> None:
        self._begin()
        self._each(lambda callback, flat: callback.on_train_begin(flat), logs)

    def on_train_end(self, logs: Logs = None) -> None:
        with self._releasing():
            self._each(lambda callback, flat: callback.on_train_end(flat), logs)
        self._end()

    def on_test_begin(self, logs: Logs = None) -> None:
        self._begin()
        self._each(lambda callback, flat: callback.on_test_begin(flat), logs)

    def on_test_end(self, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_test_end(flat), logs)
        self._end()

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._begin()
        self._each(lambda callback, flat: callback.on_predict_begin(flat), logs)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._each(lambda callback, flat: callback.on_predict_end(flat), logs)
        self._end()

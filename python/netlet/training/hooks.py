"""BatchHooks: when the training loop calls the batch hooks of callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class BatchHooks:
    """Calls the batch hooks of one mode if a callback defines them, and reports progress otherwise.

    With `steps_per_execution=n` the hooks are called before and after every n batches, as in Keras: the begin hook with
    the index of the first batch, the end hook with that of the last one (also if the data end before it).

    Args:
        callbacks: a CallbackList, or None.
        mode: "train", "test" or "predict".
        every: `steps_per_execution`.

    Attributes:
        every_batch: whether a callback defines batch hooks, so that native calls end where hooks are due.
    """

    def __init__(self, callbacks: Any, mode: str, every: int = 1) -> None:
        self._callbacks, self._mode, self._every = callbacks, mode, every
        self.every_batch = callbacks is not None and callbacks.needs_batch_hooks(mode)
        self._begin: Any = None
        self._end: Any = None
        if self.every_batch:
            self._begin, self._end = callbacks.batch_hooks(mode)
        self._last = -1  # index of the last batch of the current execution; -1 outside of one

    def room(self, done: int) -> int:
        """Number of batches after batch `done` until a hook is due."""
        return self._every - done % self._every

    def begin(self, done: int) -> bool:
        """Is called before batch `done` (from 0), or before several batches that start with it.

        Returns:
            Whether an execution begins here.
        """
        if not self.every_batch:
            return done == 0
        if self._last >= 0:
            return False
        self._last = done + self._every - 1
        if self._begin is not None:
            self._begin(done, None)
        return True

    def end(self, done: int, logs: Callable[[], dict[str, Any]]) -> bool:
        """Is called after `done` batches of the epoch; `logs` is a function that reads the logs.

        Returns:
            Whether no execution is open, so that the epoch may stop here.
        """
        if not self.every_batch:
            if self._callbacks is not None:
                self._callbacks.on_progress(self._mode, done, logs)
            return True
        if done <= self._last:
            return False
        self.finish(logs)
        return True

    def finish(self, logs: Callable[[], dict[str, Any]]) -> None:
        """Ends the current execution, if one is open; the epoch may have no more batches for it."""
        if self._last < 0:
            return
        index, self._last = self._last, -1
        if self._end is not None:
            self._end(index, logs())

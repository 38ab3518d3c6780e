"""Prefetch: a thread that makes the next batches while native code runs a step."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Iterator
from typing import Any

_END: Any = object()
_JOIN_SECONDS = 1.0  # longest time that `close` waits for an iterator that is busy with a batch


class _Raised:
    """An exception that the iterator raised."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Prefetch:
    """Iterates over batches that one thread takes from an iterator, a few ahead of the steps that use them.

    Which batches a step sees does not depend on timing: the thread takes them in order, and only as many as `allow`
    says. So the iterator of a user stands after an epoch of `steps` batches exactly behind these, and no batch is made
    while hooks between two epochs run. The iterator is advanced by this thread alone. An exception that it raises is
    raised by `__next__` in the place of the batch, with its traceback.

    The thread starts with the first batch. It ends with the iterator or in `close`. It is a daemon, so an iterator that
    never returns does not keep the process alive.

    Args:
        batches: the iterator.
        ahead: most batches that are taken before they are used, at least 1.
    """

    def __init__(self, batches: Iterator[Any], ahead: int) -> None:
        self._batches, self._ahead = batches, ahead
        self._ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._permits = threading.Semaphore(0)  # batches that the thread may take now
        self._granted = self._used = 0  # batches: permitted so far; returned so far
        self._allowed: int | None = 0  # batches that may be permitted; None: all
        self._thread: threading.Thread | None = None
        self._ended = self._closed = False

    def allow(self, count: int | None) -> None:
        """Allows the thread to take this many batches beyond those that were returned; None: all."""
        self._allowed = None if count is None else self._used + count

    def __iter__(self) -> Prefetch:
        return self

    def __next__(self) -> Any:
        if self._ended:
            raise StopIteration
        self._grant(1)
        if self._thread is None:
            context = contextvars.copy_context()  # device, dtype policy and others as in the calling thread
            self._thread = threading.Thread(target=context.run, args=(self._run,), name="netlet-prefetch", daemon=True)
            self._thread.start()
        item = self._ready.get()
        self._used += 1
        if item is _END or isinstance(item, _Raised):
            self._ended = True
            self._thread.join()
            if item is _END:
                raise StopIteration
            try:
                raise item.error
            finally:
                del item  # its traceback refers to this frame
        self._grant(0)
        return item

    def _grant(self, least: int) -> None:
        """Permits the thread to take batches: up to `ahead`, as far as allowed, but at least `least`."""
        most = self._used + self._ahead
        if self._allowed is not None:
            most = min(most, self._allowed)
        more = max(most, self._used + least) - self._granted
        if more > 0:
            self._granted += more
            self._permits.release(more)

    def close(self) -> None:
        """Ends the thread. Batches that it took and nobody used are lost."""
        if self._thread is None or self._ended:
            return
        self._ended = self._closed = True
        self._permits.release()
        self._thread.join(_JOIN_SECONDS)
        if not self._thread.is_alive():
            self._batches = iter(())  # what the iterator holds, such as threads of its own, ends now

    def _run(self) -> None:
        """Takes one batch for each permit; runs in the thread."""
        while True:
            self._permits.acquire()
            if self._closed:
                return
            try:
                item = next(self._batches)
            except StopIteration:
                item = _END
            except BaseException as error:
                item = _Raised(error)
            self._ready.put(item)
            if item is _END or isinstance(item, _Raised):
                return
            del item

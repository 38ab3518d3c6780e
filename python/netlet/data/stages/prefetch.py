"""A stage whose items a thread makes ahead."""

from __future__ import annotations

import atexit
import contextvars
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from typing import Any

from .stage import Stage

_END: Any = object()
_JOIN_SECONDS = 1.0  # longest time to wait at the end for a source that is busy with an item
_running: weakref.WeakSet[_Ahead] = weakref.WeakSet()


class Prefetch(Stage):
    """The same items, some of which a thread makes ahead while the reader uses those before.

    Args:
        source: the items.
        buffer_size: most items that are ready at a time, at least 1.
    """

    def __init__(self, source: Stage, buffer_size: int) -> None:
        super().__init__(source)
        self.buffer_size = buffer_size

    def __iter__(self) -> Iterator[Any]:
        # The pass of the source begins here, as without a thread, so that the number of passes does not depend on it.
        return _items(_Ahead(iter(self.sources[0]), self.buffer_size))


def _items(ahead: _Ahead) -> Iterator[Any]:
    """The items; the thread ends with them, and when the reader stops before: `break`, an exception, no reference."""
    try:
        ahead.start()
        while (item := ahead.get()) is not _END:
            yield item
            del item
    finally:
        ahead.close()


class _Ahead:
    """The thread and what it shares with the reader.

    Args:
        items: the iterator, which the thread alone advances.
        limit: most items that are ready at a time.
    """

    def __init__(self, items: Iterator[Any], limit: int) -> None:
        self._items, self._limit = items, limit
        self._ready: deque[Any] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None
        context = contextvars.copy_context()  # device, dtype policy and others as in the reading thread
        # A daemon, so that a source that never returns does not keep the process alive.
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="netlet-data", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        _running.add(self)
        self._thread.start()

    def get(self) -> Any:
        """The next item, or _END. An exception of the source is raised here, after the items before it."""
        with self._changed:
            while not self._ready:
                if not self._thread.is_alive():
                    raise RuntimeError(
                        "prefetch: the thread that makes the items is gone. Was the process forked? Begin a new pass."
                    )
                self._changed.wait(5.0)
            item = self._ready.popleft()
            self._changed.notify()
        if item is _END and self._error is not None:
            raise self._error
        return item

    def close(self) -> None:
        """Ends the thread; items that it made and nobody read are lost."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify()
        _running.discard(self)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_JOIN_SECONDS)
        self._error = None  # its traceback refers to the reader's frame

    def _run(self) -> None:
        """Makes items; runs in the thread."""
        items = self._items
        try:
            for item in items:
                if not self._put(item):
                    break
                del item
        except BaseException as error:
            self._error = error
        finally:
            del self._items
            close = getattr(items, "close", None)
            if close is not None:
                close()  # here, in the thread that advanced it
        self._put(_END)

    def _put(self, item: Any) -> bool:
        """Puts an item where there is room. False if the reader has stopped."""
        with self._changed:
            while len(self._ready) >= self._limit and item is not _END and not self._closed:
                self._changed.wait()
            if self._closed:
                return False
            self._ready.append(item)
            self._changed.notify()
            return True


@atexit.register
def _close_all() -> None:
    """Ends the threads before the interpreter ends: one inside native code would meet a half-freed interpreter."""
    for ahead in list(_running):
        ahead.close()

"""ExclusiveUse: lets one thread at a time use an object, such as a model."""

from __future__ import annotations

import functools
import os
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any, TypeVar

_MOST_WAITS, _SECONDS = 200, 1e-4  # for a thread that wants its turn to take it, after it was woken

_Method = TypeVar("_Method", bound=Callable[..., Any])


class ExclusiveUse:
    """A lock that one thread at a time holds for the time of a call, and may take again inside of it.

    A long call, such as `fit`, takes the lock for one short part after another, and declares itself by LongUse.

    Args:
        owner: description of the object, for errors.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._lock = threading.RLock()
        self._one_long = threading.RLock()  # held by a long call that lets others of its kind wait
        self._waiting: set[int] = set()  # threads that want a turn while a long call runs
        self._long: weakref.ref[LongUse] | None = None  # weak: it ends with its frame, however that is left
        _all.add(self)

    def turn(self) -> AbstractContextManager[Any]:
        """The lock, for a `with` block. (A lock of Python's own is safe from Ctrl-C between its entry and the block.)

        >>> use = ExclusiveUse("A")
        >>> with use.turn(), use.turn():
        ...     use.check("f")
        """
        if self._long is not None and self.long_call() is not None:
            self._waiting.add(threading.get_ident())
        return self._lock

    def long_turn(self, call: str) -> AbstractContextManager[Any]:
        """A lock for long calls that wait for each other.

        Args:
            call: name of the method.

        Raises:
            RuntimeError: this thread makes the data of the long call that runs, and would wait for it for ever.
        """
        serving = _serving.get()
        if serving is not None and (other := self.long_call()) is not None and serving() is other:
            raise self._disturbs(call, other)
        return self._one_long

    def long_call(self) -> LongUse | None:
        """The long call that another thread is in; None if there is none."""
        long = None if self._long is None else self._long()
        return None if long is None or long.thread == threading.get_ident() else long

    def check(self, call: str) -> None:
        """Raises RuntimeError if another thread is in a long call. The caller holds the lock: it waits no longer.

        Args:
            call: name of the method that must not run meanwhile.
        """
        self.arrived()
        if self._long is not None and (other := self.long_call()) is not None:
            raise self._disturbs(call, other)

    def _disturbs(self, call: str, other: LongUse) -> RuntimeError:
        return RuntimeError(
            f"{self._owner}: {call} needs what {other.call} uses in another thread: the optimizer, the metrics and "
            f"the step count. Call it after {other.call}, or from a callback."
        )

    def give_way(self) -> None:
        """Lets threads that wait for their turn go first. Called between the parts of a long call.

        Without it the thread that just released the lock would take it again before a waiting thread wakes.
        """
        for _ in range(_MOST_WAITS if self._waiting else 0):
            if not self._waiting:
                return
            time.sleep(_SECONDS)
        self._waiting.clear()

    def arrived(self) -> None:
        """Called with the lock held: this thread waits no longer."""
        if self._waiting:
            self._waiting.discard(threading.get_ident())

    def _after_fork(self) -> None:
        """In a forked child: forgets what threads held that do not exist here."""
        self._lock, self._one_long = _usable(self._lock), _usable(self._one_long)
        self._waiting.clear()
        if self.long_call() is not None:
            self._long = None


class LongUse:
    """Context manager: a call that takes its object for one part after another; others see the object between these.

    Calls that would disturb it (`ExclusiveUse.check`) raise in other threads. Inside of another long call of this
    thread it has no effect.

    Args:
        use: the object's.
        call: name of the method.

    Raises:
        RuntimeError: another thread is in a long call.
    """

    def __init__(self, use: ExclusiveUse, call: str) -> None:
        self.use, self.call, self.thread = use, call, threading.get_ident()

    def __enter__(self) -> None:
        with self.use.turn():
            self.use.check(self.call)
            if self.use._long is None or self.use._long() is None:
                self.use._long = weakref.ref(self)
        self._token = _serving.set(weakref.ref(self))

    def __exit__(self, *error: object) -> None:
        _serving.reset(self._token)
        if self.use._long is not None and self.use._long() is self:
            self.use._long = None


_all: weakref.WeakSet[ExclusiveUse] = weakref.WeakSet()
# The long call of this thread. Threads that read data ahead for it have it, too.
_serving: ContextVar[weakref.ref[LongUse] | None] = ContextVar("netlet_long_use", default=None)


def _usable(lock: Any) -> Any:
    """The lock if it is free or held by this thread; else a new one."""
    if not lock.acquire(blocking=False):
        return threading.RLock()
    lock.release()
    return lock


def _after_fork() -> None:
    for use in list(_all):
        use._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def alone(method: _Method) -> _Method:
    """Decorator of methods of an object with a field `_exclusive`: while one runs, no other thread uses the object."""

    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self._exclusive.turn():
            self._exclusive.arrived()
            return method(self, *args, **kwargs)

    return run  # type: ignore[return-value]


def alone_with_state(method: _Method) -> _Method:
    """As `alone`, for methods that use what a long call uses: they raise while another thread is in one."""

    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self._exclusive.turn():
            self._exclusive.check(method.__name__)
            return method(self, *args, **kwargs)

    return run  # type: ignore[return-value]


def in_turn(thing: Any) -> AbstractContextManager[Any]:
    """A context in which no other thread uses an object with a field `_exclusive`; others may not have one.

    >>> with in_turn("a text"):
    ...     pass
    """
    use = getattr(thing, "_exclusive", None)
    return nullcontext() if use is None else use.turn()


def for_long(method: _Method) -> _Method:
    """Decorator: the method is a LongUse of its object, and waits for others that are decorated with it."""

    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self._exclusive.long_turn(method.__name__), LongUse(self._exclusive, method.__name__):
            return method(self, *args, **kwargs)

    return run  # type: ignore[return-value]

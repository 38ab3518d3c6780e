"""Functions that take turns: each runs until it needs what all of them have computed.

Recording a step calls the model once for each shard. Where the shards meet (at the optimizer's update, at a
normalization over the whole batch), all calls have to come to the same place before any of them goes on. Each call has
a thread for this, and exactly one thread runs at any time. Replaying the recorded step needs no such threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, copy_context
from typing import Any

Handler = Callable[[list[Any]], Sequence[Any]]


class _Stopped(BaseException):
    """Ends a function because another one has raised."""


class _Turn:
    """One of the functions, with its thread."""

    def __init__(self, function: Callable[[], Any], around: AbstractContextManager[Any], back: Any) -> None:
        self.around, self._back = around, back
        self._go = threading.Semaphore(0)
        self.request: tuple[Handler, Any] | None = None
        self.reply: Any = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = self.stop = False
        context = copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._body, function), daemon=True)
        self._thread.start()

    def _body(self, function: Callable[[], Any]) -> None:
        self._go.acquire()
        try:
            if not self.stop:
                _turn.set(self)
                with self.around:
                    self.result = function()
        except _Stopped:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self.done = True
            self._back.release()

    def meet(self, handler: Handler, value: Any) -> Any:
        """Called by the function: gives its value, waits for the others, and returns its reply."""
        self.request = handler, value
        self.around.__exit__(None, None, None)
        self._back.release()
        self._go.acquire()
        self.around.__enter__()
        if self.stop:
            raise _Stopped
        self.request = None
        return self.reply

    def run(self) -> None:
        """Lets the function run until it meets the others or ends."""
        self._go.release()
        self._back.acquire()

    def end(self) -> None:
        """Ends the function."""
        self.stop = True
        if not self.done:
            self.run()
        self._thread.join()


_turn: ContextVar[_Turn | None] = ContextVar("netlet_turn", default=None)


def take_turns(
    functions: Sequence[tuple[Callable[[], Any], AbstractContextManager[Any]]],
    between: AbstractContextManager[Any] | None = None,
) -> list[Any]:
    """Calls functions that meet each other.

    Args:
        functions: (function, context manager that is entered whenever it goes on, and left whenever it waits).
        between: context manager that is entered while a handler runs; None for none.

    Returns:
        Their results.

    Raises:
        RuntimeError: one of them ends or meets at another place while others wait.

    >>> def add(values):
    ...     return [sum(values)] * len(values)
    >>> take_turns([(lambda x=x: x / meet(add, x), nullcontext()) for x in (1.0, 3.0)])
    [0.25, 0.75]
    """
    back = threading.Semaphore(0)
    turns = [_Turn(function, around, back) for function, around in functions]
    try:
        while not all(turn.done for turn in turns):
            for turn in turns:
                turn.run()
                if turn.error is not None:
                    raise turn.error
            requests = [turn.request for turn in turns if not turn.done]
            if not requests:
                break
            handler = requests[0][0] if requests[0] else None
            if handler is None or len(requests) < len(turns) or any(r is None or r[0] is not handler for r in requests):
                raise RuntimeError(
                    "The shards of a batch take different ways through the step: expected the same calls."
                )
            with between or nullcontext():
                replies = handler([request[1] for request in requests if request is not None])
            for turn, reply in zip(turns, replies, strict=True):
                turn.reply = reply
        return [turn.result for turn in turns]
    finally:
        for turn in turns:
            turn.end()


def meet(handler: Handler, value: Any) -> Any:
    """Waits in a function of `take_turns` until all functions have called this, and returns its part of the result.

    Args:
        handler: gets the values of all functions, in their order, on the thread that called `take_turns`, and returns
            a reply for each of them.
        value: of this function.

    Returns:
        The reply for this function.
    """
    turn = _turn.get()
    assert turn is not None, "meet: expected to be called in a function of take_turns"
    return turn.meet(handler, value)

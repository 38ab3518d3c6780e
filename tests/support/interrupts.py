"""Raises KeyboardInterrupt at random lines of Python, as Ctrl-C does, whatever the machine's load is."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from typing import Any


class _Lines:
    """A trace function that counts lines, and raises at one of them. Exceptions in finalizers would be ignored."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.count = at, 0

    def __call__(self, frame: Any, event: str, arg: Any) -> Any:
        if frame.f_code.co_name == "__del__":
            return None
        if event == "line":
            self.count += 1
            if self.count == self.at:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self

    def during(self, work: Callable[[], object]) -> bool:
        """Calls `work`; returns whether it was interrupted."""
        sys.settrace(self)
        try:
            work()
            return False
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(None)


def interrupted(prepare: Callable[[], Any], work: Callable[[Any], object], attempts: int) -> Iterator[Any]:
    """Calls `work(prepare())` again and again, and interrupts it at random lines; yields what `prepare` returned."""
    work(prepare())  # a first call imports modules
    counter, subject = _Lines(), prepare()
    counter.during(lambda: work(subject))
    lines = random.Random(0)
    for _ in range(attempts):
        subject = prepare()
        if _Lines(lines.randrange(1, counter.count)).during(lambda subject=subject: work(subject)):
            yield subject

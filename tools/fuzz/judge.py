"""Runs one input after the other through a target and judges what came of it."""

from __future__ import annotations

import collections
import pathlib
import re
import resource
import time
import traceback

from .report import LastInput, Report
from .target import Target
from .watch import Watch

# Kinds that say nothing to a user. An error that repeats the text of one of them names no problem either.
_ACCIDENTS = (LookupError, AttributeError, AssertionError, ArithmeticError, RecursionError, NameError, UnicodeError)
_VALUES = re.compile(r"'[^']*'|(\b[0-9a-f]{2}\b ?)+|[\d.,-]+")  # in a message
_REPORT_EVERY = 5.0  # seconds


class Judge:
    """Judges the executions of one target.

    Args:
        name, target: the target.
        folder: the current directory, where the reader may open files.
        watch: sees forbidden acts.
        last: keeps the current input.
    """

    def __init__(self, name: str, target: Target, folder: pathlib.Path, watch: Watch, last: LastInput) -> None:
        self.target, self.folder, self.watch, self.last = target, folder, watch, last
        self.report = Report(name)
        self._outcomes: collections.Counter[str] = collections.Counter()
        self._started = self._written = time.monotonic()
        self._cpu = time.process_time()

    def __call__(self, data: bytes) -> str:
        """Runs one input. Returns what became of it: for an exception its kind, its place in the code and its text."""
        report = self.report
        report.executions += 1
        self.last.put(report.executions, data)
        before = time.thread_time()
        self.watch.begin()
        kind, place, text = "read", "", ""
        try:
            self.target.run(data, self.folder)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, and the panics of Rust's libraries, are faults too
            self.watch.on = False  # asking what was raised may open files
            kind, place, text = type(error).__name__, place_of(error.__cause__ or error), without_values(str(error))
            if problem := self._problem(error):
                report.failed(f"{problem} at {place}", data, "".join(traceback.format_exception(error)))
        report.slowest = max(report.slowest, time.thread_time() - before)
        for act in self.watch.seen():
            report.failed(act, data, "")
        self._outcomes[kind] += 1
        if time.monotonic() - self._written > _REPORT_EVERY:
            self.write()
        return f"{kind} {place} {text}"

    def _problem(self, error: BaseException) -> str | None:
        """What is wrong with an exception; None if it is one that a caller can expect."""
        kind, text = type(error).__name__, str(error)
        if not isinstance(error, self.target.named) or isinstance(error, UnicodeError):
            return kind
        if isinstance(error, MemoryError) or text in self.target.accepted:  # one that is named needs no words
            return None
        cause = error.__cause__
        if len(text.split()) < 2 or (isinstance(cause, _ACCIDENTS) and text.endswith(str(cause))):
            return f"{kind} that does not name the problem{f' of {type(cause).__name__}' if cause else ''}"
        if len(text) > self.target.longest_text:
            return f"{kind} with a long text"
        return None

    def write(self) -> None:
        """Writes the report so far."""
        self._written = time.monotonic()
        self.report.seconds, self.report.cpu = self._written - self._started, time.process_time() - self._cpu
        self.report.outcomes = dict(self._outcomes.most_common())
        self.report.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        self.report.write(self.last.path.parent)


def without_values(text: str) -> str:
    """The beginning of a message, with numbers and quoted names replaced by "#"."""
    return _VALUES.sub("#", text[:200])[:80]


def place_of(error: BaseException) -> str:
    """The innermost line of netlet's, or else of all, from which an exception came.

    `traceback.extract_tb` would look for the lines in the source files, which takes longer than most readers.
    """
    step, place, own = error.__traceback__, "", False
    while step is not None:
        name = step.tb_frame.f_code.co_filename
        if (inside := "/netlet/" in name) or not own:
            place, own = f"{name.rpartition('/python/')[2]}:{step.tb_lineno}", own or inside
        step = step.tb_next
    return place

"""Progbar: Keras's progress bar."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from netlet.base.messages import is_interactive, print_msg


class Progbar:
    """A progress bar in one line: number of steps, bar, time, time per step, values.

    On a terminal or in a notebook the line is redrawn in place, at most every `interval` seconds. Otherwise (a file,
    a pipe) one plain line is written at the end.

    Args:
        target: number of steps, None if unknown.
        width: length of the bar in characters; default 20.
        verbose: 0 for no output, 1 (default) for the bar, 2 for one plain line at the end.
        interval: minimum time in seconds between two updates of the line; default 0.1.
        stateful_metrics: names of values that are shown as given; all others are averaged over steps. None by default.
        stateless_metrics: names of values that are averaged over steps; all others are shown as given. Only one of the
            two may be given.
        unit_name: name of a step; default "step".

    Raises:
        ValueError: both `stateful_metrics` and `stateless_metrics`.

    Source: Keras 3 `keras.utils.Progbar`.

    Example:

    >>> Progbar(5, verbose=2).update(5, [("loss", 0.25)])  # doctest: +ELLIPSIS
    5/5 - 0s - ... - loss: 0.2500
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.1,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: expected only one of `stateful_metrics` and `stateless_metrics`, received both.")
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = None if stateless_metrics is not None else set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self.dynamic = draws_in_place()
        self._values: dict[str, list[float]] = {}  # name -> [sum, number of steps]
        self._seen_so_far = 0
        self._start = time.time()
        self._after_first_step: float | None = None
        self._last_update = 0.0
        self._line_width = 0

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Sets the number of finished steps and adds values.

        Args:
            current: number of finished steps.
            values: pairs (name, value) for the steps since the last call; default none. Of a list, its mean is shown;
                matrices are not shown.
            finalize: whether this is the last call; default whether `current` has reached the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            if np.ndim(value) < 2:
                self._add(name, float(np.mean(value)), max(current - self._seen_so_far, 1), finalize)
        self._seen_so_far = current
        now = time.time()
        step_seconds = self._step_seconds(current, now)
        if self.verbose == 1 and self.dynamic:
            if finalize or self.due():
                self._draw(current, now, step_seconds, finalize)
                self._last_update = now
        elif self.verbose == 1 and finalize:
            bar = ["━" * self.width] if self.target else []
            parts = [self._count(current), *bar, self._elapsed(now), self._per_unit(step_seconds)]
            print_msg(" ".join(parts) + self._shown_values())
        elif self.verbose == 2 and finalize and self.target:
            parts = [self._count(current), self._elapsed(now), self._per_unit(step_seconds)]
            print_msg(" - ".join(parts) + self._shown_values())

    def due(self) -> bool:
        """Whether `update` would redraw the line now.

        Returns:
            True on a terminal, `interval` seconds after the last time.
        """
        return self.verbose == 1 and self.dynamic and time.time() - self._last_update >= self.interval

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Adds finished steps.

        Args:
            n: number of steps.
            values: pairs (name, value) for these steps; default none.
        """
        self.update(self._seen_so_far + n, values)

    def _add(self, name: str, value: float, steps: int, finalize: bool) -> None:
        if self.stateless_metrics is not None:
            averaged = name in self.stateless_metrics
        else:
            averaged = name not in (self.stateful_metrics or ())
        if averaged and not finalize:
            total, count = self._values.get(name, [0.0, 0])
            self._values[name] = [total + value * steps, count + steps]
        else:
            self._values[name] = [value, 1]

    # ---- the parts of the line -------------------------------------------------------------------------------------
    def _count(self, current: int) -> str:
        return f"{current:{len(str(self.target))}d}/{self.target}" if self.target else f"{current:7d}/Unknown"

    def _elapsed(self, now: float) -> str:
        return f"{now - self._start:.0f}s"

    def _per_unit(self, seconds: float) -> str:
        if seconds >= 1 or seconds == 0:
            return f"{seconds:.0f}s/{self.unit_name}"
        if seconds >= 1e-3:
            return f"{seconds * 1e3:.0f}ms/{self.unit_name}"
        return f"{seconds * 1e6:.0f}us/{self.unit_name}"

    def _shown_values(self) -> str:
        means = {name: total / max(1, count) for name, (total, count) in self._values.items()}
        return "".join(f" - {k}: {v:.4f}" if abs(v) > 1e-3 else f" - {k}: {v:.4e}" for k, v in means.items())

    def _draw(self, current: int, now: float, step_seconds: float, finalize: bool) -> None:
        if self.target:
            done = int(self.width * min(current / self.target, 1.0))
            left = "━" * (self.width - done)
            bar = (f"\x1b[32m{'━' * done}\x1b[0m" if done else "") + f"\x1b[37m{left}\x1b[0m"
            head = f"\x1b[1m{self._count(current)}\x1b[0m {bar}"
            head_width = len(self._count(current)) + 1 + self.width
        else:
            head = self._count(current)
            head_width = len(head)
        unfinished = self.target and not finalize
        clock = _duration(step_seconds * (self.target - current)) if unfinished and self.target else self._elapsed(now)
        tail = f" {self._per_unit(step_seconds)}{self._shown_values()}"
        width = head_width + 1 + len(clock) + len(tail)
        padding = " " * max(0, self._line_width - width)  # overwrites the rest of a longer line
        start = "\b" * self._line_width + "\r"
        print_msg(f"{start}{head} \x1b[1m{clock}\x1b[0m{tail}{padding}" + ("\n" if finalize else ""), line_break=False)
        self._line_width = width

    def _step_seconds(self, current: int, now: float) -> float:
        """Returns the mean seconds per step, without the first step (which also compiles) if there are others."""
        if not current:
            return 0.0
        if self._after_first_step is not None and current > 1:
            seconds = (now - self._after_first_step) / (current - 1)
        else:
            seconds = (now - self._start) / current
        if current == 1:
            self._after_first_step = now
        return seconds


def draws_in_place() -> bool:
    """Whether a line on sys.stdout can be redrawn: a terminal, a notebook, or an IDE's console."""
    if not is_interactive():
        return False
    isatty = getattr(sys.stdout, "isatty", None)
    return bool(isatty and isatty()) or "ipykernel" in sys.modules or "PYCHARM_HOSTED" in os.environ


def _duration(seconds: float) -> str:
    """Formats a time.

    >>> _duration(7), _duration(75), _duration(3725)
    ('7s', '1:15', '1:02:05')
    """
    minutes, rest = divmod(int(seconds), 60)
    if seconds > 3600:
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if seconds > 60 else f"{rest}s"

"""Counts how often the memory of Variables moved: a plan that was recorded in an older epoch uses old memory."""

from __future__ import annotations

import itertools
import threading

_epoch = itertools.count(1)
_current_epoch = 0
_last_here: dict[int, int] = {}  # the last epoch that each thread began
_last_change = 0  # the last epoch that began with more than moved memory


def storage_epoch() -> int:
    """The number of times that a Variable's memory was moved, in the whole process."""
    return _current_epoch


def moved(only_memory: bool = False) -> None:
    """Tells plans that the memory of Variables was moved, or something else that plans were recorded for has changed.

    Args:
        only_memory: whether a plan is right again if all that it uses is where it was; False by default.
    """
    global _current_epoch, _last_change
    epoch = next(_epoch)
    _last_here[threading.get_ident()] = epoch
    if not only_memory:
        _last_change = epoch
    _current_epoch = epoch


def moved_elsewhere(since: int) -> bool:
    """Whether all epochs after `since` began in other threads, and with moved memory only."""
    return _last_change <= since and _last_here.get(threading.get_ident(), 0) <= since

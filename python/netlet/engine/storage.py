"""Counts how often the memory of Variables moved: a plan that was recorded in an older epoch uses old memory."""

from __future__ import annotations

import itertools

_epoch = itertools.count(1)
_current_epoch = 0


def storage_epoch() -> int:
    """The number of times that a Variable's memory was moved, in the whole process."""
    return _current_epoch


def moved() -> None:
    """Tells plans that the memory of Variables was moved."""
    global _current_epoch
    _current_epoch = next(_epoch)

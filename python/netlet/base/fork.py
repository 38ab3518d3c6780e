"""Locks that are usable in a forked child."""

from __future__ import annotations

import os
import threading


def fork_safe_lock() -> threading.RLock:
    """Returns a lock that `fork` acquires first, so in the child it is free and the protected data are consistent.

    >>> with fork_safe_lock() as held:
    ...     held
    True
    """
    lock = threading.RLock()  # a signal handler may fork while its own thread holds the lock
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock

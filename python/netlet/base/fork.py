"""Locks that a forked child can take."""

from __future__ import annotations

import os
import threading


def fork_safe_lock() -> threading.RLock:
    """A lock that no other thread holds at a fork: what it protects is whole in the child, and the lock is free there.

    >>> with fork_safe_lock() as held:
    ...     held
    True
    """
    lock = threading.RLock()  # a signal handler may fork while its own thread holds the lock
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock

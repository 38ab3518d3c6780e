"""How many threads netlet computes with, for its users and for threadpoolctl.

At start it is the number of CPUs that this process may use (its affinity mask, cut to the container's CPU quota), or
what the environment variable NETLET_NUM_THREADS says. Results never depend on it: see docs/numerics.md.
"""

from __future__ import annotations

import operator

from netlet import _core


def get_num_threads() -> int:
    """The number of threads that parallel work is shared among, the calling thread included.

    >>> get_num_threads() >= 1
    True
    """
    return _core.get_num_threads()


def set_num_threads(num_threads: int) -> None:
    """Sets the number of threads, for the whole process.

    Raises:
        ValueError: fewer than one thread.
        TypeError: not an integer.

    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    _core.set_num_threads(operator.index(num_threads))


def register_with_threadpoolctl() -> None:
    """Lets threadpoolctl (`threadpool_limits`, `threadpool_info`) see and set netlet's threads; nothing if it is not
    installed.

    threadpoolctl finds a loaded library by its file name and asks for its symbols through ctypes. Ours is called
    `_core`, as other people's are, so `check_symbols` is what tells it apart.
    """
    try:
        import threadpoolctl
    except ImportError:
        return

    class NetletController(threadpoolctl.LibController):
        user_api = "netlet"
        internal_api = "netlet"
        filename_prefixes = ("_core",)
        check_symbols = ("netlet_get_num_threads", "netlet_set_num_threads")

        def get_num_threads(self) -> int:
            return int(self.dynlib.netlet_get_num_threads())

        def set_num_threads(self, num_threads: int) -> None:
            self.dynlib.netlet_set_num_threads(int(num_threads))

        def get_version(self) -> None:
            return None

    threadpoolctl.register(NetletController)

"""The number of threads of netlet, for users and for threadpoolctl.

The default is the number of CPUs that this process may use (its affinity mask, limited by the container's CPU quota),
or the value of the environment variable NETLET_NUM_THREADS. Results never depend on it: see docs/numerics.md.
"""

from __future__ import annotations

import operator

from netlet import _core


def get_num_threads() -> int:
    """Returns the number of threads that share parallel work, including the calling thread.

    >>> get_num_threads() >= 1
    True
    """
    return _core.get_num_threads()


def set_num_threads(num_threads: int) -> None:
    """Sets the number of threads for the whole process.

    Args:
        num_threads: at least 1.

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
    """Makes threadpoolctl (`threadpool_limits`, `threadpool_info`) report and set netlet's threads, if it is installed.

    threadpoolctl finds loaded libraries by their file names. Other packages also have a library called `_core`, so
    `check_symbols` identifies ours.
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

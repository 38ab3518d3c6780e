"""For a child process that has loaded failing_io.c: lets each call that writes to a folder fail in turn."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Iterator

OPEN, WRITE, SYNC, RENAME, CLOSE, MKDIR = 1, 2, 4, 8, 16, 32
# (error, whether all later writes fail too): a disk that is full, and one sector that is bad.
DISKS = [(errno.ENOSPC, True), (errno.EIO, False)]


class FailingDisk:
    """Args:
    folder: absolute path; only calls for files below it fail.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._shim = ctypes.CDLL(None)
        self._shim.netlet_test_io_failed.restype = ctypes.c_long
        self.kinds = 0  # of the calls so far: a sum of OPEN, WRITE, ...

    def each_call(self, work: Callable[[], object], error: int, sticky: bool) -> Iterator[OSError]:
        """Calls `work` again and again; the k-th time its k-th writing call fails. Yields what it raised, and checks
        that it named a path in the folder and left no file open. Ends when `work` makes fewer than k calls.
        """
        k = 0
        while True:
            k += 1
            before = self._open_files()
            self._fail(k, error, sticky)
            caught = None
            try:
                work()
            except OSError as raised:
                caught = raised.with_traceback(None)
            failed = self._shim.netlet_test_io_failed()
            self.kinds |= self._shim.netlet_test_io_kinds()
            self._fail(0, 0, False)
            if not failed:
                assert caught is None, caught
                assert k > 1, "nothing was written"
                return
            assert caught is not None, f"call {k} failed, and no exception says so"
            assert caught.errno == error, (k, caught)
            assert self.folder in str(caught), (k, str(caught))
            left = self._open_files() - before
            assert not left, (k, left)
            yield caught

    def _fail(self, k: int, error: int, sticky: bool) -> None:
        self._shim.netlet_test_fail_io(os.fsencode(self.folder), ctypes.c_long(k), error, int(sticky))

    def _open_files(self) -> set[str]:
        found = set()
        for name in os.listdir("/proc/self/fd"):
            try:
                path = os.readlink(f"/proc/self/fd/{name}")
            except FileNotFoundError:
                continue
            if path.startswith(self.folder):
                found.add(path)
        return found

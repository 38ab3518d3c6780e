"""For a child process that has loaded failing_memory.c: lets each request for memory fail in turn."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Iterator

LARGE = 1 << 14  # bytes: an array of the tests' models
SMALL = 1 << 10  # bytes: small arrays and lists, too


class FailingMemory:
    def __init__(self) -> None:
        self._shim = ctypes.CDLL(None)
        self._shim.netlet_test_memory_failed.restype = ctypes.c_long
        self.raised = 0  # MemoryErrors so far

    def each_request(
        self, prepare: Callable[[], object], work: Callable[..., object], least: int, stride: int = 1
    ) -> Iterator[tuple[object, bool]]:
        """Calls `work(prepare())` again and again; each time another request for memory in `work` fails. Yields what
        `prepare` returned, and whether `work` raised MemoryError. Ends when no request is left that could fail.

        Args:
            prepare: makes what `work` receives; nothing fails in it.
            work: it may only raise MemoryError.
            least: requests of at least this many bytes fail.
            stride: of this many requests one fails.
        """
        k = 1
        while True:
            subject = prepare()
            gc.collect()
            caught = False
            self._shim.netlet_test_fail_memory(ctypes.c_long(k), ctypes.c_size_t(least))
            try:
                work(subject)
            except MemoryError:
                caught = True
            finally:
                failed = self._shim.netlet_test_memory_failed()
                self._shim.netlet_test_fail_memory(ctypes.c_long(-1), ctypes.c_size_t(0))
            assert failed or not caught
            if not failed:
                return
            self.raised += caught
            yield subject, caught
            k += stride

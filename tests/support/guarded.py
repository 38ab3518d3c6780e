"""Arrays that end (or begin) exactly at an inaccessible page: an access one element too far crashes."""

from __future__ import annotations

import ctypes
import mmap

import numpy as np
import pytest


def guarded(x: np.ndarray, side: str = "end") -> np.ndarray:
    """A copy of x whose first ("begin") or last ("end") byte is next to an inaccessible page. Both sides have one."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "mprotect"):
        pytest.skip("no mprotect here")
    page = mmap.PAGESIZE
    inside = -(-max(x.nbytes, 1) // page) * page
    memory = mmap.mmap(-1, inside + 2 * page)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for address in (base, base + page + inside):
        assert libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(page), 0) == 0
    offset = page + (inside - x.nbytes if side == "end" else 0)
    # The mapping lives as long as the array; munmap removes the protection with it.
    y = np.frombuffer(memory, x.dtype, x.size, offset).reshape(x.shape)
    y[...] = x
    return y

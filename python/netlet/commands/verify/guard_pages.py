"""Promise 8: no byte outside the operands is touched, for a sample of ops next to inaccessible pages."""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import _core, ops

from .child import NotHereError, failures
from .isas import forced

Array = np.ndarray[Any, Any]
SIZES = (1, 2, 3, 7, 15, 16, 17, 31, 33, 63, 65)
CALLS: list[Callable[[Any, Array, Array], Any]] = [  # (operand maker, matrix (3, n), matrix (n, 5))
    lambda g, a, b: ops.matmul(g(a), g(b)),
    lambda g, a, b: _core.matmul(g(a), g(np.ascontiguousarray(b.T)), False, True),
    lambda g, a, b: _core.matmul(g(a.astype("uint8")), g(b.astype("int8"))),
    lambda g, a, b: ops.exp(g(a)),
    lambda g, a, b: ops.gelu(g(a)),
    lambda g, a, b: ops.add(g(a), g(a)),
    lambda g, a, b: ops.softmax(g(a)),
    lambda g, a, b: ops.sum(g(a), axis=0),
    lambda g, a, b: ops.max(g(a), axis=1),
    lambda g, a, b: ops.cumsum(g(a), axis=1),
    lambda g, a, b: ops.sort(g(a)),
    lambda g, a, b: ops.conv(g(a[None, :, :, None]), g(np.ones((2, 1, 1, 3), "float32"))),
    lambda g, a, b: ops.max_pool(g(a[None, :, :, None]), 2, padding="same"),
    lambda g, a, b: ops.quantize_absmax(g(a), -1),
    lambda g, a, b: ops.layer_normalization(g(a), g(a[0]), g(a[1])),
]


def check() -> list[str]:
    if not hasattr(mmap, "MAP_PRIVATE"):
        raise NotHereError("guard pages need mprotect")
    return failures(f"from {__name__} import touch; touch()")


def touch() -> None:
    """Runs the calls on every instruction set; an access outside the operands ends the process."""
    for isa in forced():
        for n in SIZES:
            rng = np.random.default_rng(n)
            a, b = rng.integers(0, 9, (3, n)).astype("float32"), rng.integers(0, 9, (n, 5)).astype("float32")
            for i, call in enumerate(CALLS):
                for side in ("begin", "end"):
                    print(f"{isa}, call {i}, n = {n}, {side}", flush=True, file=sys.stdout)
                    call(lambda x, side=side: guarded(x, side), a, b)


def guarded(x: Array, side: str) -> Array:
    """A copy of x whose first ("begin") or last ("end") byte is next to an inaccessible page."""
    page = mmap.PAGESIZE
    inside = -(-max(x.nbytes, 1) // page) * page
    memory = mmap.mmap(-1, inside + 2 * page)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    protect = ctypes.CDLL(None).mprotect
    for address in (base, base + page + inside):
        if protect(ctypes.c_void_p(address), ctypes.c_size_t(page), 0):
            raise OSError("mprotect")
    offset = page + (inside - x.nbytes if side == "end" else 0)
    y: Array = np.frombuffer(memory, x.dtype, x.size, offset).reshape(x.shape)
    y[...] = x
    return y

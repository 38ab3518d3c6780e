"""Promise 11: ops that receive unusual arrays give the right result or raise an exception of a known type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import ops

from .child import failures

Array = np.ndarray[Any, Any]
NAMED = (TypeError, ValueError, IndexError, OverflowError, MemoryError, NotImplementedError)
OPS: dict[str, Callable[[Any], Any]] = {
    "exp": ops.exp,
    "add": lambda x: ops.add(x, x),
    "sum": lambda x: ops.sum(x, axis=0),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x)),
    "softmax": ops.softmax,
    "sort": ops.sort,
    "concatenate": lambda x: ops.concatenate([x, x], 0),
    "reshape": lambda x: ops.reshape(x, (-1,)),
    "take": lambda x: ops.take(x, [0, 1], axis=0),
    "layer_normalization": ops.layer_normalization,
    "quantize_absmax": lambda x: ops.quantize_absmax(x)[0],
    "relu": ops.relu,
}


def same_values(x: Array) -> dict[str, Array]:
    """The values of x in other layouts: each op gives what it gives for x."""
    odd = np.ndarray(x.shape, x.dtype, buffer=bytearray(x.nbytes + 1), offset=1)
    odd[...] = x
    fixed = x.copy()
    fixed.flags.writeable = False
    return {
        "Fortran order": np.asfortranarray(x),
        "negative strides": x[::-1, ::-1].copy()[::-1, ::-1],
        "every second": np.repeat(x, 2, axis=1)[:, ::2],
        "misaligned": odd,
        "read-only": fixed,
        "big-endian": x.astype(">f4"),
        "overlapping": np.broadcast_to(x[:1], x.shape),
    }


HOSTILE: dict[str, Any] = {
    "0-d": np.float32(1),
    "empty": np.zeros((0, 3), np.float32),
    "no columns": np.zeros((3, 0), np.float32),
    "object": np.array([[1, None]], object),
    "text": np.array([["a"]]),
    "complex": np.ones((2, 2), complex),
    "times": np.zeros((2, 2), "datetime64[s]"),
    "records": np.zeros((2, 2), [("a", "f4")]),
    "ragged": [[1.0], [1.0, 2.0]],
    "None": None,
    "NaN": np.full((2, 3), np.nan, np.float32),
    "eight axes": np.ones((1,) * 8, np.float32),
    "33 axes": np.ones((1,) * 33, np.float32) if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else None,
    "huge": np.broadcast_to(np.float32(1), (1 << 40, 1 << 20)),
}


def check() -> list[str]:
    return failures(f"from {__name__} import sample; sample()")


def sample() -> None:
    """Makes the calls; SystemExit names the first one that is wrong. A crash ends the process, after its name."""
    x = np.arange(-6, 6, dtype=np.float32).reshape(4, 3)
    for name, op in OPS.items():
        for layout, other in same_values(x).items():
            print(f"{name}, {layout}", flush=True)
            want = np.asarray(op(np.array(other, np.float32, order="C")))
            if not np.array_equal(np.asarray(op(other)), want, equal_nan=True):
                raise SystemExit(f"{name}: another result for an array that is {layout}")
        for kind, value in HOSTILE.items():
            if kind == "huge" and name != "matmul":
                continue  # its result alone is more than any machine holds, but the time to find that out differs
            print(f"{name}, {kind}", flush=True)
            try:
                op(value)
            except NAMED:
                pass
            except Exception as error:
                raise SystemExit(f"{name}: {kind} raised {type(error).__name__}") from error

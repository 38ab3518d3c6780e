"""Objects that a script may pass as an array or number: the same values in other forms, other arrays, non-arrays."""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet import ops


class Rows(Sequence):
    """A sequence that computes its items on access."""

    def __init__(self, x: np.ndarray) -> None:
        self.x = x

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: Any) -> Any:
        return self.x[i].tolist()


class Subclass(np.ndarray):
    """A user-defined array class."""


class HasArray:
    """An object that can only be converted to an array."""

    def __init__(self, x: np.ndarray) -> None:
        self.x, self.shape, self.dtype = x, x.shape, x.dtype

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(self.x, dtype)


class HasDlpack:
    """An object that supports only DLPack."""

    def __init__(self, x: np.ndarray) -> None:
        self.x, self.shape, self.dtype = x.copy(), x.shape, x.dtype

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.x.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self.x.__dlpack_device__()


def misaligned(x: np.ndarray) -> np.ndarray:
    if not x.nbytes:
        return x.copy()
    y = np.ndarray(x.shape, x.dtype, buffer=np.zeros(x.nbytes + 1, "uint8").data, offset=1)
    y[...] = x
    return y


def read_only(x: np.ndarray) -> np.ndarray:
    y = x.copy()
    y.flags.writeable = False
    return y


def inside(x: np.ndarray) -> np.ndarray:
    big = np.full([d + 3 for d in x.shape], 7, x.dtype)
    part = big[tuple(slice(1, d + 1) for d in x.shape)]
    part[...] = x
    return part


def overlapping(x: np.ndarray) -> np.ndarray:
    """A view whose rows share elements; its values are not x's."""
    flat = np.ascontiguousarray(x).reshape(-1)
    return np.lib.stride_tricks.as_strided(flat, x.shape, [x.itemsize] * x.ndim, writeable=False)


def as_list(x: np.ndarray) -> np.ndarray:
    """The array that a list of x's numbers becomes: float32, or NumPy's integers."""
    y = np.asarray(x.tolist())
    return y.astype("float32") if y.dtype == np.float64 else y


def flat_array(x: np.ndarray) -> array.array:
    return array.array({"f": "d", "i": "q", "u": "B", "b": "b"}[x.dtype.kind], x.reshape(-1).tolist())


# name -> (the object that is passed, the plain array with the same values)
SAME: dict[str, tuple[Callable[[np.ndarray], Any], Callable[[np.ndarray], np.ndarray]]] = {
    "a Tensor": (ops.convert_to_tensor, np.copy),
    "F-order": (np.asfortranarray, np.copy),
    "reversed": (lambda x: np.ascontiguousarray(x[..., ::-1])[..., ::-1], np.copy),
    "every second": (lambda x: np.repeat(x, 2, axis=-1)[..., ::2], np.copy),
    "misaligned": (misaligned, np.copy),
    "read-only": (read_only, np.copy),
    "big-endian": (lambda x: x.astype(x.dtype.newbyteorder(">")), np.copy),
    "inside of a larger one": (inside, np.copy),
    "overlapping": (overlapping, lambda x: overlapping(x).copy()),
    "zero strides": (lambda x: np.broadcast_to(x.reshape(-1)[:1].reshape([1] * x.ndim), x.shape),) * 2,
    "subclass": (lambda x: x.copy().view(Subclass), np.copy),
    "__array__": (HasArray, np.copy),
    "__dlpack__": (HasDlpack, np.copy),
    "memoryview": (lambda x: memoryview(x.copy()), np.copy),
    "array.array": (flat_array, lambda x: np.asarray(flat_array(x))),
    "list": (lambda x: x.tolist(), as_list),
    "tuple": (lambda x: tuple(x.tolist()), as_list),
    "own sequence": (Rows, as_list),
    "range": (lambda x: range(len(x)), lambda x: np.arange(len(x))),
}
# Other arrays: the function may refuse them, or return another result than for x.
OTHER: dict[str, Callable[[np.ndarray], Any]] = {
    "0-d": lambda x: x.reshape(-1)[0],
    "no rows": lambda x: x[:0],
    "no columns": lambda x: x[..., :0],
    "no elements": lambda x: np.zeros([0] * x.ndim, x.dtype),
    "empty list": lambda x: [],
    "list of empty lists": lambda x: [[], []],
    "two axes more": lambda x: x[None, None],
    "nine axes": lambda x: x.reshape(*[1] * (9 - x.ndim), *x.shape),
    "one axis": lambda x: x.reshape(-1),
    "NaN": lambda x: np.full(x.shape, np.nan) if x.dtype.kind == "f" else x,
    "infinite": lambda x: np.full(x.shape, np.inf) if x.dtype.kind == "f" else x,
    "float16": lambda x: x.astype("float16"),
    "float32": lambda x: x.astype("float32"),
    "long double": lambda x: x.astype("longdouble"),
    "int8": lambda x: x.astype("int8"),
    "int16": lambda x: x.astype("int16"),
    "uint64": lambda x: np.abs(x.astype("float64")).astype("uint64"),
    "uint64 beyond int64": lambda x: np.full(x.shape, 2**64 - 1, "uint64"),
    "lowest int64": lambda x: np.full(x.shape, -(2**63)),
    "bool": lambda x: x.astype("bool"),
    "huge": lambda x: np.broadcast_to(x.reshape(-1)[:1].reshape([1] * x.ndim), (2**40, *x.shape[1:])),
}
# Objects that hold no real numbers: a function of numbers must refuse them.
REFUSED: dict[str, Callable[[np.ndarray], Any]] = {
    "objects": lambda x: np.full(x.shape, object()),
    "an object": lambda x: object(),
    "ragged": lambda x: [[1.0], [1.0, 2.0]],
    "text": lambda x: np.full(x.shape, "a"),
    "a string": lambda x: "abc",
    "bytes": lambda x: b"abc",
    "complex": lambda x: x.astype("complex128"),
    "dates": lambda x: np.full(x.shape, "2020-01-01", "datetime64[D]"),
    "None": lambda x: None,
    "a dict": lambda x: {"x": 1.0},
    "a set": lambda x: {1.0, 2.0},
    "a generator": lambda x: (row for row in x),
    "a list of None": lambda x: [None] * len(x),
    "Ellipsis": lambda x: ...,
    "a class": lambda x: np.ndarray,
}
NUMBERS: list[Any] = [
    *(None, True, -1, 0, 1, 7, 2**40, -(2**40), 2**63, -(2**63) - 1, 2**70, 1.5, float("nan"), float("inf")),
    *("", "abc", b"x", (), [], (0,), (0, 0), (1, 1), (-1, -1), (2**40, 2**40), (2**62, 4), (2**63,)),
    *((float("nan"),), ("a",), (None,), (1,) * 9, {}, {"a": 1}, {0}, object(), ..., range(2), np.ndarray),
    *(np.zeros(2), np.zeros((2, 0)), np.int64(1), np.array(1), np.array([1, 1]), [[1, 2], [3]]),
]

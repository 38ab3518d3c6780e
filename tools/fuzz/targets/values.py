"""Values for the arguments of native functions, written as JSON.

JSON's own values stand for themselves; {"array": dtype, "shape": [...], "layout": ..., "fill": number} is an array or a
Tensor, {"tuple": [...]} a tuple, {"integer": "text"} an integer of any size, and {"object": name} an object of
`_OBJECTS`.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from typing import Any

import numpy as np

_DTYPES = (
    "float32 float32 float32 float64 float16 int32 int64 int8 uint8 bool uint16 int16 uint64 complex64 str object >f4"
).split()
_LAYOUTS = ("tensor", "tensor", "tensor", "plain", "fortran", "reversed", "read-only", "misaligned", "broadcast")
_NAMES = (
    "linear relu gelu softmax tanh sigmoid float32 float64 int8 uint8 int32 bfloat16 bool mean sum none constant "
    "nearest bilinear reflect wrap lstm gru rnn simple_rnn binary categorical sparse_categorical mse cpu same "
    "any even x"
).split()

# pybind11 passes a null pointer where None is given for the object of a method of these classes, which have none but
# internal users.
_NEVER_NONE = ("Tape", "BackwardList", "Plan", "Strand")


class Hostile(Exception):
    """What the hostile objects raise."""


class _Raises:
    """Every protocol of arrays, numbers and sequences raises."""

    def _raise(self, *args: Any, **kwargs: Any) -> Any:
        raise Hostile("asked for")

    __array__ = __dlpack__ = __dlpack_device__ = __index__ = __len__ = __getitem__ = __iter__ = __float__ = __bool__ = (
        _raise
    )
    __int__ = __call__ = __array_interface__ = _raise


class _Lies:
    """Protocols that answer with values of other types, or impossible ones."""

    shape, dtype, ndim = (2**62, 4), "float32", -1

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return "no array"

    def __dlpack__(self, **kwargs: Any) -> Any:
        return 7

    def __dlpack_device__(self) -> Any:
        return (2**40, "x")

    def __index__(self) -> int:
        return 2**70

    def __len__(self) -> int:
        return 2**62

    def __getitem__(self, key: Any) -> Any:
        return key

    def __float__(self) -> float:
        return float("nan")


class _Grows(list):  # type: ignore[type-arg]
    """A sequence that is longer each time it is asked."""

    def __len__(self) -> int:
        self.append(1)
        return list.__len__(self)


class _Interface:
    """An array interface with an address that is not the object's."""

    __array_interface__ = {"shape": (2**40,), "typestr": "<f4", "data": None, "version": 3}  # noqa: RUF012


def _nested() -> list[Any]:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]
    return value


def _cycle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def _plan() -> Any:
    from netlet import _core

    with _core.Tape(record=True) as tape:
        x = tape.input((2, 3), "float32", "x")
        return tape.compile([_core.add(x, x)])


def _row_map() -> Any:
    from netlet import _core

    return _core.RowMap(3, 0, [_core.full((3, 2), "float32", 0.0)])


def _own(name: str) -> Any:
    from netlet import _core

    return getattr(_core, name)()


_OBJECTS: dict[str, Callable[[], Any]] = {
    "raises": _Raises,
    "lies": _Lies,
    "grows": _Grows,
    "interface": _Interface,
    "nested": _nested,
    "cycle": _cycle,
    "object": object,
    "ellipsis": lambda: ...,
    "slice": lambda: slice(None, None, -1),
    "zero slice": lambda: slice(0, 1, 0),
    "bytes": lambda: b"float32",
    "surrogate": lambda: "\ud800",
    "zero byte": lambda: "float32\0x",
    "set": lambda: {1.0, 2.0},
    "generator": lambda: iter([1.0, 2.0]),
    "function": lambda: lambda *args, **kwargs: args,
    "raising function": lambda: _Raises()._raise,
    "nan": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "complex": lambda: 1j,
    "array of Tensors": lambda: np.array([made({"array": "float32", "shape": [2]})] * 2, dtype=object),
    "plan": _plan,
    "row map": _row_map,
    "tape": lambda: _own("Tape"),
    "strand": lambda: _own("Strand"),
    "backward list": lambda: _own("BackwardList"),
}
_OF_CLASS = {"Plan": "plan", "RowMap": "row map", "Tape": "tape", "Strand": "strand", "BackwardList": "backward list"}
_ODD = sorted(set(_OBJECTS) - set(_OF_CLASS.values()))


def random_value(annotation: str, name: str, rng: random.Random) -> Any:
    """A value that mostly fits an annotation of `_core.pyi`."""
    if not rng.randrange(8):
        odd = [True, -1, "abc", [], {"object": rng.choice(_ODD)}, {"integer": str(2**70)}, _array(rng), [_array(rng)]]
        return rng.choice(odd if any(name in annotation for name in _NEVER_NONE) else [None, *odd])
    annotation = rng.choice(annotation.split(" | "))
    if annotation in _OF_CLASS:
        return {"object": _OF_CLASS[annotation]}
    if annotation.startswith("Sequence["):
        inner = annotation[len("Sequence[") : -1]
        return [random_value(inner, name, rng) for _ in range(rng.choice((0, 1, 2, 2, 2, 3, 4)))]
    if annotation.startswith("tuple["):
        return {"tuple": [random_value(part, name, rng) for part in annotation[len("tuple[") : -1].split(", ")]}
    if annotation in ("_ArrayLike", "Tensor", "NDArray[Any]"):
        value = _array(rng)
        return {**value, "layout": "tensor"} if annotation == "Tensor" else value
    if annotation == "int":
        return rng.choice((0, 1, 1, 2, 2, 3, 4, 8, -1, -2, 2**31, 2**40, 2**62, -(2**63), 127))
    if annotation == "float":
        return rng.choice((0.0, 1.0, 0.5, -1.0, 1e-7, 1e38, 2, {"object": "nan"}, {"object": "infinity"}))
    if annotation == "bool":
        return rng.choice((True, False))
    if annotation == "str":
        return rng.choice(_NAMES)
    if annotation == "None":
        return None
    return rng.choice((None, {"object": "function"}, _array(rng), 1, [1, 2], {"object": "slice"}))


def _array(rng: random.Random) -> dict[str, Any]:
    shape = rng.choice(
        (
            [],
            [0],
            [1],
            [3],
            [2, 3],
            [3, 2],
            [2, 2],
            [2, 3, 4],
            [1, 4, 4, 2],
            [2, 5, 3],
            [0, 3],
            [2, 0, 3],
            [1] * 9,
            [2, 2, 2, 2, 2],
        )
    )
    return {
        "array": rng.choice(_DTYPES[:3] if rng.randrange(3) else _DTYPES),
        "shape": shape,
        "layout": rng.choice(_LAYOUTS),
        "fill": rng.choice((0, 1, 2, 1.5, -1, 7)),
    }


def made(value: Any) -> Any:
    """The Python object of a value."""
    if isinstance(value, list):
        return [made(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return _made_array(value["array"], tuple(value["shape"]), value.get("layout", "tensor"), value.get("fill", 1))
    if "tuple" in value:
        return tuple(made(item) for item in value["tuple"])
    if "integer" in value:
        return int(value["integer"])
    return _OBJECTS[value["object"]]()


def _made_array(dtype: str, shape: tuple[int, ...], layout: str, fill: float) -> Any:
    array = np.broadcast_to(np.asarray(fill).astype(dtype), shape).copy()
    if dtype not in ("str", "object", "bool"):
        array.reshape(-1)[::2] = 1
    if layout == "fortran":
        return np.asfortranarray(array)
    if layout == "reversed" and array.ndim:
        return np.ascontiguousarray(array[..., ::-1])[..., ::-1]
    if layout == "read-only":
        array.flags.writeable = False
    if layout == "misaligned" and array.nbytes and dtype != "object":
        return np.ndarray(shape, array.dtype, buffer=bytearray(array.nbytes + 1), offset=1)
    if layout == "broadcast" and array.size:
        return np.broadcast_to(array.reshape(-1)[:1].reshape([1] * array.ndim), (2**12, *shape[1:]) if shape else shape)
    return _tensor()(array) if layout == "tensor" and dtype in _OF_TENSORS else array


_OF_TENSORS = frozenset("float32 float64 float16 int32 int64 int8 uint8 bool uint16 int16".split())


@functools.cache
def _tensor() -> Any:
    from netlet import _core

    return _core.tensor

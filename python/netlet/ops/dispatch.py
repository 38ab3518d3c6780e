"""What makes a function an op: symbolic arguments become a node of the graph instead of a value."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from netlet import _core
from netlet.config import DTYPES, floatx, is_float
from netlet.engine import graph
from netlet.engine.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])
REGISTRY: dict[str, Callable[..., Any]] = {}  # name -> op: how a saved graph finds its ops again


def op(fn: F) -> F:
    """Decorator. The function itself sees arrays, Tensors, Variables and numbers only: the first call into `_core`
    that meets a symbolic argument raises, and the whole op becomes one node."""

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        except _core.SymbolicArgument:
            if not graph.is_symbolic(args) and not graph.is_symbolic(kwargs):
                raise
        return graph.symbolic_op(wrapper, args, kwargs)

    REGISTRY[fn.__name__] = wrapper
    return cast(F, wrapper)


def float_op(fn: F) -> F:
    """Decorator of an op whose kernels are for floats: integers are cast to floatx first, as in Keras."""

    @functools.wraps(fn)
    def accepting(x: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return fn(x, *args, **kwargs)
        except TypeError:
            if is_float(dtype_of(x)):
                raise
        return fn(_core.cast(concrete(x), floatx()), *args, **kwargs)

    return op(cast(F, accepting))


def concrete(x: Any) -> Any:
    """x as something with a known shape: a Tensor, or an ndarray; symbolic arguments raise SymbolicArgument."""
    if isinstance(x, Tensor):
        return x
    inner = getattr(x, "_tensor", None)
    if inner is not None:
        return inner
    # A producer of DLPack alone is an array, too; to NumPy's asarray it is an object.
    array = np.from_dlpack(x) if hasattr(x, "__dlpack__") and not hasattr(x, "__array__") else np.asarray(x)
    if array.dtype == object:
        raise TypeError(f"netlet.ops work on numbers; given an array of Python objects (from {type(x).__name__}).")
    if array.dtype == np.float64 and not _has_dtype(x):
        array = array.astype(np.float32)  # a Python number or a sequence of them: Keras's default float type
    return array


def _has_dtype(x: Any) -> bool:
    """Whether x brings a dtype of its own: arrays, and what has a buffer (array.array, memoryview)."""
    if isinstance(x, (np.ndarray, np.generic)) or hasattr(x, "__array__") or hasattr(x, "__dlpack__"):
        return True
    try:
        memoryview(x)
    except TypeError:
        return False
    return True


def shape_of(x: Any) -> tuple[int, ...]:
    return tuple(concrete(x).shape)


def dtype_of(x: Any) -> str:
    dtype = concrete(x).dtype
    return dtype if isinstance(dtype, str) else dtype.name


def nearest_dtype(x: Any) -> str:
    """The dtype of ours that holds x's values: its own, or int32 for int16, float64 for long double, ..."""
    name = dtype_of(x)
    return name if name in DTYPES else _core.as_tensor(concrete(x)).dtype


def shape_from(given: Any, name: str) -> tuple[int, ...]:
    """A shape argument as a tuple of integers; ValueError if it is none."""
    try:
        return tuple(operator.index(d) for d in ((given,) if isinstance(given, (int, np.integer)) else given))
    except TypeError:
        raise ValueError(f"{name}: a shape is a tuple of integers; given {given!r}.") from None


def flat(x: Any) -> Any:
    """x with one axis."""
    return _core.reshape(x, (math.prod(shape_of(x)),))


def along(x: Any, axis: int | None, name: str) -> tuple[Any, int]:
    """x and the axis to work along, counted from 0: the only one of the flattened x where axis is None."""
    return (flat(x), 0) if axis is None else (x, axis_in(axis, len(shape_of(x)), name))


def axis_in(axis: int, rank: int, name: str) -> int:
    """The axis counted from 0; ValueError if there is none such."""
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise ValueError(f"{name}: axis must be an integer; given {axis!r}.")
    if not -rank <= axis < rank:
        raise ValueError(f"{name}: axis {axis} is out of range for an input of rank {rank}.")
    return int(axis) % rank

"""The decorators that make a function an op, and what ops ask about their arguments.

An op with a symbolic argument adds a node to the graph instead of computing a value.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from netlet import _core
from netlet.base.arrays import as_ndarray
from netlet.config import DTYPES, floatx, is_float
from netlet.engine import graph
from netlet.engine.needs_values import NeedsValues, values_if_known
from netlet.engine.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])
REGISTRY: dict[str, Callable[..., Any]] = {}  # name -> op: how a saved graph finds its ops again


def op(fn: F) -> F:
    """Decorator of a function of `netlet.ops`.

    The function itself handles arrays, Tensors, Variables and numbers only. Its first call into `_core` with a symbolic
    argument raises SymbolicArgument; the whole op then becomes one node of the graph.

    Args:
        fn: the function.

    Returns:
        The function, which also accepts KerasTensors.

    >>> op(lambda x: x)(2)
    2
    """

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        except _core.SymbolicArgument:
            if not graph.is_symbolic(args) and not graph.is_symbolic(kwargs):
                raise
        except TypeError as error:
            if (name := _missing_array(fn, args, kwargs, error)) is None:
                raise
            raise TypeError(f"{_public_name(fn)}: expected an array or a number as `{name}`, received None.") from None
        return graph.symbolic_op(wrapper, args, kwargs)

    # A loss may have the name of an op, and other arguments.
    wrapper.op_name = op_name = _registered_name(fn)  # type: ignore[attr-defined]
    REGISTRY[op_name] = wrapper
    return cast(F, wrapper)


def _missing_array(fn: Callable[..., Any], args: Any, kwargs: Any, error: TypeError) -> str | None:
    """The name of the first required argument that is None, if that is why an op's kernel or `concrete` refused it."""
    text = str(error)
    if "incompatible function arguments" not in text and "(from NoneType)" not in text:
        return None
    parameters = inspect.signature(fn).parameters
    given = {**dict(zip(parameters, args, strict=False)), **kwargs}
    for name, parameter in parameters.items():
        kernel_takes_none = re.search(rf"\b{name}: (Optional\[|[^,)]*\| None)", text)
        if parameter.default is parameter.empty and name in given and given[name] is None and not kernel_takes_none:
            return name
    return None


def _public_name(fn: Callable[..., Any]) -> str:
    """The name of an op in messages: "ops.add", or "losses.huber" for one of another part of netlet."""
    name = _registered_name(fn)
    return name if "." in name else f"ops.{name}"


def _registered_name(fn: Callable[..., Any]) -> str:
    """The name by which a saved graph finds an op: "add", or "losses.huber" for an op of another part of netlet."""
    package, _, path = fn.__module__.partition(".")
    part = path.partition(".")[0]
    return fn.__name__ if package != "netlet" or part == "ops" else f"{part}.{fn.__name__}"


def float_op(fn: F) -> F:
    """Decorator of an op whose kernels take floats only: integers are cast to floatx first, as in Keras.

    Args:
        fn: a function whose first argument is an array.

    Returns:
        The function, which also accepts integers and KerasTensors.

    >>> float_op(_core.exp)([0]).tolist()
    [1.0]
    """

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
    """x as a Tensor or an ndarray, whose shape is known.

    Args:
        x: number, list, array, Tensor, Variable or DLPack producer. Python numbers become float32 or an integer.

    Returns:
        Tensor or ndarray.

    Raises:
        SymbolicArgument: x is a KerasTensor.
        TypeError: x holds Python objects instead of numbers.

    >>> concrete([1.0]).dtype
    dtype('float32')
    """
    if isinstance(x, Tensor):
        return x
    inner = getattr(x, "_tensor", None)
    if inner is not None:
        # A Variable without autocast keeps its dtype in a layer that computes in halves: the view is no Variable.
        return inner if x.autocast or _core.autocast_dtype() is None else _core.reshape(inner, inner.shape)
    array = as_ndarray(x)
    if array.dtype == object:
        raise TypeError(f"netlet.ops: expected numbers, received Python objects (from {type(x).__name__}).")
    if array.dtype == np.float64 and not _has_dtype(x):
        array = array.astype(np.float32)  # a Python number or a sequence of them: Keras's default float type
    return array


def known_values(x: Any, what: str) -> np.ndarray:
    """The values of an eager array, for results whose shape depends on them.

    Args:
        x: as for `concrete`.
        what: name of the op, for the message.

    Returns:
        ndarray.

    Raises:
        NeedsValues: the step that is recorded computes them. A model's steps then run eagerly.
        TypeError: x does not hold numbers.

    >>> known_values([1, 2], "ops.unique").tolist()
    [1, 2]
    """
    values = values_if_known(x if hasattr(x, "_tensor") else concrete(x))
    if values is None:
        raise NeedsValues(what, "the result's shape depends on values")
    if values.dtype.kind not in "iufb" and values.dtype.name != "bfloat16":
        raise TypeError(f"{what}: expected an array of numbers, received {values.dtype}.")
    return values


def _has_dtype(x: Any) -> bool:
    """Whether x has its own dtype: arrays, and objects with a buffer (array.array, memoryview)."""
    if isinstance(x, (np.ndarray, np.generic)) or hasattr(x, "__array__") or hasattr(x, "__dlpack__"):
        return True
    try:
        memoryview(x)
    except TypeError:
        return False
    return True


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a concrete argument.

    Args:
        x: as for `concrete`.

    Returns:
        tuple of integers.

    >>> shape_of([[1, 2]])
    (1, 2)
    """
    return tuple(concrete(x).shape)


def dtype_of(x: Any) -> str:
    """The name of the dtype of a concrete argument.

    Args:
        x: as for `concrete`.

    Returns:
        str.

    >>> dtype_of(1.0)
    'float32'
    """
    dtype = concrete(x).dtype
    return dtype if isinstance(dtype, str) else dtype.name


def nearest_dtype(x: Any) -> str:
    """The supported dtype that holds x's values: its own, or e.g. int32 for int16 and float64 for long double.

    Args:
        x: as for `concrete`.

    Returns:
        str.

    >>> nearest_dtype(np.zeros(1, "int16"))
    'int32'
    """
    name = dtype_of(x)
    return name if name in DTYPES else _core.as_tensor(concrete(x)).dtype


def shape_from(given: Any, name: str) -> tuple[int, ...]:
    """A shape argument as a tuple of integers.

    Args:
        given: one integer, or a sequence of them.
        name: name of the op, for the message.

    Returns:
        tuple of integers.

    Raises:
        ValueError: it is not a shape.

    >>> shape_from(3, "ops.zeros")
    (3,)
    """
    try:
        return tuple(operator.index(d) for d in ((given,) if isinstance(given, (int, np.integer)) else given))
    except TypeError:
        raise ValueError(f"{name}: expected a shape (a tuple of integers), received {given!r}.") from None


def as_float(x: Any) -> Any:
    """x if it is of floats, else x cast to floatx.

    Args:
        x: as for `concrete`.

    Returns:
        x or a Tensor.

    >>> as_float([1, 2]).dtype
    'float32'
    """
    return x if is_float(nearest_dtype(x)) else _core.cast(concrete(x), floatx())


def of_dtype(x: Any, dtype: str) -> Any:
    """x as a Tensor of a dtype. A Python float is rounded to it at once, not to float32 first.

    Args:
        x: as for `concrete`.
        dtype: name of the dtype.

    Returns:
        Tensor of x's shape.

    >>> of_dtype(0.1, "float64").item()
    0.1
    """
    return _core.cast(np.float64(x) if isinstance(x, float) else concrete(x), dtype)


def flat(x: Any) -> Any:
    """x with all elements in one axis.

    Args:
        x: as for `concrete`.

    Returns:
        Tensor (number of elements,).

    >>> flat([[1, 2]]).shape
    (2,)
    """
    return _core.reshape(x, (math.prod(shape_of(x)),))


def along(x: Any, axis: int | None, name: str) -> tuple[Any, int]:
    """x and an axis counted from 0; for axis=None the flattened x and its only axis.

    Args:
        x: as for `concrete`.
        axis: an axis, or None.
        name: name of the op, for the message.

    Returns:
        (x, axis).

    Raises:
        ValueError: the axis is out of range.

    >>> along([[1, 2]], -1, "ops.sort")
    ([[1, 2]], 1)
    """
    return (flat(x), 0) if axis is None else (x, axis_in(axis, len(shape_of(x)), name))


def axis_in(axis: int, rank: int, name: str) -> int:
    """An axis counted from 0.

    Args:
        axis: an integer, below 0 from the end.
        rank: number of axes.
        name: name of the op, for the message.

    Returns:
        int in [0, rank).

    Raises:
        ValueError: the axis is out of range or not an integer.

    >>> axis_in(-1, 3, "ops.sort")
    2
    """
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise ValueError(f"{name}: expected an integer axis, received {axis!r}.")
    if not -rank <= axis < rank:
        raise ValueError(f"{name}: axis {axis} is out of range for an input of rank {rank}.")
    return int(axis) % rank

"""Arithmetic of two arguments, with NumPy's broadcasting and Keras's names.

Arguments are Tensors, Variables, arrays, numbers or symbolic tensors. The result is a Tensor, or a symbolic tensor if
any argument is symbolic. Gradients flow wherever the function has a derivative. The result has the larger of the two
dtypes, as in NumPy; an array or number next to a Tensor is cast to the Tensor's dtype.

All functions raise ValueError for shapes that do not broadcast and TypeError for an unsupported dtype.
"""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import is_float

from ..core.dispatch import concrete, nearest_dtype, op

__all__ = [
    "add",
    "divide",
    "divide_no_nan",
    "floor_divide",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "power",
    "squared_difference",
    "subtract",
    "true_divide",
]


@op
def add(x1: Any, x2: Any) -> Any:
    """x1 + x2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> add([1.0, 2.0], 1.0).tolist()
    [2.0, 3.0]
    """
    return _core.add(x1, x2)


@op
def subtract(x1: Any, x2: Any) -> Any:
    """x1 - x2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> subtract([1.0, 2.0], 1.0).tolist()
    [0.0, 1.0]
    """
    return _core.subtract(x1, x2)


@op
def multiply(x1: Any, x2: Any) -> Any:
    """x1 * x2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> multiply([1.0, 2.0], [[2.0], [3.0]]).tolist()
    [[2.0, 4.0], [3.0, 6.0]]
    """
    return _core.multiply(x1, x2)


@op
def divide(x1: Any, x2: Any) -> Any:
    """x1 / x2, element by element; division by zero gives an infinity or NaN.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> divide([1.0, 2.0], 2.0).tolist()
    [0.5, 1.0]
    """
    return _core.divide(x1, x2)


true_divide = divide


@op
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0. The gradient is 0 there, too.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> divide_no_nan([1.0, 2.0], [0.0, 2.0]).tolist()
    [0.0, 1.0]
    """
    zero = _core.equal(x2, 0.0)
    return _core.where(zero, 0.0, _core.divide(x1, _core.where(zero, 1.0, x2)))


@op
def maximum(x1: Any, x2: Any) -> Any:
    """The larger of each pair of elements; NaN if either is NaN.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> maximum([1.0, 3.0], 2.0).tolist()
    [2.0, 3.0]
    """
    return _core.maximum(x1, x2)


@op
def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of each pair of elements; NaN if either is NaN.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> minimum([1.0, 3.0], 2.0).tolist()
    [1.0, 2.0]
    """
    return _core.minimum(x1, x2)


@op
def power(x1: Any, x2: Any) -> Any:
    """x1 to the power x2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> power([2.0, 3.0], 2.0).tolist()
    [4.0, 9.0]
    """
    return _core.power(x1, x2)


@op
def squared_difference(x1: Any, x2: Any) -> Any:
    """(x1 - x2)**2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> squared_difference([1.0, 4.0], 2.0).tolist()
    [1.0, 4.0]
    """
    return _core.square(_core.subtract(x1, x2))


def _common_dtype(x1: Any, x2: Any) -> str:
    """The dtype of x1 * x2; int32 for two bools."""
    with _core.Tape():  # computed at once, also inside a recording, on arrays without elements
        probes = [x if isinstance(x, (int, float)) else _core.empty((0,), nearest_dtype(x)) for x in (x1, x2)]
        both = str(_core.multiply(*probes).dtype)
    return "int32" if both == "bool" else both


def _division(x1: Any, x2: Any) -> tuple[Any, Any]:
    """floor(x1 / x2) and x1 - x2 * floor(x1 / x2) in float64, each of them NaN where x1 is infinite."""
    a, b = _core.cast(concrete(x1), "float64"), _core.cast(concrete(x2), "float64")
    whole = _core.floor(_core.divide(a, b))
    rest = _core.subtract(a, _core.multiply(b, whole))
    if not (is_float(nearest_dtype(x1)) or is_float(nearest_dtype(x2))):
        return whole, rest
    infinite, nothing = _core.isinf(b), _core.multiply(a, 0.0)
    below = _core.less(_core.multiply(_core.sign(a), _core.sign(b)), 0.0)  # a / b is a little less than 0
    whole = _core.where(infinite, _core.where(below, -1.0, 0.0), whole)
    rest = _core.where(infinite, _core.where(below, b, a), rest)
    return _core.add(whole, nothing), _core.add(rest, nothing)


@op
def floor_divide(x1: Any, x2: Any) -> Any:
    """The largest integer <= x1 / x2, element by element; no gradient flows.

    float32 numbers are divided in float64, so that 1 // 0.1 is 9, as in Python.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape, in the dtype of x1 * x2.

    >>> floor_divide([7, -7], 2).tolist()
    [3, -4]
    """
    return _core.cast(_division(x1, x2)[0], _common_dtype(x1, x2))


@op
def mod(x1: Any, x2: Any) -> Any:
    """The remainder x1 - x2 * floor(x1 / x2), with the sign of x2; no gradient flows.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape, in the dtype of x1 * x2.

    >>> mod([7, -7], 3).tolist()
    [1, 2]
    """
    return _core.cast(_division(x1, x2)[1], _common_dtype(x1, x2))

"""Arithmetic of two arguments, with NumPy's broadcasting and Keras's names.

Arguments are Tensors, Variables, arrays, numbers or symbolic tensors. The result is a Tensor, or a symbolic tensor if
any argument is symbolic. Gradients flow wherever the function has a derivative. The result has the larger of the two
dtypes, as in NumPy; an array or number next to a Tensor is cast to the Tensor's dtype.

All functions raise ValueError for shapes that do not broadcast and TypeError for an unsupported dtype.
"""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import op
from .integer_powers import integer_power, integer_type

__all__ = [
    "add",
    "divide",
    "divide_no_nan",
    "floor_divide",
    "fmod",
    "gcd",
    "lcm",
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
        Tensor of the broadcast shape. The power of integers is an integer that wraps around like a product; a negative
        power of integers is rounded toward 0.

    >>> power([2.0, 3.0], 2.0).tolist()
    [4.0, 9.0]
    """
    dtype = integer_type(x1, x2)
    return _core.power(x1, x2) if dtype is None else integer_power(x1, x2, dtype)


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


@op
def floor_divide(x1: Any, x2: Any) -> Any:
    """The largest integer <= x1 / x2, element by element; no gradient flows.

    It is computed from the exact remainder, so that 1 // 0.1 is 9, as in Python. A float divided by 0 is an infinity or
    NaN. An integer divided by 0 is, as in Keras on JAX, -2 (0 // 0: -1), or the highest number of an unsigned type.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape, in the dtype of x1 * x2; int32 for two bools.

    >>> floor_divide([7, -7], 2).tolist()
    [3, -4]
    """
    return _core.floor_divide(x1, x2)


@op
def mod(x1: Any, x2: Any) -> Any:
    """The remainder x1 - x2 * floor(x1 / x2), with the sign of x2, exact; NaN for a float and 0 for an integer x2 = 0.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape, in the dtype of x1 * x2; int32 for two bools.

    >>> mod([7, -7], 3).tolist()
    [1, 2]
    """
    return _core.mod(x1, x2)


@op
def fmod(x1: Any, x2: Any) -> Any:
    """The remainder x1 - x2 * trunc(x1 / x2), with the sign of x1, exact; NaN for a float and 0 for an integer x2 = 0.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> fmod([7, -7], 3).tolist()
    [1, -1]
    """
    return _core.fmod(x1, x2)


@op
def gcd(x1: Any, x2: Any) -> Any:
    """The greatest common divisor of integers, element by element; gcd(0, 0) is 0.

    Args:
        x1: number, array or Tensor of integers.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        TypeError: an argument holds floats.

    >>> gcd([12, 18], 8).tolist()
    [4, 2]
    """
    return _core.gcd(x1, x2)


@op
def lcm(x1: Any, x2: Any) -> Any:
    """The least common multiple of integers, element by element; 0 if one is 0.

    Args:
        x1: number, array or Tensor of integers.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        TypeError: an argument holds floats.

    >>> lcm([4, 6], 10).tolist()
    [20, 30]
    """
    return _core.lcm(x1, x2)

"""Operations on the bits of integers, under Keras's names; no gradient flows.

Bools stay bools under and, or, xor and not. Other operands have the larger of the two dtypes, as in NumPy.
"""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import op

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "left_shift",
    "right_shift",
]


@op
def bitwise_and(x: Any, y: Any) -> Any:
    """x & y: the bits that are set in both.

    Args:
        x: number, array or Tensor of integers or bools.
        y: the same, of a shape that broadcasts with x's.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        TypeError: an argument holds floats.

    >>> bitwise_and([12, 7], 10).tolist()
    [8, 2]
    """
    return _core.bitwise_and(x, y)


@op
def bitwise_or(x: Any, y: Any) -> Any:
    """x | y: the bits that are set in at least one.

    Args:
        x: number, array or Tensor of integers or bools.
        y: the same, of a shape that broadcasts with x's.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        TypeError: an argument holds floats.

    >>> bitwise_or([12, 7], 10).tolist()
    [14, 15]
    """
    return _core.bitwise_or(x, y)


@op
def bitwise_xor(x: Any, y: Any) -> Any:
    """x ^ y: the bits that are set in exactly one.

    Args:
        x: number, array or Tensor of integers or bools.
        y: the same, of a shape that broadcasts with x's.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        TypeError: an argument holds floats.

    >>> bitwise_xor([12, 7], 10).tolist()
    [6, 13]
    """
    return _core.bitwise_xor(x, y)


@op
def bitwise_not(x: Any) -> Any:
    """~x: every bit inverted, which is -x - 1 for signed integers.

    Args:
        x: array or Tensor of integers or bools.

    Returns:
        Tensor of x's shape and dtype.

    Raises:
        TypeError: x holds floats.

    >>> bitwise_not([0, 5]).tolist()
    [-1, -6]
    """
    return _core.bitwise_not(x)


bitwise_invert = bitwise_not


@op
def bitwise_left_shift(x: Any, y: Any) -> Any:
    """x << y: the bits of x moved up by y; 0 where y is negative or at least the number of bits.

    Args:
        x: number, array or Tensor of integers.
        y: how far, of a shape that broadcasts with x's.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        TypeError: an argument holds floats.

    >>> bitwise_left_shift([1, 3], 2).tolist()
    [4, 12]
    """
    return _core.left_shift(x, y)


left_shift = bitwise_left_shift


@op
def bitwise_right_shift(x: Any, y: Any) -> Any:
    """x >> y: the bits of x moved down by y, with copies of the sign above them.

    Where y is negative or at least the number of bits, every bit is the sign: 0 or -1.

    Args:
        x: number, array or Tensor of integers.
        y: how far, of a shape that broadcasts with x's.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        TypeError: an argument holds floats.

    >>> bitwise_right_shift([8, -8], 2).tolist()
    [2, -2]
    """
    return _core.right_shift(x, y)


right_shift = bitwise_right_shift

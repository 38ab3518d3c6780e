"""Comparisons and logic: bool results without a gradient; and `where`, with one."""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import float_op, op
from .indexing import nonzero

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "where",
]


@op
def equal(x1: Any, x2: Any) -> Any:
    """x1 == x2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        bool Tensor of the broadcast shape.

    >>> equal([1.0, 2.0], 2.0).tolist()
    [False, True]
    """
    return _core.equal(x1, x2)


@op
def not_equal(x1: Any, x2: Any) -> Any:
    """x1 != x2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        bool Tensor of the broadcast shape.

    >>> not_equal([1.0, 2.0], 2.0).tolist()
    [True, False]
    """
    return _core.not_equal(x1, x2)


@op
def less(x1: Any, x2: Any) -> Any:
    """x1 < x2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        bool Tensor of the broadcast shape.

    >>> less([1.0, 2.0], 2.0).tolist()
    [True, False]
    """
    return _core.less(x1, x2)


@op
def less_equal(x1: Any, x2: Any) -> Any:
    """x1 <= x2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        bool Tensor of the broadcast shape.

    >>> less_equal([1.0, 3.0], 2.0).tolist()
    [True, False]
    """
    return _core.less_equal(x1, x2)


@op
def greater(x1: Any, x2: Any) -> Any:
    """x1 > x2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        bool Tensor of the broadcast shape.

    >>> greater([1.0, 3.0], 2.0).tolist()
    [False, True]
    """
    return _core.greater(x1, x2)


@op
def greater_equal(x1: Any, x2: Any) -> Any:
    """x1 >= x2, element by element.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        bool Tensor of the broadcast shape.

    >>> greater_equal([1.0, 2.0], 2.0).tolist()
    [False, True]
    """
    return _core.greater_equal(x1, x2)


@op
def logical_and(x1: Any, x2: Any) -> Any:
    """Whether both elements are true (not 0).

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        bool Tensor of the broadcast shape.

    >>> logical_and([True, False], True).tolist()
    [True, False]
    """
    return _core.logical_and(x1, x2)


@op
def logical_or(x1: Any, x2: Any) -> Any:
    """Whether at least one of two elements is true (not 0).

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        bool Tensor of the broadcast shape.

    >>> logical_or([True, False], False).tolist()
    [True, False]
    """
    return _core.logical_or(x1, x2)


@op
def logical_xor(x1: Any, x2: Any) -> Any:
    """Whether exactly one of two elements is true (not 0).

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        bool Tensor of the broadcast shape.

    >>> logical_xor([True, False], True).tolist()
    [False, True]
    """
    return _core.logical_xor(x1, x2)


@op
def logical_not(x: Any) -> Any:
    """True where x is 0.

    Args:
        x: array or Tensor of any shape.

    Returns:
        bool Tensor of x's shape.

    >>> logical_not([0.0, 2.0]).tolist()
    [True, False]
    """
    return _core.logical_not(x)


@float_op
def isfinite(x: Any) -> Any:
    """True where x is neither NaN nor infinite.

    Args:
        x: array or Tensor of any shape.

    Returns:
        bool Tensor of x's shape.

    >>> isfinite([1.0, float("inf")]).tolist()
    [True, False]
    """
    return _core.isfinite(x)


@float_op
def isnan(x: Any) -> Any:
    """True where x is NaN.

    Args:
        x: array or Tensor of any shape.

    Returns:
        bool Tensor of x's shape.

    >>> isnan([1.0, float("nan")]).tolist()
    [False, True]
    """
    return _core.isnan(x)


@float_op
def isinf(x: Any) -> Any:
    """True where x is plus or minus infinity.

    Args:
        x: array or Tensor of any shape.

    Returns:
        bool Tensor of x's shape.

    >>> isinf([1.0, float("-inf")]).tolist()
    [False, True]
    """
    return _core.isinf(x)


@op
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition is true, else x2. Gradients flow to x1 and x2.

    Args:
        condition: bool array or Tensor.
        x1: number, array or Tensor; None (the default), with x2: the positions are returned.
        x2: number, array or Tensor; the three shapes broadcast together. None by default.

    Returns:
        Tensor of the broadcast shape; without x1 and x2 the positions where the condition is true, as of `nonzero`.

    Raises:
        ValueError: one of x1 and x2 is missing.
        NeedsValues: both are missing, and a recorded step computes the condition.

    >>> where([True, False], [1.0, 1.0], 0.0).tolist()
    [1.0, 0.0]
    """
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError(f"ops.where: expected both x1 and x2, or none of them, received x1={x1!r} and x2={x2!r}.")
    return _core.where(condition, x1, x2)

"""Functions of each element, such as exp, log and sqrt, under Keras's names."""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import float_op, op

__all__ = [
    "abs",
    "absolute",
    "cos",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "negative",
    "reciprocal",
    "sin",
    "sqrt",
    "square",
    "tan",
]


@op
def negative(x: Any) -> Any:
    """-x, element by element.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor of x's shape.

    >>> negative([1.0, -2.0]).tolist()
    [-1.0, 2.0]
    """
    return _core.negative(x)


@op
def abs(x: Any) -> Any:
    """|x|, element by element; its derivative at 0 is 0.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor of x's shape.

    >>> abs([1.0, -2.0]).tolist()
    [1.0, 2.0]
    """
    return _core.abs(x)


absolute = abs


@float_op
def exp(x: Any) -> Any:
    """e**x, element by element, within 1 ULP.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> exp([0.0, 1.0]).numpy().round(4)
    array([1.    , 2.7183], dtype=float32)
    """
    return _core.exp(x)


@float_op
def exp2(x: Any) -> Any:
    """2**x, element by element.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> exp2([-1.0, 3.0]).tolist()
    [0.5, 8.0]
    """
    return _core.exp2(x)


@float_op
def expm1(x: Any) -> Any:
    """e**x - 1, element by element, accurate for small x.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> expm1([0.0]).tolist()
    [0.0]
    """
    return _core.expm1(x)


@float_op
def log(x: Any) -> Any:
    """Natural logarithm of each element: -inf at 0, NaN below.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> log([0.0, 1.0]).tolist()
    [-inf, 0.0]
    """
    return _core.log(x)


@float_op
def log1p(x: Any) -> Any:
    """log(1 + x), element by element, accurate for small x.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> log1p([0.0]).tolist()
    [0.0]
    """
    return _core.log1p(x)


@float_op
def log2(x: Any) -> Any:
    """Logarithm to base 2 of each element, exact for powers of 2.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> log2([0.5, 8.0]).tolist()
    [-1.0, 3.0]
    """
    return _core.log2(x)


@float_op
def log10(x: Any) -> Any:
    """Logarithm to base 10 of each element.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> log10([1.0]).tolist()
    [0.0]
    """
    return _core.log10(x)


@float_op
def sqrt(x: Any) -> Any:
    """Square root of each element: NaN below 0.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> sqrt([4.0, 9.0]).tolist()
    [2.0, 3.0]
    """
    return _core.sqrt(x)


@op
def square(x: Any) -> Any:
    """x * x, element by element.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor of x's shape.

    >>> square([2.0, -3.0]).tolist()
    [4.0, 9.0]
    """
    return _core.square(x)


@float_op
def reciprocal(x: Any) -> Any:
    """1 / x, element by element.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> reciprocal([4.0]).tolist()
    [0.25]
    """
    return _core.reciprocal(x)


@float_op
def sin(x: Any) -> Any:
    """Sine of each element.

    Args:
        x: array or Tensor of any shape, in radians; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> sin([0.0]).tolist()
    [0.0]
    """
    return _core.sin(x)


@float_op
def cos(x: Any) -> Any:
    """Cosine of each element.

    Args:
        x: array or Tensor of any shape, in radians; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> cos([0.0]).tolist()
    [1.0]
    """
    return _core.cos(x)


@float_op
def tan(x: Any) -> Any:
    """Tangent of each element.

    Args:
        x: array or Tensor of any shape, in radians; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> tan([0.0]).tolist()
    [0.0]
    """
    return _core.tan(x)

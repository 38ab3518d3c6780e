"""Functions of each element, such as exp, log and sqrt, under Keras's names."""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import concrete, float_op, nearest_dtype, op

__all__ = [
    "abs",
    "absolute",
    "cbrt",
    "exp",
    "exp2",
    "expm1",
    "i0",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "negative",
    "reciprocal",
    "sqrt",
    "square",
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
def cbrt(x: Any) -> Any:
    """Cube root of each element, also of negative ones.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> cbrt([8.0, -27.0]).tolist()
    [2.0, -3.0]
    """
    return _core.cbrt(x)


@op
def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind, order 0, of each element.

    Args:
        x: array or Tensor of any shape; int64 is cast to float64, other integers to float32.

    Returns:
        Tensor of x's shape.

    >>> i0([0.0, 1.0]).numpy().round(4)
    array([1.    , 1.2661], dtype=float32)
    """
    return _core.i0(_core.cast(concrete(x), "float64") if nearest_dtype(x) == "int64" else x)


@op
def logaddexp(x1: Any, x2: Any) -> Any:
    """log(e**x1 + e**x2), element by element, without overflow.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> logaddexp([0.0, 10.0], [0.0, 10.0]).numpy().round(4)
    array([ 0.6931, 10.6931], dtype=float32)
    """
    return _core.logaddexp(x1, x2)


@op
def logaddexp2(x1: Any, x2: Any) -> Any:
    """log2(2**x1 + 2**x2), element by element, without overflow.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> logaddexp2([0.0, 1000.0], [0.0, 1000.0]).tolist()
    [1.0, 1001.0]
    """
    return _core.logaddexp2(x1, x2)

"""What depends on the form of floating-point numbers: signs, infinities, neighbours, closeness."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import is_float

from ..core.dispatch import concrete, float_op, nearest_dtype, op

__all__ = [
    "allclose",
    "fabs",
    "fmax",
    "fmin",
    "heaviside",
    "isclose",
    "isneginf",
    "isposinf",
    "ldexp",
    "nextafter",
    "signbit",
]


@float_op
def fabs(x: Any) -> Any:
    """|x| as a float, element by element.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> fabs([-1, 2]).tolist()
    [1.0, 2.0]
    """
    x = x if is_float(nearest_dtype(x)) else _core.multiply(x, 1.0)
    return _core.abs(x)


@float_op
def isposinf(x: Any) -> Any:
    """True where x is plus infinity.

    Args:
        x: array or Tensor of any shape.

    Returns:
        bool Tensor of x's shape.

    >>> isposinf([1.0, float("inf")]).tolist()
    [False, True]
    """
    return _core.isposinf(x)


@float_op
def isneginf(x: Any) -> Any:
    """True where x is minus infinity.

    Args:
        x: array or Tensor of any shape.

    Returns:
        bool Tensor of x's shape.

    >>> isneginf([1.0, float("-inf")]).tolist()
    [False, True]
    """
    return _core.isneginf(x)


@float_op
def signbit(x: Any) -> Any:
    """True where the sign of x is minus, also for -0.0.

    Args:
        x: array or Tensor of any shape.

    Returns:
        bool Tensor of x's shape.

    >>> signbit([-0.0, 1.0]).tolist()
    [True, False]
    """
    return _core.signbit(x)


@op
def fmax(x1: Any, x2: Any) -> Any:
    """The larger of each pair of elements; where one is NaN, the other.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> fmax([1.0, float("nan")], 2.0).tolist()
    [2.0, 2.0]
    """
    return _core.where(_core.logical_or(_core.greater(x1, x2), _core.isnan(x2)), x1, x2)


@op
def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of each pair of elements; where one is NaN, the other.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> fmin([1.0, float("nan")], 2.0).tolist()
    [1.0, 2.0]
    """
    return _core.where(_core.logical_or(_core.less(x1, x2), _core.isnan(x2)), x1, x2)


@op
def heaviside(x1: Any, x2: Any) -> Any:
    """The step function: 0 where x1 < 0, x2 where x1 is 0, 1 where x1 > 0; no gradient flows.

    Args:
        x1: number, array or Tensor.
        x2: the value at 0, of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> heaviside([-1.0, 0.0, 3.0], 0.5).tolist()
    [0.0, 0.5, 1.0]
    """
    return _core.heaviside(x1, x2)


# Digits of the mantissa, exponent of the smallest normal number, and the largest finite number.
_HALVES = {"float16": (10, -14, 65504.0), "bfloat16": (7, -126, 2.0**128 - 2.0**120)}


def _next_half(x1: Any, x2: Any, dtype: str) -> Any:
    """nextafter for halves: x1 and the spacing of halves between it and its neighbour in float32."""
    digits, lowest, largest = _HALVES[dtype]
    a, b = (_core.cast(_core.cast(concrete(x), dtype), "float32") for x in (x1, x2))
    between = _core.cast(_core.nextafter(a, b), "float64")
    exponent = _core.maximum(_core.floor(_core.log2(_core.abs(between))), float(lowest))
    step = _core.exp2(_core.subtract(exponent, float(digits)))
    start, end = _core.cast(a, "float64"), _core.cast(b, "float64")
    moved = _core.add(start, _core.where(_core.less(start, end), step, _core.negative(step)))
    moved = _core.where(_core.isinf(start), _core.multiply(_core.sign(start), largest), moved)
    moved = _core.where(_core.equal(start, end), end, moved)
    return _core.cast(_core.where(_core.isnan(between), between, moved), dtype)


@op
def nextafter(x1: Any, x2: Any) -> Any:
    """The floating-point number next to x1 in the direction of x2; no gradient flows.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> nextafter(1.0, 2.0).item() - 1.0
    1.1920928955078125e-07
    """
    result = _core.nextafter(x1, x2)
    return _next_half(x1, x2, result.dtype) if result.dtype in _HALVES else result


@op
def ldexp(x1: Any, x2: Any) -> Any:
    """x1 * 2**x2, element by element, rounded once.

    Args:
        x1: number, array or Tensor.
        x2: array or Tensor of integers, of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape, a float.

    Raises:
        TypeError: x2 does not hold integers.

    >>> ldexp([0.75, 3.0], [1, -1]).tolist()
    [1.5, 1.5]
    """
    return _core.ldexp(x1, x2)


@op
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |x1 - x2| <= atol + rtol * |x2|, element by element; infinities are close to themselves only.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.
        rtol: relative tolerance; 1e-5 by default.
        atol: absolute tolerance; 1e-8 by default.
        equal_nan: whether NaN is close to NaN; False by default.

    Returns:
        bool Tensor of the broadcast shape.

    >>> isclose([1.0, 2.0], [1.000001, 2.1]).tolist()
    [True, False]
    """
    # Integers are compared as float64: differences of large ones would wrap around, or be rounded in float32.
    a, b = (x if is_float(nearest_dtype(x)) else _core.cast(concrete(x), "float64") for x in (x1, x2))
    near = _core.less_equal(_core.abs(_core.subtract(a, b)), _core.add(_core.multiply(_core.abs(b), rtol), atol))
    finite = _core.logical_and(_core.isfinite(a), _core.isfinite(b))
    close = _core.logical_or(_core.logical_and(near, finite), _core.equal(a, b))
    return _core.logical_or(close, _core.logical_and(_core.isnan(a), _core.isnan(b))) if equal_nan else close


@op
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether all pairs of elements are close: `isclose` of all.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.
        rtol: relative tolerance; 1e-5 by default.
        atol: absolute tolerance; 1e-8 by default.
        equal_nan: whether NaN is close to NaN; False by default.

    Returns:
        bool Tensor of shape ().

    >>> bool(allclose([1.0, 2.0], [1.000001, 2.0]))
    True
    """
    return _core.all(isclose(x1, x2, rtol, atol, equal_nan), None, False)

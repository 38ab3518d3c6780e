"""Arithmetic and functions of each element, with NumPy's broadcasting and Keras's names.

Every op takes Tensors, Variables, arrays, numbers, and symbolic tensors. The result is a Tensor; if any argument is
symbolic it is symbolic. All are differentiable where the mathematics is. Two dtypes meet in the wider one, as in NumPy;
an array or number beside a Tensor takes the Tensor's.
ValueError: shapes that do not broadcast; TypeError: an unsupported dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float

from .dispatch import concrete, float_op, nearest_dtype, op


# ---- two arguments ---------------------------------------------------------------------------------------------------
@op
def add(x1: Any, x2: Any) -> Any:
    """x1 + x2.

    >>> add(np.array([1.0, 2.0]), 1.0).numpy()
    array([2., 3.])
    """
    return _core.add(x1, x2)


@op
def subtract(x1: Any, x2: Any) -> Any:
    """x1 - x2.

    >>> subtract(np.array([1.0, 2.0]), 1.0).numpy()
    array([0., 1.])
    """
    return _core.subtract(x1, x2)


@op
def multiply(x1: Any, x2: Any) -> Any:
    """x1 * x2.

    >>> multiply(np.array([1.0, 2.0]), np.array([[2.0], [3.0]])).numpy()
    array([[2., 4.],
           [3., 6.]])
    """
    return _core.multiply(x1, x2)


@op
def divide(x1: Any, x2: Any) -> Any:
    """x1 / x2; division by zero gives an infinity or NaN.

    >>> divide(np.array([1.0, 2.0]), 2.0).numpy()
    array([0.5, 1. ])
    """
    return _core.divide(x1, x2)


true_divide = divide


@op
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0 (its gradient too).

    >>> divide_no_nan(np.array([1.0, 2.0]), np.array([0.0, 2.0])).numpy()
    array([0., 1.])
    """
    zero = _core.equal(x2, 0.0)
    return _core.where(zero, 0.0, _core.divide(x1, _core.where(zero, 1.0, x2)))


@op
def maximum(x1: Any, x2: Any) -> Any:
    """The larger of each pair; NaN if either is NaN.

    >>> maximum(np.array([1.0, 3.0]), 2.0).numpy()
    array([2., 3.])
    """
    return _core.maximum(x1, x2)


@op
def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of each pair; NaN if either is NaN.

    >>> minimum(np.array([1.0, 3.0]), 2.0).numpy()
    array([1., 2.])
    """
    return _core.minimum(x1, x2)


@op
def power(x1: Any, x2: Any) -> Any:
    """x1 to the power x2.

    >>> power(np.array([2.0, 3.0]), 2.0).numpy()
    array([4., 9.])
    """
    return _core.power(x1, x2)


@op
def squared_difference(x1: Any, x2: Any) -> Any:
    """(x1 - x2)**2.

    >>> squared_difference(np.array([1.0, 4.0]), 2.0).numpy()
    array([1., 4.])
    """
    return _core.square(_core.subtract(x1, x2))


# ---- one argument ----------------------------------------------------------------------------------------------------
@op
def negative(x: Any) -> Any:
    """-x."""
    return _core.negative(x)


@op
def abs(x: Any) -> Any:
    """|x|; its derivative at 0 is 0."""
    return _core.abs(x)


absolute = abs


@float_op
def exp(x: Any) -> Any:
    """e**x, within 1 ULP.

    >>> exp(np.array([0.0, 1.0])).round(4).numpy()
    array([1.    , 2.7183])
    """
    return _core.exp(x)


@float_op
def exp2(x: Any) -> Any:
    """2**x.

    >>> exp2(np.array([-1.0, 3.0])).numpy()
    array([0.5, 8. ])
    """
    return _core.exp2(x)


@float_op
def expm1(x: Any) -> Any:
    """e**x - 1, accurate for small x."""
    return _core.expm1(x)


@float_op
def log(x: Any) -> Any:
    """Natural logarithm: -inf at 0, NaN below."""
    return _core.log(x)


@float_op
def log1p(x: Any) -> Any:
    """log(1 + x), accurate for small x."""
    return _core.log1p(x)


@float_op
def log2(x: Any) -> Any:
    """Logarithm to base 2, exact for powers of 2."""
    return _core.log2(x)


@float_op
def log10(x: Any) -> Any:
    """Logarithm to base 10."""
    return _core.log10(x)


@float_op
def sqrt(x: Any) -> Any:
    """Square root: NaN below 0."""
    return _core.sqrt(x)


@float_op
def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)."""
    return _core.rsqrt(x)


@op
def square(x: Any) -> Any:
    """x * x."""
    return _core.square(x)


@float_op
def reciprocal(x: Any) -> Any:
    """1 / x."""
    return _core.reciprocal(x)


@float_op
def sin(x: Any) -> Any:
    """Sine of radians."""
    return _core.sin(x)


@float_op
def cos(x: Any) -> Any:
    """Cosine of radians."""
    return _core.cos(x)


@float_op
def tan(x: Any) -> Any:
    """Tangent of radians."""
    return _core.tan(x)


@float_op
def erf(x: Any) -> Any:
    """The error function 2/sqrt(pi) * integral of exp(-t**2) from 0 to x."""
    return _core.erf(x)


@op
def sign(x: Any) -> Any:
    """-1, 0 or 1; no gradient flows."""
    return _core.sign(x)


@op
def floor(x: Any) -> Any:
    """The largest integer that is not above x."""
    return _core.floor(x)


def _common_dtype(x1: Any, x2: Any) -> str:
    """The dtype of x1 * x2, int32 for two bools."""
    with _core.Tape():  # computed now, also inside a recording, and of no elements
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
    """The largest integer that is not above x1 / x2, in the type of x1 and x2 together; no gradient flows.

    float32 numbers are divided as float64, so that 1 // 0.1 is 9, as in Python.

    >>> floor_divide([7, -7], 2).tolist()
    [3, -4]
    """
    return _core.cast(_division(x1, x2)[0], _common_dtype(x1, x2))


@op
def mod(x1: Any, x2: Any) -> Any:
    """x1 - x2 * floor_divide(x1, x2): the remainder, with the sign of x2.

    >>> mod([7, -7], 3).tolist()
    [1, 2]
    """
    return _core.cast(_division(x1, x2)[1], _common_dtype(x1, x2))


@op
def ceil(x: Any) -> Any:
    """The smallest integer that is not below x."""
    return _core.ceil(x)


@op
def round(x: Any, decimals: int = 0) -> Any:
    """Half to even, as NumPy does."""
    if decimals == 0:
        return _core.round(x)
    scale = 10.0**decimals
    return _core.divide(_core.round(_core.multiply(x, scale)), scale)


@op
def clip(x: Any, x_min: float | None, x_max: float | None) -> Any:
    """x limited to [x_min, x_max]; None is no limit. Integers between floats become floatx, as in Keras.

    >>> clip(np.array([-1.0, 0.5, 2.0]), 0.0, 1.0).numpy()
    array([0. , 0.5, 1. ])
    """
    if isinstance(x_min, (float, np.floating)) or isinstance(x_max, (float, np.floating)):
        x = x if is_float(nearest_dtype(x)) else _core.cast(concrete(x), floatx())
    return _core.clip(x, None if x_min is None else float(x_min), None if x_max is None else float(x_max))

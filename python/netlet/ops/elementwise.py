"""Functions of each element, such as exp, log and sqrt, under Keras's names."""

from __future__ import annotations

from typing import Any

from netlet import _core

from .dispatch import float_op, op


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

    >>> import numpy as np
    >>> exp(np.array([0.0, 1.0])).round(4).numpy()
    array([1.    , 2.7183])
    """
    return _core.exp(x)


@float_op
def exp2(x: Any) -> Any:
    """2**x.

    >>> import numpy as np
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

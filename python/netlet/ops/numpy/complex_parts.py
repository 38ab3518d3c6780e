"""The complex numbers' functions, for real numbers: netlet has no complex dtype.

Complex input raises a TypeError.
"""

from __future__ import annotations

import math
from typing import Any

from netlet import _core

from ..core.dispatch import dtype_of, float_op, nearest_dtype, op, shape_of

__all__ = ["angle", "conj", "conjugate", "imag", "isreal", "real"]


def _refuse_complex(x: Any, name: str) -> None:
    """Raises TypeError for complex numbers."""
    if dtype_of(x).startswith("complex"):
        raise TypeError(f"ops.{name}: expected real numbers, received {dtype_of(x)}: netlet has no complex numbers.")


@op
def real(x: Any) -> Any:
    """The real part of each element: x itself.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor of x's shape.

    Raises:
        TypeError: complex numbers.

    >>> real([1.0, -2.0]).tolist()
    [1.0, -2.0]
    """
    _refuse_complex(x, "real")
    return _core.identity(x)


@op
def conj(x: Any) -> Any:
    """The complex conjugate of each element: x itself.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor of x's shape.

    Raises:
        TypeError: complex numbers.

    >>> conj([1.0, -2.0]).tolist()
    [1.0, -2.0]
    """
    _refuse_complex(x, "conj")
    return _core.identity(x)


@op
def conjugate(x: Any) -> Any:
    """The complex conjugate of each element: x itself.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor of x's shape.

    Raises:
        TypeError: complex numbers.

    >>> conjugate([1.0, -2.0]).tolist()
    [1.0, -2.0]
    """
    _refuse_complex(x, "conjugate")
    return _core.identity(x)


@op
def imag(x: Any) -> Any:
    """The imaginary part of each element: 0.

    Args:
        x: array or Tensor of any shape.

    Returns:
        Tensor of x's shape and dtype.

    Raises:
        TypeError: complex numbers.

    >>> imag([1.0, -2.0]).tolist()
    [0.0, 0.0]
    """
    _refuse_complex(x, "imag")
    return _core.full(shape_of(x), nearest_dtype(x), 0.0)


@op
def isreal(x: Any) -> Any:
    """Whether the imaginary part of each element is 0: always true.

    Args:
        x: array or Tensor of any shape.

    Returns:
        bool Tensor of x's shape.

    Raises:
        TypeError: complex numbers.

    >>> isreal([1.0, -2.0]).tolist()
    [True, True]
    """
    _refuse_complex(x, "isreal")
    nearest_dtype(x)  # refuses what is not a number
    return _core.full(shape_of(x), "bool", 1.0)


@float_op
def angle(x: Any) -> Any:
    """The angle of each element in the complex plane: 0 for positive numbers, pi for negative ones and -0.0.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape: radians; NaN for NaN. No gradient flows.

    Raises:
        TypeError: complex numbers.

    >>> angle([1.0, -2.0]).numpy().round(4)
    array([0.    , 3.1416], dtype=float32)
    """
    _refuse_complex(x, "angle")
    x = _core.view(x, x.shape) if isinstance(x, _core.Tensor) else _core.identity(x)  # a constant for the gradient
    negative = _core.less(_core.where(_core.equal(x, 0.0), _core.reciprocal(x), x), 0.0)  # 1 / -0.0 is -inf
    zero = _core.full(shape_of(x), nearest_dtype(x), 0.0)
    return _core.where(_core.isnan(x), x, _core.where(negative, math.pi, zero))

"""Angles, hyperbolic functions and their inverses, under Keras's names."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core

from ..core.dispatch import float_op, op

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "deg2rad",
    "hypot",
    "rad2deg",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
]


@float_op
def arcsin(x: Any) -> Any:
    """The angle in [-pi/2, pi/2] whose sine is x; NaN outside of [-1, 1].

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> arcsin([0.0, 1.0]).numpy().round(4)
    array([0.    , 1.5708], dtype=float32)
    """
    return _core.arcsin(x)


@float_op
def arccos(x: Any) -> Any:
    """The angle in [0, pi] whose cosine is x; NaN outside of [-1, 1].

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> arccos([1.0, 0.0]).numpy().round(4)
    array([0.    , 1.5708], dtype=float32)
    """
    return _core.arccos(x)


@float_op
def arctan(x: Any) -> Any:
    """The angle in [-pi/2, pi/2] whose tangent is x.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> arctan([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.7854], dtype=float32)
    """
    return _core.arctan(x)


@op
def arctan2(x1: Any, x2: Any) -> Any:
    """The angle of the point (x2, x1) in [-pi, pi], with the quadrant by the signs of both.

    Args:
        x1: number, array or Tensor: the vertical coordinate.
        x2: the horizontal coordinate, of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape, in radians.

    >>> arctan2([1.0, -1.0], [-1.0, -1.0]).numpy().round(4)
    array([ 2.3562, -2.3562], dtype=float32)
    """
    return _core.arctan2(x1, x2)


@float_op
def sinh(x: Any) -> Any:
    """Hyperbolic sine: (e**x - e**-x) / 2, element by element.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> sinh([0.0, 1.0]).numpy().round(4)
    array([0.    , 1.1752], dtype=float32)
    """
    return _core.sinh(x)


@float_op
def cosh(x: Any) -> Any:
    """Hyperbolic cosine: (e**x + e**-x) / 2, element by element.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> cosh([0.0, 1.0]).numpy().round(4)
    array([1.    , 1.5431], dtype=float32)
    """
    return _core.cosh(x)


@float_op
def arcsinh(x: Any) -> Any:
    """The inverse of sinh: log(x + sqrt(x**2 + 1)), element by element.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> arcsinh([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.8814], dtype=float32)
    """
    return _core.arcsinh(x)


@float_op
def arccosh(x: Any) -> Any:
    """The inverse of cosh: log(x + sqrt(x**2 - 1)), element by element; NaN below 1.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> arccosh([1.0, 2.0]).numpy().round(4)
    array([0.   , 1.317], dtype=float32)
    """
    return _core.arccosh(x)


@float_op
def arctanh(x: Any) -> Any:
    """The inverse of tanh: log((1 + x) / (1 - x)) / 2, element by element; NaN outside of [-1, 1].

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> arctanh([0.0, 0.5]).numpy().round(4)
    array([0.    , 0.5493], dtype=float32)
    """
    return _core.arctanh(x)


@op
def hypot(x1: Any, x2: Any) -> Any:
    """sqrt(x1**2 + x2**2), element by element, without overflow of the squares. The gradient at (0, 0) is 0.

    Args:
        x1: number, array or Tensor.
        x2: number, array or Tensor of a shape that broadcasts with x1's.

    Returns:
        Tensor of the broadcast shape.

    >>> hypot([3.0, 5e30], [4.0, 0.0]).numpy()
    array([5.e+00, 5.e+30], dtype=float32)
    """
    return _core.hypot(x1, x2)


@float_op
def deg2rad(x: Any) -> Any:
    """Degrees as radians: x * pi / 180.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> deg2rad([180.0]).numpy().round(4)
    array([3.1416], dtype=float32)
    """
    return _core.multiply(x, math.pi / 180)


@float_op
def rad2deg(x: Any) -> Any:
    """Radians as degrees: x * 180 / pi.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> rad2deg([math.pi]).tolist()
    [180.0]
    """
    return _core.multiply(x, 180 / math.pi)


@float_op
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), element by element; 1 at 0.

    Near 0 it is computed by its series, so that gradients of every order are right there.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> sinc([0.0, 0.5]).numpy().round(4)
    array([1.    , 0.6366], dtype=float32)
    """
    angle = _core.multiply(x, math.pi)
    near = _core.less(_core.abs(angle), 0.01)
    square = _core.square(_core.where(near, angle, 0.0))
    series = _core.add(_core.multiply(square, _core.subtract(_core.multiply(square, 1 / 120), 1 / 6)), 1.0)
    far = _core.where(near, 1.0, angle)
    return _core.where(near, series, _core.divide(_core.sin(far), far))


@float_op
def sin(x: Any) -> Any:
    """Sine of each element.

    Args:
        x: array or Tensor of any shape, in radians; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> sin([0.0, math.pi / 6, math.pi / 2]).numpy().round(4).tolist()
    [0.0, 0.5, 1.0]
    """
    return _core.sin(x)


@float_op
def cos(x: Any) -> Any:
    """Cosine of each element.

    Args:
        x: array or Tensor of any shape, in radians; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> cos([0.0, math.pi / 3, math.pi]).numpy().round(4).tolist()
    [1.0, 0.5, -1.0]
    """
    return _core.cos(x)


@float_op
def tan(x: Any) -> Any:
    """Tangent of each element.

    Args:
        x: array or Tensor of any shape, in radians; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> tan([0.0, math.pi / 4]).numpy().round(4).tolist()
    [0.0, 1.0]
    """
    return _core.tan(x)


@float_op
def tanh(x: Any) -> Any:
    """Hyperbolic tangent: (e**x - e**-x) / (e**x + e**-x), in (-1, 1).

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> tanh([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.7616], dtype=float32)
    """
    return _core.activation(x, "tanh")

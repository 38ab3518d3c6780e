"""Functions of mathematics that NumPy leaves to SciPy, under Keras's names."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core

from ..core.dispatch import float_op, shape_of
from ..numpy.reduce import Axis, axes_of

__all__ = ["digamma", "erf", "erfc", "erfinv", "lgamma", "logsumexp", "rsqrt"]


@float_op
def rsqrt(x: Any) -> Any:
    """1 / sqrt(x), element by element.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> rsqrt([4.0]).tolist()
    [0.5]
    """
    return _core.rsqrt(x)


@float_op
def erf(x: Any) -> Any:
    """The error function of each element: 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> erf([0.0]).tolist()
    [0.0]
    """
    return _core.erf(x)


@float_op
def erfc(x: Any) -> Any:
    """1 - erf(x), element by element, accurate where erf(x) is close to 1.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> erfc([0.0, 1.0]).numpy().round(4)
    array([1.    , 0.1573], dtype=float32)
    """
    return _core.erfc(x)


@float_op
def erfinv(x: Any) -> Any:
    """The inverse of erf: infinite at -1 and 1, NaN outside.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> erfinv([0.0, 0.5]).numpy().round(4)
    array([0.    , 0.4769], dtype=float32)
    """
    return _core.erfinv(x)


@float_op
def lgamma(x: Any) -> Any:
    """log(|gamma(x)|), element by element; infinite at 0 and the negative integers.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> lgamma([1.0, 5.0]).numpy().round(4)
    array([0.    , 3.1781], dtype=float32)
    """
    return _core.lgamma(x)


@float_op
def digamma(x: Any) -> Any:
    """The derivative of lgamma, element by element: -inf at 0, NaN at the negative integers.

    Args:
        x: array or Tensor of any shape; integers are cast to floatx first.

    Returns:
        Tensor of x's shape.

    >>> digamma([1.0]).numpy().round(4)
    array([-0.5772], dtype=float32)
    """
    return _core.digamma(x)


@float_op
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over axes, stable for large x.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: an axis is out of range or named twice.

    >>> round(logsumexp([1000.0, 1000.0]).item(), 3)
    1000.693
    """
    if axis is None or isinstance(axis, int):
        return _core.logsumexp(x, axis, keepdims)
    axes = axes_of(x, axis, "logsumexp")
    shape = shape_of(x)
    rest = [i for i in range(len(shape)) if i not in axes]
    rows = math.prod(shape[i] for i in axes)
    x = _core.reshape(_core.transpose(x, [*rest, *axes]), (*(shape[i] for i in rest), rows))
    result = _core.logsumexp(x, len(rest), False)
    return _core.reshape(result, [1 if i in axes else d for i, d in enumerate(shape)]) if keepdims else result

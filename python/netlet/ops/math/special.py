"""Functions of mathematics that NumPy leaves to SciPy, under Keras's names."""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import float_op, shape_of
from ..numpy.reduce import Axis, axes_of

__all__ = ["erf", "logsumexp", "rsqrt"]


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
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over axes, stable for large x.

    Args:
        x: array or Tensor.
        axis: axis or axes; None (the default): all.
        keepdims: whether the reduced axes stay with size 1; False by default.

    Returns:
        Tensor without the reduced axes.

    >>> logsumexp([1000.0, 1000.0]).numpy().round(3)
    np.float32(1000.693)
    """
    if axis is None or isinstance(axis, int):
        return _core.logsumexp(x, axis, keepdims)
    axes = axes_of(x, axis, "logsumexp")
    top = _core.max(x, axes, True)
    top = _core.where(_core.isfinite(top), top, 0.0)
    top = _core.view(top, top.shape)  # a constant for the gradient: its derivative cancels
    total = _core.log(_core.sum(_core.exp(_core.subtract(x, top)), axes, True))
    result = _core.add(total, top)
    if keepdims:
        return result
    shape = shape_of(x)
    kept = tuple(d for i, d in enumerate(shape) if i not in axes)
    return _core.reshape(result, kept)

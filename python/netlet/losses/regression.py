"""Losses of numbers. Each maps y_true, y_pred (batch, ..., d) to (batch, ...): the mean over the last axis.

A target whose rank differs by an axis of extent 1 is brought to y_pred's rank, as in Keras.
"""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.ops.dispatch import op

from .arrays import floating, match_ranks
from .fused import fused_by, pointwise


@fused_by(pointwise("squared_error"))
@op
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_true - y_pred)**2).

    >>> mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
    array([2.5], dtype=float32)
    """
    return _squared(y_true, y_pred)


@fused_by(pointwise("absolute_error"))
@op
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean(|y_true - y_pred|). Its slope where they are equal is 0.

    >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
    array([1.5], dtype=float32)
    """
    return _absolute(y_true, y_pred)


@fused_by(pointwise("absolute_percentage_error"))
@op
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 * mean(|y_true - y_pred| / max(|y_true|, epsilon)).

    >>> mean_absolute_percentage_error([[1.0, 2.0]], [[1.5, 2.0]]).numpy()
    array([25.], dtype=float32)
    """
    return _percentage(y_true, y_pred)


@fused_by(pointwise("squared_logarithmic_error"))
@op
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean((log(1 + y_true) - log(1 + y_pred))**2), both at least epsilon.

    >>> mean_squared_logarithmic_error([[0.0]], [[1.0]]).round(4).numpy()
    array([0.4805], dtype=float32)
    """
    return _logarithmic(y_true, y_pred)


def _huber(y_true: Any, y_pred: Any, sample_weight: Any = None, reduction: str = "none", delta: float = 1.0) -> Any:
    return _huber_kernel(y_true, y_pred, sample_weight, reduction, delta=float(delta))


@fused_by(_huber)
@op
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """mean of e**2 / 2 where |e| <= delta, else delta * (|e| - delta / 2); e = y_pred - y_true (Huber, 1964).

    >>> huber([[0.0, 0.0]], [[0.5, 3.0]]).numpy()
    array([1.3125], dtype=float32)
    """
    return _huber(y_true, y_pred, delta=delta)


@fused_by(pointwise("log_cosh"))
@op
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean(log(cosh(y_pred - y_true))): about e**2 / 2 for small errors, |e| - log(2) for large ones.

    >>> log_cosh([[0.0]], [[1.0]]).round(4).numpy()
    array([0.4338], dtype=float32)
    """
    return _log_cosh(y_true, y_pred)


@fused_by(pointwise("poisson"))
@op
def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean(y_pred - y_true * log(y_pred + epsilon)): the Poisson likelihood of counts y_true under rates y_pred.

    >>> poisson([[2.0]], [[1.0]]).round(5).numpy()
    array([1.], dtype=float32)
    """
    return _poisson(y_true, y_pred)


@op
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """-sum(l2_normalize(y_true) * l2_normalize(y_pred)) along `axis`: -1 for the same direction, 1 for opposite.

    >>> cosine_similarity([[3.0, 4.0]], [[6.0, 8.0]]).round(6).numpy()
    array([-1.], dtype=float32)
    """
    y_true, y_pred = match_ranks(y_true, floating(y_pred))
    y_true = ops.cast_if_needed(y_true, str(y_pred.dtype))
    product = ops.multiply(ops.normalize(y_true, axis=axis), ops.normalize(y_pred, axis=axis))
    return ops.negative(ops.sum(product, axis=axis))


_squared, _absolute = pointwise("squared_error"), pointwise("absolute_error")
_percentage, _logarithmic = pointwise("absolute_percentage_error"), pointwise("squared_logarithmic_error")
_huber_kernel, _log_cosh, _poisson = pointwise("huber"), pointwise("log_cosh"), pointwise("poisson")

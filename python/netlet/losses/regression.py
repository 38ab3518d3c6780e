"""Losses of numbers. Each maps y_true and y_pred, (batch, ..., d), to the mean over the last axis, (batch, ...).

As in Keras, the ranks may differ by an axis of size 1 at the end.
"""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.ops.core.dispatch import op

from .arrays import floating, match_ranks
from .fused import fused_by, pointwise


@fused_by(pointwise("squared_error"))
@op
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean squared error: mean((y_true - y_pred)**2).

    Args:
        y_true: targets (batch, ..., d), a shape that broadcasts with y_pred's.
        y_pred: predictions (batch, ..., d).

    Returns:
        One value per sample: (batch, ...), in y_pred's float dtype.

    Raises:
        ValueError: shapes that do not broadcast.

    >>> mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
    array([2.5], dtype=float32)
    """
    return _squared(y_true, y_pred)


@fused_by(pointwise("absolute_error"))
@op
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean absolute error: mean(|y_true - y_pred|). Its gradient is 0 where they are equal.

    Args:
        y_true: targets (batch, ..., d), a shape that broadcasts with y_pred's.
        y_pred: predictions (batch, ..., d).

    Returns:
        One value per sample: (batch, ...), in y_pred's float dtype.

    Raises:
        ValueError: shapes that do not broadcast.

    >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
    array([1.5], dtype=float32)
    """
    return _absolute(y_true, y_pred)


@fused_by(pointwise("absolute_percentage_error"))
@op
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Mean absolute percentage error: 100 * mean(|y_true - y_pred| / max(|y_true|, epsilon)).

    Args:
        y_true: targets (batch, ..., d), a shape that broadcasts with y_pred's.
        y_pred: predictions (batch, ..., d).

    Returns:
        One value per sample: (batch, ...), in y_pred's float dtype.

    Raises:
        ValueError: shapes that do not broadcast.

    >>> mean_absolute_percentage_error([[1.0, 2.0]], [[1.5, 2.0]]).numpy()
    array([25.], dtype=float32)
    """
    return _percentage(y_true, y_pred)


@fused_by(pointwise("squared_logarithmic_error"))
@op
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Mean squared logarithmic error: mean((log(1 + y_true) - log(1 + y_pred))**2), both at least epsilon.

    Args:
        y_true: targets (batch, ..., d), a shape that broadcasts with y_pred's.
        y_pred: predictions (batch, ..., d).

    Returns:
        One value per sample: (batch, ...), in y_pred's float dtype.

    Raises:
        ValueError: shapes that do not broadcast.

    >>> mean_squared_logarithmic_error([[0.0]], [[1.0]]).round(4).numpy()
    array([0.4805], dtype=float32)
    """
    return _logarithmic(y_true, y_pred)


def _huber(y_true: Any, y_pred: Any, sample_weight: Any = None, reduction: str = "none", delta: float = 1.0) -> Any:
    return _huber_kernel(y_true, y_pred, sample_weight, reduction, delta=float(delta))


@fused_by(_huber)
@op
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Huber loss (Huber, 1964) of e = y_pred - y_true.

    The mean of e**2 / 2 where |e| <= delta, and of delta * (|e| - delta / 2) elsewhere.

    Args:
        y_true: targets (batch, ..., d), a shape that broadcasts with y_pred's.
        y_pred: predictions (batch, ..., d).
        delta: largest error with a quadratic loss; default 1.

    Returns:
        One value per sample: (batch, ...), in y_pred's float dtype.

    Raises:
        ValueError: shapes that do not broadcast.

    >>> huber([[0.0, 0.0]], [[0.5, 3.0]]).numpy()
    array([1.3125], dtype=float32)
    """
    return _huber(y_true, y_pred, delta=delta)


@fused_by(pointwise("log_cosh"))
@op
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Log-cosh loss: mean(log(cosh(e))), e = y_pred - y_true; about e**2 / 2 for small e, |e| - log(2) for large e.

    Args:
        y_true: targets (batch, ..., d), a shape that broadcasts with y_pred's.
        y_pred: predictions (batch, ..., d).

    Returns:
        One value per sample: (batch, ...), in y_pred's float dtype.

    Raises:
        ValueError: shapes that do not broadcast.

    >>> log_cosh([[0.0]], [[1.0]]).round(4).numpy()
    array([0.4338], dtype=float32)
    """
    return _log_cosh(y_true, y_pred)


@fused_by(pointwise("poisson"))
@op
def poisson(y_true: Any, y_pred: Any) -> Any:
    """Negative Poisson log-likelihood up to a constant: mean(y_pred - y_true * log(y_pred + epsilon)).

    Args:
        y_true: counts (batch, ..., d), a shape that broadcasts with y_pred's.
        y_pred: rates (batch, ..., d), positive.

    Returns:
        One value per sample: (batch, ...), in y_pred's float dtype.

    Raises:
        ValueError: shapes that do not broadcast.

    >>> poisson([[2.0]], [[1.0]]).round(5).numpy()
    array([1.], dtype=float32)
    """
    return _poisson(y_true, y_pred)


@op
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Negative cosine similarity: -1 for the same direction, 1 for the opposite direction.

    -sum(l2_normalize(y_true) * l2_normalize(y_pred)) along `axis`.

    Args:
        y_true: targets (batch, ..., d).
        y_pred: predictions (batch, ..., d).
        axis: axis of the vectors; default the last.

    Returns:
        The shape without `axis`.

    Raises:
        ValueError: the shapes do not broadcast, or an axis out of bounds.

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

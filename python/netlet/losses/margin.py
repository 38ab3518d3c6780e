"""Losses of scores: hinge losses for labels -1 and 1 (0 and 1 are converted), and losses of the overlap of masks."""

from __future__ import annotations

from typing import Any

from netlet import _core, config, ops
from netlet.ops.core.dispatch import op

from .arrays import common_shape, floating
from .fused import fused_by, pointwise


def _hinge_kernel(kind: str) -> Any:
    values = pointwise(kind)

    def kernel(y_true: Any, y_pred: Any, sample_weight: Any = None, reduction: str = "none") -> Any:
        y_pred = floating(y_pred)
        y_true = ops.cast_if_needed(y_true, str(y_pred.dtype))
        y_true, y_pred = common_shape(kind, y_true, y_pred)
        return values(_core.hinge_labels(y_true), y_pred, sample_weight, reduction)

    return kernel


_hinge, _squared_hinge = _hinge_kernel("hinge"), _hinge_kernel("squared_hinge")


@fused_by(_hinge)
@op
def hinge(y_true: Any, y_pred: Any) -> Any:
    """Hinge loss: mean(max(1 - y_true * y_pred, 0)) over the last axis.

    Args:
        y_true: labels -1 or 1, or 0 or 1; a shape that broadcasts with y_pred's.
        y_pred: scores (batch, ..., d).

    Returns:
        One value per sample: the shape without the last axis.

    Raises:
        ValueError: shapes that do not broadcast.

    >>> hinge([[1.0, -1.0]], [[0.5, 0.5]]).numpy()
    array([1.], dtype=float32)
    """
    return _hinge(y_true, y_pred)


@fused_by(_squared_hinge)
@op
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Squared hinge loss: mean(max(1 - y_true * y_pred, 0)**2) over the last axis.

    Args:
        y_true: labels -1 or 1, or 0 or 1; a shape that broadcasts with y_pred's.
        y_pred: scores (batch, ..., d).

    Returns:
        One value per sample: the shape without the last axis.

    Raises:
        ValueError: shapes that do not broadcast.

    >>> squared_hinge([[1.0, -1.0]], [[0.5, 0.5]]).numpy()
    array([1.25], dtype=float32)
    """
    return _squared_hinge(y_true, y_pred)


@op
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """Hinge loss of exclusive classes: max(largest wrong score - right score + 1, 0).

    Args:
        y_true: one-hot rows, (..., classes).
        y_pred: scores, y_true's shape.

    Returns:
        One value per sample: the shape without the last axis.

    Raises:
        ValueError: the shapes do not broadcast.

    >>> categorical_hinge([[0.0, 1.0]], [[0.5, 0.9]]).round(6).numpy()
    array([0.6], dtype=float32)
    """
    y_pred = floating(y_pred)
    y_true = ops.cast_if_needed(y_true, str(y_pred.dtype))
    right = ops.sum(ops.multiply(y_true, y_pred), axis=-1)
    wrong = ops.max(ops.multiply(ops.subtract(1.0, y_true), y_pred), axis=-1)
    return ops.maximum(ops.add(ops.subtract(wrong, right), 1.0), 0.0)


@op
def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """Dice loss of two masks: 1 - 2 sum(t p) / (sum(t) + sum(p) + epsilon) along `axis`.

    Args:
        y_true: masks t, values in [0, 1].
        y_pred: masks p, y_true's shape.
        axis: axes of the sums; None (the default) for all.

    Returns:
        The shape without `axis`.

    Raises:
        ValueError: shapes that do not fit, or an axis out of range.

    >>> round(float(dice([1.0, 0.0], [1.0, 1.0])), 4)
    0.3333
    """
    y_pred = floating(y_pred)
    y_true = ops.cast_if_needed(y_true, str(y_pred.dtype))
    both = ops.sum(ops.multiply(y_true, y_pred), axis=axis)
    total = ops.add(ops.add(ops.sum(y_true, axis=axis), ops.sum(y_pred, axis=axis)), config.epsilon())
    return ops.subtract(1.0, ops.divide(ops.multiply(2.0, both), total))


@op
def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """Tversky loss of two masks (Salehi et al., 2017).

    1 - tp / (tp + alpha fn + beta fp + epsilon), where tp = sum(t p), fn = sum(t (1 - p)), fp = sum((1 - t) p). As in
    Keras, alpha is the factor of fn.

    Args:
        y_true: masks t, values in [0, 1].
        y_pred: masks p, y_true's shape.
        alpha: factor of the false negatives; default 0.5.
        beta: factor of the false positives; default 0.5.
        axis: axes of the sums; None (the default) for all.

    Returns:
        The shape without `axis`.

    Raises:
        ValueError: shapes that do not fit, or an axis out of range.

    >>> round(float(tversky([1.0, 0.0], [1.0, 1.0])), 4)
    0.3333
    """
    y_pred = floating(y_pred)
    y_true = ops.cast_if_needed(y_true, str(y_pred.dtype))
    both = ops.sum(ops.multiply(y_true, y_pred), axis=axis)
    missed = ops.sum(ops.multiply(ops.subtract(1.0, y_pred), y_true), axis=axis)
    extra = ops.sum(ops.multiply(y_pred, ops.subtract(1.0, y_true)), axis=axis)
    rest = ops.add(ops.multiply(missed, float(alpha)), ops.multiply(extra, float(beta)))
    return ops.subtract(1.0, ops.divide(both, ops.add(ops.add(both, rest), config.epsilon())))

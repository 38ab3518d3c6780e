"""Correlations of targets and predictions along an axis, averaged over samples."""

from __future__ import annotations

from typing import Any

from netlet import config, ops
from netlet.losses.arrays import as_tensor, floating, match_ranks
from netlet.ops.core.dispatch import op

from .reduction import FunctionMetric


@op
def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Returns Pearson's correlation coefficient, mean((t - mean t) (p - mean p)) / (std t std p).

    Args:
        y_true: targets (batch, ...).
        y_pred: predictions, y_true's shape.
        axis: axis of the values that are correlated; default the last.

    Returns:
        The shape without `axis`, in [-1, 1]; NaN where all targets or all predictions are equal.

    Raises:
        ValueError: the shapes do not broadcast, or an axis out of bounds.

    Source: Keras 3 `keras.metrics.pearson_correlation`.

    >>> pearson_correlation([[1.0, 2.0, 3.0]], [[2.0, 4.0, 7.0]]).round(4).numpy()
    array([0.9934], dtype=float32)
    """
    y_true, y_pred = _centered(y_true, y_pred, axis)
    # Dividing each by its deviation first, as Keras does, keeps products of large values finite.
    y_true, y_pred = (ops.divide(x, ops.std(x, axis=axis, keepdims=True)) for x in (y_true, y_pred))
    return ops.mean(ops.multiply(y_true, y_pred), axis=axis)


@op
def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Returns Lin's concordance correlation coefficient, 2 cov(t, p) / (var t + var p + (mean t - mean p)^2).

    Args:
        y_true: targets (batch, ...).
        y_pred: predictions, y_true's shape.
        axis: axis of the values that are correlated; default the last.

    Returns:
        The shape without `axis`, in [-1, 1].

    Raises:
        ValueError: the shapes do not broadcast, or an axis out of bounds.

    Source: Keras 3 `keras.metrics.concordance_correlation`.

    >>> concordance_correlation([[1.0, 2.0, 3.0]], [[2.0, 3.0, 4.0]]).round(4).numpy()
    array([0.5714], dtype=float32)
    """
    y_true, y_pred = _same_rank(y_true, y_pred)
    means = [ops.mean(x, axis=axis, keepdims=True) for x in (y_true, y_pred)]
    centered = [ops.subtract(x, mean) for x, mean in zip((y_true, y_pred), means, strict=True)]
    variances = [ops.var(x, axis=axis, keepdims=True) for x in centered]
    norm = ops.add(ops.add(*variances), ops.square(ops.subtract(*means)))
    covariance = ops.multiply(centered[0], centered[1])
    return ops.mean(ops.divide(ops.multiply(covariance, 2.0), ops.add(norm, config.epsilon())), axis=axis)


def _same_rank(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    y_pred = as_tensor(floating(y_pred))
    return match_ranks(as_tensor(y_true, y_pred.dtype), y_pred)


def _centered(y_true: Any, y_pred: Any, axis: int) -> tuple[Any, Any]:
    y_true, y_pred = (ops.subtract(x, ops.mean(x, axis=axis, keepdims=True)) for x in _same_rank(y_true, y_pred))
    return y_true, y_pred


class PearsonCorrelation(FunctionMetric):
    """Mean over samples of Pearson's correlation coefficient, cov(t, p) / (std t std p).

    `update_state` takes targets and predictions (batch, ...), of one shape, and sample_weight (None, or weights of the
    samples).

    Args:
        name: key in the logs; "pearson_correlation" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.
        axis: axis of the values that are correlated; -1 by default.

    Raises:
        ValueError: when updated: shapes that differ.

    Source: Keras 3, `keras.metrics.PearsonCorrelation`.

    >>> m = PearsonCorrelation()
    >>> m.update_state([[1.0, 2.0, 3.0]], [[2.0, 4.0, 7.0]])
    >>> round(float(m.result()), 4)
    0.9934
    """

    _function = staticmethod(pearson_correlation)
    _best = "up"

    def __init__(self, name: str = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype, axis=axis)


class ConcordanceCorrelation(FunctionMetric):
    """Mean over samples of Lin's concordance correlation coefficient.

    It is 2 cov(t, p) / (var t + var p + (mean t - mean p)^2): 1 only where predictions equal targets.

    `update_state` takes targets and predictions (batch, ...), of one shape, and sample_weight (None, or weights of the
    samples).

    Args:
        name: key in the logs; "concordance_correlation" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.
        axis: axis of the values that are correlated; -1 by default.

    Raises:
        ValueError: when updated: shapes that differ.

    Source: Lin, 1989; Keras 3, `keras.metrics.ConcordanceCorrelation`.

    >>> m = ConcordanceCorrelation()
    >>> m.update_state([[1.0, 2.0, 3.0]], [[2.0, 3.0, 4.0]])
    >>> round(float(m.result()), 4)
    0.5714
    """

    _function = staticmethod(concordance_correlation)
    _best = "up"

    def __init__(self, name: str = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype, axis=axis)

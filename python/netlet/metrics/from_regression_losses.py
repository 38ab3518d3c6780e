"""Regression losses as metrics: the mean over all samples. The reduction of the trained loss has no effect on it."""

from __future__ import annotations

from typing import Any

from netlet import _core, losses, ops
from netlet.losses.arrays import as_tensor, floating, match_ranks
from netlet.ops.core.dispatch import op

from .metric import quotient
from .reduction import FunctionMetric, Mean


class MeanSquaredError(FunctionMetric):
    """Mean squared error.

    A sample has mean((y_true - y_pred)**2) over the last axis. The metric is the mean over all samples since the last
    reset, weighted by `sample_weight`.

    `update_state` takes y_true, y_pred (..., d), of one shape, and sample_weight (None, or weights of the samples).

    Args:
        name: key in the logs; "mean_squared_error" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = MeanSquaredError()
    >>> m.update_state([[0.0, 1.0]], [[1.0, 3.0]])
    >>> float(m.result())
    2.5
    """

    _function = staticmethod(losses.mean_squared_error)

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class MeanAbsoluteError(FunctionMetric):
    """Mean absolute error.

    A sample has mean(|y_true - y_pred|) over the last axis. The metric is the mean over all samples since the last
    reset, weighted by `sample_weight`.

    `update_state` takes y_true, y_pred (..., d), of one shape, and sample_weight (None, or weights of the samples).

    Args:
        name: key in the logs; "mean_absolute_error" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = MeanAbsoluteError()
    >>> m.update_state([[0.0, 1.0]], [[1.0, 3.0]])
    >>> float(m.result())
    1.5
    """

    _function = staticmethod(losses.mean_absolute_error)

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class MeanAbsolutePercentageError(FunctionMetric):
    """Mean absolute percentage error, in percent of the targets.

    A sample has 100 * mean(|y_true - y_pred| / max(|y_true|, epsilon)) over the last axis. The metric is the mean over
    all samples since the last reset, weighted by `sample_weight`.

    `update_state` takes y_true, y_pred (..., d), of one shape, and sample_weight (None, or weights of the samples).

    Args:
        name: key in the logs; "mean_absolute_percentage_error" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = MeanAbsolutePercentageError()
    >>> m.update_state([[1.0, 2.0]], [[1.5, 2.0]])
    >>> float(m.result())
    25.0
    """

    _function = staticmethod(losses.mean_absolute_percentage_error)

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class MeanSquaredLogarithmicError(FunctionMetric):
    """Mean squared difference of the logarithms of targets and predictions.

    A sample has mean((log(1 + y_true) - log(1 + y_pred))**2) over the last axis, both at least epsilon. The metric is
    the mean over all samples since the last reset, weighted by `sample_weight`.

    `update_state` takes y_true, y_pred (..., d), of one shape, and sample_weight (None, or weights of the samples).

    Args:
        name: key in the logs; "mean_squared_logarithmic_error" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = MeanSquaredLogarithmicError()
    >>> m.update_state([[0.0]], [[1.0]])
    >>> round(float(m.result()), 4)
    0.4805
    """

    _function = staticmethod(losses.mean_squared_logarithmic_error)

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class LogCoshError(FunctionMetric):
    """Mean logarithm of the hyperbolic cosine of the error.

    A sample has mean(log(cosh(y_pred - y_true))) over the last axis: about half of the square of small errors, and the
    absolute value of large ones. The metric is the mean over all samples since the last reset, weighted by
    `sample_weight`.

    `update_state` takes y_true, y_pred (..., d), of one shape, and sample_weight (None, or weights of the samples).

    Args:
        name: key in the logs; "logcosh" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = LogCoshError()
    >>> m.update_state([[0.0]], [[1.0]])
    >>> round(float(m.result()), 4)
    0.4338
    """

    _function = staticmethod(losses.log_cosh)

    def __init__(self, name: str = "logcosh", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class Poisson(FunctionMetric):
    """Mean negative log-likelihood of counts under Poisson distributions, up to a constant.

    A sample has mean(y_pred - y_true * log(y_pred + epsilon)) over the last axis. The metric is the mean over all
    samples since the last reset, weighted by `sample_weight`.

    `update_state` takes counts y_true and rates y_pred (..., d), of one shape, and sample_weight (None, or weights of
    the samples).

    Args:
        name: key in the logs; "poisson" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = Poisson()
    >>> m.update_state([[2.0]], [[1.0]])
    >>> round(float(m.result()), 4)
    1.0
    """

    _function = staticmethod(losses.poisson)

    def __init__(self, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(name, dtype)


@op
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Returns the cosine of the angle between target and prediction, the negative of the loss of this name.

    Args:
        y_true: targets (batch, ..., d).
        y_pred: predictions, y_true's shape.
        axis: axis of the vectors; default the last.

    Returns:
        The shape without `axis`: 1 for the same direction, -1 for the opposite direction.

    Raises:
        ValueError: the shapes do not broadcast, or an axis out of bounds.

    >>> cosine_similarity([[3.0, 4.0]], [[6.0, 8.0]]).round(6).numpy()
    array([1.], dtype=float32)
    """
    return ops.negative(losses.cosine_similarity(y_true, y_pred, axis))


class CosineSimilarity(FunctionMetric):
    """Mean cosine of the angle between target and prediction: 1 for the same direction, -1 for the opposite one.

    A sample has sum(y_true * y_pred) / (|y_true| |y_pred|) along `axis`. The metric is the mean over all samples since
    the last reset, weighted by `sample_weight`.

    `update_state` takes y_true, y_pred (..., d), of one shape, and sample_weight (None, or weights of the samples).

    Args:
        axis: axis of the vectors; -1 by default.
        name: key in the logs; "cosine_similarity" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = CosineSimilarity()
    >>> m.update_state([[3.0, 4.0]], [[6.0, 8.0]])
    >>> round(float(m.result()), 4)
    1.0
    """

    _function = staticmethod(cosine_similarity)
    _best = "up"

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype, axis=axis)


class RootMeanSquaredError(Mean):
    """Square root of the mean squared error over all samples.

    It is the root of the mean over all samples since the last reset, weighted by `sample_weight`, and not a mean of
    roots.

    `update_state` takes y_true, y_pred (..., d), of one shape, and sample_weight (None, or weights of the samples).

    Args:
        name: key in the logs; "root_mean_squared_error" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = RootMeanSquaredError()
    >>> m.update_state([[0.0, 1.0]], [[0.0, 3.0]])
    >>> round(float(m.result()), 4)
    1.4142
    """

    _direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        y_pred = as_tensor(floating(y_pred))
        y_true, y_pred = match_ranks(as_tensor(y_true, y_pred.dtype), y_pred)
        super().update_state(_core.square(_core.subtract(y_pred, y_true)), sample_weight)

    def result(self) -> Any:
        return ops.sqrt(quotient(self.total, self.count))  # type: ignore[attr-defined]

"""The losses of numbers as classes: a function, its options, and a reduction.

`reduction`, `name` and `dtype` are those of `Loss`; the formulas are in regression.py.
"""

from __future__ import annotations

from typing import Any

from . import regression
from .function_loss import FunctionLoss


class MeanSquaredError(FunctionLoss):
    """Mean of the squared errors.

    A sample has mean((y_true - y_pred)**2) over the last axis.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets and predictions are (batch, ..., d), of shapes that broadcast.

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "mean_squared_error" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.MeanSquaredError`.

    >>> float(MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]))
    2.5
    """

    _function = staticmethod(regression.mean_squared_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanAbsoluteError(FunctionLoss):
    """Mean of the absolute errors.

    A sample has mean(|y_true - y_pred|) over the last axis. The gradient is 0 where they are equal.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets and predictions are (batch, ..., d), of shapes that broadcast.

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "mean_absolute_error" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.MeanAbsoluteError`.

    >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]]))
    1.5
    """

    _function = staticmethod(regression.mean_absolute_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanAbsolutePercentageError(FunctionLoss):
    """Mean of the absolute errors in percent of the targets.

    A sample has 100 * mean(|y_true - y_pred| / max(|y_true|, epsilon)) over the last axis.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets and predictions are (batch, ..., d), of shapes that broadcast.

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "mean_absolute_percentage_error" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.MeanAbsolutePercentageError`.

    >>> float(MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.5, 2.0]]))
    25.0
    """

    _function = staticmethod(regression.mean_absolute_percentage_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanSquaredLogarithmicError(FunctionLoss):
    """Mean of the squared differences of log(1 + y).

    A sample has mean((log(1 + y_true) - log(1 + y_pred))**2) over the last axis, both at least epsilon.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets and predictions are (batch, ..., d), of shapes that broadcast.

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "mean_squared_logarithmic_error" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.MeanSquaredLogarithmicError`.

    >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[1.0]])), 4)
    0.4805
    """

    _function = staticmethod(regression.mean_squared_logarithmic_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class Huber(FunctionLoss):
    """Loss that is quadratic up to an error of `delta` and linear for larger errors.

    A sample has the mean over the last axis of e**2 / 2 where |e| <= delta, and of delta * (|e| - delta / 2) elsewhere,
    with e = y_pred - y_true.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets and predictions are (batch, ..., d), of shapes that broadcast.

    Args:
        delta: largest error with a quadratic loss, positive; 1 by default.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "huber_loss" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Huber, 1964; Keras 3, `keras.losses.Huber`.

    >>> float(Huber()([[0.0, 0.0]], [[0.5, 3.0]]))
    1.3125
    """

    _function = staticmethod(regression.huber)
    _unsaved = {"delta": 1.0}  # noqa: RUF012

    def __init__(
        self,
        delta: float = 1.0,
        reduction: Any = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


class LogCosh(FunctionLoss):
    """Mean of log(cosh(error)): about e**2 / 2 for small errors e, and |e| - log(2) for large ones.

    A sample has mean(log(cosh(y_pred - y_true))) over the last axis.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets and predictions are (batch, ..., d), of shapes that broadcast.

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "log_cosh" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.LogCosh`.

    >>> round(float(LogCosh()([[0.0]], [[1.0]])), 4)
    0.4338
    """

    _function = staticmethod(regression.log_cosh)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "log_cosh", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class Poisson(FunctionLoss):
    """Negative Poisson log-likelihood, up to a constant, for targets that are counts.

    A sample has mean(y_pred - y_true * log(y_pred + epsilon)) over the last axis.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets are counts, predictions positive rates, (batch, ..., d).

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "poisson" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.Poisson`.

    >>> round(float(Poisson()([[2.0]], [[1.0]])), 5)
    1.0
    """

    _function = staticmethod(regression.poisson)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class CosineSimilarity(FunctionLoss):
    """Negative cosine of the angle between target and prediction: -1 for the same direction, 1 for the opposite one.

    A sample has -sum(y_true * y_pred) / (|y_true| |y_pred|) along `axis`.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets and predictions are (batch, ..., d).

    Args:
        axis: axis of the vectors; -1 by default.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "cosine_similarity" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.CosineSimilarity`.

    >>> round(float(CosineSimilarity()([[3.0, 4.0]], [[6.0, 8.0]])), 5)
    -1.0
    """

    _function = staticmethod(regression.cosine_similarity)
    _unsaved = {"axis": -1}  # noqa: RUF012

    def __init__(
        self,
        axis: int = -1,
        reduction: Any = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)

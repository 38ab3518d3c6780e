"""The losses of numbers as classes: a function, its options, and a reduction.

`reduction`, `name` and `dtype` are those of `Loss`; the formulas are in regression.py.
"""

from __future__ import annotations

from typing import Any

from . import regression
from .function_loss import FunctionLoss


class MeanSquaredError(FunctionLoss):
    """Mean of the squared errors.

    Args:
        reduction, name, dtype: see `Loss`.

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

    Args:
        reduction, name, dtype: see `Loss`.

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

    Args:
        reduction, name, dtype: see `Loss`.

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

    Args:
        reduction, name, dtype: see `Loss`.

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

    Args:
        delta: the error; default 1.
        reduction, name, dtype: see `Loss`.

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
    """Mean of log(cosh(error)).

    Args:
        reduction, name, dtype: see `Loss`.

    >>> round(float(LogCosh()([[0.0]], [[1.0]])), 4)
    0.4338
    """

    _function = staticmethod(regression.log_cosh)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "log_cosh", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class Poisson(FunctionLoss):
    """Negative Poisson log-likelihood, for targets that are counts.

    Args:
        reduction, name, dtype: see `Loss`.

    >>> round(float(Poisson()([[2.0]], [[1.0]])), 5)
    1.0
    """

    _function = staticmethod(regression.poisson)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class CosineSimilarity(FunctionLoss):
    """Negative cosine of the angle between target and prediction.

    Args:
        axis: axis of the vectors; default the last.
        reduction, name, dtype: see `Loss`.

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

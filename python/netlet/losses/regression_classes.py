"""The losses of numbers as classes: a function, its options, and a reduction.

`reduction`, `name` and `dtype` are those of `Loss`; the formulas stand with the functions.
"""

from __future__ import annotations

from typing import Any

from . import regression
from .function_loss import FunctionLoss


class MeanSquaredError(FunctionLoss):
    """
    >>> float(MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]))
    2.5
    """

    _function = staticmethod(regression.mean_squared_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanAbsoluteError(FunctionLoss):
    """
    >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]]))
    1.5
    """

    _function = staticmethod(regression.mean_absolute_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanAbsolutePercentageError(FunctionLoss):
    """
    >>> float(MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.5, 2.0]]))
    25.0
    """

    _function = staticmethod(regression.mean_absolute_percentage_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanSquaredLogarithmicError(FunctionLoss):
    """
    >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[1.0]])), 4)
    0.4805
    """

    _function = staticmethod(regression.mean_squared_logarithmic_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class Huber(FunctionLoss):
    """Quadratic up to an error of `delta`, linear beyond.

    >>> float(Huber()([[0.0, 0.0]], [[0.5, 3.0]]))
    1.3125
    """

    _function = staticmethod(regression.huber)

    def __init__(
        self,
        delta: float = 1.0,
        reduction: Any = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


class LogCosh(FunctionLoss):
    """
    >>> round(float(LogCosh()([[0.0]], [[1.0]])), 4)
    0.4338
    """

    _function = staticmethod(regression.log_cosh)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "log_cosh", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class Poisson(FunctionLoss):
    """
    >>> round(float(Poisson()([[2.0]], [[1.0]])), 5)
    1.0
    """

    _function = staticmethod(regression.poisson)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class CosineSimilarity(FunctionLoss):
    """The negative cosine of the angle between target and prediction, along `axis`.

    >>> round(float(CosineSimilarity()([[3.0, 4.0]], [[6.0, 8.0]])), 5)
    -1.0
    """

    _function = staticmethod(regression.cosine_similarity)

    def __init__(
        self,
        axis: int = -1,
        reduction: Any = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)

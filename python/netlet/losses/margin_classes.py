"""Hinge losses and overlaps as classes: a function, its options, and a reduction.

`reduction`, `name` and `dtype` are those of `Loss`; the formulas are in margin.py.
"""

from __future__ import annotations

from typing import Any

from . import margin
from .function_loss import FunctionLoss


class Hinge(FunctionLoss):
    """Hinge loss, for labels -1 and 1 (or 0 and 1).

    Args:
        reduction, name, dtype: see `Loss`.

    >>> float(Hinge()([[1.0, -1.0]], [[0.5, 0.5]]))
    1.0
    """

    _function = staticmethod(margin.hinge)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class SquaredHinge(FunctionLoss):
    """Squared hinge loss, for labels -1 and 1 (or 0 and 1).

    Args:
        reduction, name, dtype: see `Loss`.

    >>> float(SquaredHinge()([[1.0, -1.0]], [[0.5, 0.5]]))
    1.25
    """

    _function = staticmethod(margin.squared_hinge)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class CategoricalHinge(FunctionLoss):
    """Hinge loss of exclusive classes, for one-hot targets.

    Args:
        reduction, name, dtype: see `Loss`.

    >>> round(float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.9]])), 5)
    0.6
    """

    _function = staticmethod(margin.categorical_hinge)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class Dice(FunctionLoss):
    """Dice loss of the overlap of two masks.

    Args:
        axis: axes of the sums; None for all.
        reduction, name, dtype: see `Loss`.

    >>> round(float(Dice()([[1.0, 0.0]], [[1.0, 1.0]])), 4)
    0.3333
    """

    _function = staticmethod(margin.dice)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "dice", axis: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


class Tversky(FunctionLoss):
    """Tversky loss of the overlap of two masks.

    Args:
        alpha: factor of the false negatives; default 0.5.
        beta: factor of the false positives; default 0.5.
        axis: axes of the sums; None for all.
        reduction, name, dtype: see `Loss`.

    >>> round(float(Tversky()([[1.0, 0.0]], [[1.0, 1.0]])), 4)
    0.3333
    """

    _function = staticmethod(margin.tversky)

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: Any = "sum_over_batch_size",
        name: str = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)

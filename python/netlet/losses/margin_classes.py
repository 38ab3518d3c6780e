"""Hinge losses and overlaps as classes: a function, its options, and a reduction.

`reduction`, `name` and `dtype` are those of `Loss`; the formulas are in margin.py.
"""

from __future__ import annotations

from typing import Any

from . import margin
from .function_loss import FunctionLoss


class Hinge(FunctionLoss):
    """Hinge loss of binary targets, for scores without a last activation.

    A sample has mean(max(1 - y_true * y_pred, 0)) over the last axis.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets are -1 and 1 (or 0 and 1, where 0 counts as -1), predictions scores, (batch, ..., d).

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "hinge" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.Hinge`.

    >>> float(Hinge()([[1.0, -1.0]], [[0.5, 0.5]]))
    1.0
    """

    _function = staticmethod(margin.hinge)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class SquaredHinge(FunctionLoss):
    """Squared hinge loss of binary targets, for scores without a last activation.

    A sample has mean(max(1 - y_true * y_pred, 0)**2) over the last axis.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets are -1 and 1 (or 0 and 1, where 0 counts as -1), predictions scores, (batch, ..., d).

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "squared_hinge" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.SquaredHinge`.

    >>> float(SquaredHinge()([[1.0, -1.0]], [[0.5, 0.5]]))
    1.25
    """

    _function = staticmethod(margin.squared_hinge)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class CategoricalHinge(FunctionLoss):
    """Hinge loss of exclusive classes, for one-hot targets.

    A sample has max(largest score of a wrong class - score of the right class + 1, 0).

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets are one-hot, predictions scores, (batch, ..., classes).

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "categorical_hinge" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.CategoricalHinge`.

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

    1 - 2 sum(t p) / (sum(t) + sum(p) + epsilon) along `axis`, t = y_true and p = y_pred.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or the shape without `axis` with reduction
    "none". Both are masks with values in [0, 1], of one shape, e.g. (batch, height, width, 1).

    Args:
        axis: axis or axes of the sums; None (the default) for all, so that the batch has one value.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "dice" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.Dice`; after Milletari et al., "V-Net", 2016.

    >>> round(float(Dice()([[1.0, 0.0]], [[1.0, 1.0]])), 4)
    0.3333
    """

    _function = staticmethod(margin.dice)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "dice", axis: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


class Tversky(FunctionLoss):
    """Tversky loss of the overlap of two masks, with weights for both kinds of errors.

    1 - tp / (tp + alpha fn + beta fp + epsilon), where tp = sum(t p), fn = sum(t (1 - p)) and fp = sum((1 - t) p) along
    `axis`, t = y_true and p = y_pred.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or the shape without `axis` with reduction
    "none". Both are masks with values in [0, 1], of one shape, e.g. (batch, height, width, 1).

    Args:
        alpha: factor of the false negatives fn; 0.5 by default.
        beta: factor of the false positives fp; 0.5 by default.
        axis: axis or axes of the sums; None (the default) for all, so that the batch has one value.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "tversky" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Salehi et al., 2017; Keras 3, `keras.losses.Tversky`.

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

"""Losses of margins as metrics: the mean over all samples."""

from __future__ import annotations

from typing import Any

from netlet import losses

from .reduction import FunctionMetric


class Hinge(FunctionMetric):
    """Hinge loss of binary targets.

    A sample has mean(max(1 - y_true * y_pred, 0)) over the last axis. The metric is the mean over all samples since the
    last reset, weighted by `sample_weight`.

    `update_state` takes labels y_true, -1 or 1 (0 counts as -1), and scores y_pred (..., d), of one shape, and
    sample_weight (None, or weights of the samples).

    Args:
        name: key in the logs; "hinge" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = Hinge()
    >>> m.update_state([[1.0, -1.0]], [[0.5, 0.5]])
    >>> float(m.result())
    1.0
    """

    _function = staticmethod(losses.hinge)

    def __init__(self, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class SquaredHinge(FunctionMetric):
    """Squared hinge loss of binary targets.

    A sample has mean(max(1 - y_true * y_pred, 0)**2) over the last axis. The metric is the mean over all samples since
    the last reset, weighted by `sample_weight`.

    `update_state` takes labels y_true, -1 or 1 (0 counts as -1), and scores y_pred (..., d), of one shape, and
    sample_weight (None, or weights of the samples).

    Args:
        name: key in the logs; "squared_hinge" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = SquaredHinge()
    >>> m.update_state([[1.0, -1.0]], [[0.5, 0.5]])
    >>> float(m.result())
    1.25
    """

    _function = staticmethod(losses.squared_hinge)

    def __init__(self, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class CategoricalHinge(FunctionMetric):
    """Hinge loss of exclusive classes.

    A sample has max(largest score of a wrong class - score of the right class + 1, 0). The metric is the mean over all
    samples since the last reset, weighted by `sample_weight`.

    `update_state` takes one-hot y_true and scores y_pred (..., classes), and sample_weight (None, or weights of the
    samples).

    Args:
        name: key in the logs; "categorical_hinge" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = CategoricalHinge()
    >>> m.update_state([[0.0, 1.0]], [[0.5, 0.9]])
    >>> round(float(m.result()), 4)
    0.6
    """

    _function = staticmethod(losses.categorical_hinge)

    def __init__(self, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)
